/**
 * A small collector of OpenTelemetry: it keeps what programs send by OTLP/HTTP as JSON
 * (https://opentelemetry.io/docs/specs/otlp/#otlphttp).
 *
 * @module
 */

/** A span that arrived. */
export interface CollectedSpan {
  /** Its name. */
  readonly name: string;
  /** The trace. */
  readonly traceId: string;
  /** Its id. */
  readonly spanId: string;
  /** The span that it belongs to; "" for none. */
  readonly parentSpanId: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  /** The spans that caused it too. */
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  /** Its attributes as texts. */
  readonly attributes: Readonly<Record<string, string>>;
  /** 2 for an error. */
  readonly statusCode: number;
}

/** A log record that arrived. */
export interface CollectedLog {
  /** `INFO`, `WARN` and so on. */
  readonly severity: string;
  /** The line. */
  readonly body: string;
  /** The trace that it belongs to; "" for none. */
  readonly traceId: string;
}

/** A collector. */
export interface OtlpCollector extends AsyncDisposable {
  /** What a program needs to send here. */
  readonly env: Readonly<Record<string, string>>;
  /** The spans so far. */
  readonly spans: readonly CollectedSpan[];
  /** The log records so far. */
  readonly logs: readonly CollectedLog[];
}

// What arrives is of another program, and of any shape.
// deno-lint-ignore no-explicit-any
type Json = any;

/** Starts a collector on a free port. */
export function startOtlpCollector(): OtlpCollector {
  const spans: CollectedSpan[] = [];
  const logs: CollectedLog[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const body: Json = await request.json();
      for (const { scopeSpans = [] } of body.resourceSpans ?? []) {
        for (const scope of scopeSpans) spans.push(...scope.spans.map(spanOf));
      }
      for (const { scopeLogs = [] } of body.resourceLogs ?? []) {
        for (const scope of scopeLogs) logs.push(...scope.logRecords.map(logOf));
      }
      return Response.json({});
    },
  );
  return {
    env: {
      OTEL_DENO: "true",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${server.addr.port}`,
      OTEL_SERVICE_NAME: "openwatts",
      // Milliseconds; otherwise spans wait for five seconds.
      OTEL_BSP_SCHEDULE_DELAY: "100",
      OTEL_BLRP_SCHEDULE_DELAY: "100",
    },
    spans,
    logs,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function spanOf(span: Json): CollectedSpan {
  return {
    name: span.name,
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId ?? "",
    kind: span.kind,
    links: span.links ?? [],
    attributes: attributesOf(span.attributes),
    statusCode: span.status?.code ?? 0,
  };
}

function logOf(record: Json): CollectedLog {
  return {
    severity: record.severityText,
    body: record.body?.stringValue ?? "",
    traceId: record.traceId ?? "",
  };
}

function attributesOf(list: Json[] = []): Record<string, string> {
  return Object.fromEntries(
    list.map(({ key, value }) => [key, String(Object.values(value)[0])]),
  );
}
