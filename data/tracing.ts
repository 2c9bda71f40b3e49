/**
 * Spans for OpenTelemetry. The runtime makes a span of every request, and sends all spans away, if
 * `OTEL_DENO=true`. Otherwise nothing here does anything, and the package of the interface is not even
 * loaded.
 *
 * The interface of OpenTelemetry is one for the process, and so is the state of this module: work that is
 * many calls deep finds the span that it belongs to.
 *
 * @module
 */

import type { Attributes, Context, Span as OpenSpan, SpanKind } from "@opentelemetry/api";

/** Values that a span has. */
export type SpanFields = Readonly<Record<string, string | number | boolean>>;

/** How a span begins. */
export interface SpanStart {
  /** `client` for a call of another service, `producer` and `consumer` for work that is done later. */
  readonly kind?: "internal" | "client" | "producer" | "consumer";
  /** What is known at the beginning. */
  readonly fields?: SpanFields;
  /**
   * The span that it belongs to: a `traceparent` (https://www.w3.org/TR/trace-context/), null for none;
   * by default that of the code that runs.
   */
  readonly parent?: string | null;
  /** Spans that caused it too, each as a `traceparent`. */
  readonly links?: readonly string[];
}

/** A span that is open. */
export interface Span {
  /** Adds what has become known. */
  set(fields: SpanFields): void;
  /** Its `traceparent`, for work that is done later; undefined while nothing is traced. */
  readonly traceparent: string | undefined;
}

const NO_SPAN: Span = { set: () => {}, traceparent: undefined };

/** Where the runtime, and any other provider, registers itself. */
const REGISTRY = Symbol.for("opentelemetry.js.api.1");
const NAME = "openwatts";
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
/** Links beyond these say nothing more. */
const LINKS_MAX = 32;

type Api = typeof import("@opentelemetry/api");
let api: Api | null = null;

/** Starts tracing if the runtime does. Returns whether it does. */
export async function startTracing(): Promise<boolean> {
  if (REGISTRY in globalThis) api = await import("@opentelemetry/api");
  return api !== null;
}

/** Whether spans are made: without them, what only they need is not computed. */
export function isTracing(): boolean {
  return api !== null;
}

/**
 * Does work within a span, which ends with it. If the work fails, the span says so. The error is named by
 * its class alone: messages may hold what users sent.
 */
export function inSpan<T>(
  name: string,
  start: SpanStart,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  return api === null ? work(NO_SPAN) : traced(api, { name, start, work });
}

/** The `traceparent` of the span that this code runs in; undefined if there is none. */
export function currentTraceparent(): string | undefined {
  if (api === null) return undefined;
  const span = api.trace.getActiveSpan();
  return span === undefined ? undefined : traceparentOf(span);
}

/** Gives the span of the running request, which the runtime has made, fields, and a name if it is known. */
export function describeSpan(fields: SpanFields, name?: string): void {
  if (api === null) return;
  const span = api.trace.getActiveSpan();
  if (name !== undefined) span?.updateName(name);
  span?.setAttributes(fields);
}

/** Runs something that belongs to no span. */
export function outsideSpans<T>(run: () => T): T {
  return api === null ? run() : api.context.with(api.ROOT_CONTEXT, run);
}

async function traced<T>(
  { trace, context, SpanKind, SpanStatusCode, ROOT_CONTEXT }: Api,
  { name, start, work }: {
    name: string;
    start: SpanStart;
    work: (span: Span) => Promise<T>;
  },
): Promise<T> {
  const { kind = "internal", fields = {}, parent, links = [] } = start;
  const kinds: Record<string, SpanKind> = {
    internal: SpanKind.INTERNAL,
    client: SpanKind.CLIENT,
    producer: SpanKind.PRODUCER,
    consumer: SpanKind.CONSUMER,
  };
  const base: Context = parent === undefined ? context.active() : ROOT_CONTEXT;
  const parentContext = typeof parent === "string" ? remoteContext(parent) : null;
  const from = parentContext === null ? base : trace.setSpanContext(base, parentContext);
  const attributes: Attributes = { ...fields };
  const linked = links.slice(0, LINKS_MAX).flatMap((link) => {
    const to = remoteContext(link);
    return to === null ? [] : [{ context: to }];
  });
  const options = { kind: kinds[kind], attributes, links: linked };
  const span = trace.getTracer(NAME).startSpan(name, options, from);
  try {
    const own: Span = {
      set: (more) => void span.setAttributes({ ...more }),
      traceparent: traceparentOf(span),
    };
    return await context.with(trace.setSpan(from, span), () => work(own));
  } catch (error) {
    const type = error instanceof Error ? error.name : "unknown";
    span.setAttribute("error.type", type);
    span.setStatus({ code: SpanStatusCode.ERROR, message: type });
    throw error;
  } finally {
    span.end();
  }
}

function traceparentOf(span: OpenSpan): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
}

/** The span that a `traceparent` names; null if the text is none. */
function remoteContext(traceparent: string): {
  traceId: string;
  spanId: string;
  traceFlags: number;
  isRemote: boolean;
} | null {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent) ?? [];
  return traceId === undefined
    ? null
    : { traceId, spanId, traceFlags: parseInt(flags, 16), isRemote: true };
}
