/**
 * Telemetry from InfluxDB over its HTTP `/query`, which 1.x has, 2.x for buckets that are mapped, and
 * 3.x.
 *
 * An answer that breaks off is asked for again from where it ended; one chunk is in memory at a time.
 *
 * @module
 */

import {
  authorization,
  deviceIds,
  devicesQuery,
  type InfluxChunk,
  InfluxError,
  type InfluxPlace,
  queryParameters,
  readChunk,
  readingsQuery,
} from "./query.ts";
import { createInfluxRows } from "./rows.ts";
import type { Span } from "../readings/page.ts";
import type { SourcePart, TelemetrySource } from "../continuous/telemetry_source.ts";

/** Where the server is and what it wants to know. */
export interface InfluxSettings extends InfluxPlace {
  /** `http://HOST:PORT`, without a slash at its end. */
  readonly url: string;
  /** A token, or `USER:PASSWORD` for 1.x; null where the server asks for none. */
  readonly token: string | null;
}

/** What the source needs. */
export interface InfluxDeps {
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** Waits so many milliseconds, or until the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** How long the server may say nothing before it is asked again, milliseconds. */
const SILENCE_MS = 30_000;
/** For how long it is asked in vain, milliseconds. */
const PATIENCE_MS = 60_000;
/** Pauses between tries: doubled from the first to the longest, milliseconds. */
const FIRST_PAUSE_MS = 200, LONGEST_PAUSE_MS = 10_000;
/** Longest chunk, characters: some 300,000 rows of an appliance. */
const CHUNK_MAX_CHARS = 33_554_432;
/** How much of an error's text is told. */
const ERROR_MAX_CHARS = 300;

/** A fault that may pass, and when the server wants to be asked again, seconds. */
class PassingFault extends InfluxError {
  readonly afterMs: number;

  constructor(message: string, { afterMs = 0, cause }: { afterMs?: number; cause?: unknown } = {}) {
    super(message, { mayPass: true, cause });
    this.afterMs = afterMs;
  }
}

/**
 * A source of the telemetry in a bucket.
 *
 * Its methods throw {@link InfluxError}: at once for what the server refuses, and for a server that
 * is not there, is busy or breaks off after a minute in which reading came no further.
 */
export function createInfluxSource(deps: InfluxDeps, settings: InfluxSettings): TelemetrySource {
  return {
    async *devices(signal) {
      const seen = new Set<string>();
      const patience = createPatience(deps);
      for (;;) {
        try {
          for await (const chunk of ask(settings, devicesQuery(), signal)) {
            for (const id of deviceIds(chunk)) {
              if (!seen.has(id)) yield id;
              seen.add(id);
            }
          }
          return;
        } catch (fault) {
          await patience.pause(fault, signal);
        }
      }
    },
    read: (deviceId, span, signal) => read({ deps, settings, deviceId, span, signal }),
  };
}

async function* read({ deps, settings, deviceId, span, signal }: {
  deps: InfluxDeps;
  settings: InfluxSettings;
  deviceId: string;
  span: Span;
  signal: AbortSignal;
}): AsyncGenerator<SourcePart> {
  const rows = createInfluxRows(deviceId);
  let patience = createPatience(deps);
  let { fromMs } = span;
  for (;;) {
    try {
      const query = readingsQuery(deviceId, { fromMs, toMs: span.toMs });
      for await (const chunk of ask(settings, query, signal)) yield* rows.add(chunk);
      yield* rows.end();
      return;
    } catch (fault) {
      const resumeMs = rows.resumeMs() ?? fromMs;
      if (resumeMs > fromMs) patience = createPatience(deps);
      fromMs = resumeMs;
      await patience.pause(fault, signal);
    }
  }
}

/** Says how long to wait for the next try, until there were too many. */
function createPatience({ now, wait }: InfluxDeps): {
  pause(fault: unknown, signal: AbortSignal): Promise<void>;
} {
  const untilMs = now() + PATIENCE_MS;
  let nextMs = FIRST_PAUSE_MS;
  return {
    async pause(fault, signal) {
      signal.throwIfAborted();
      if (!(fault instanceof InfluxError) || !fault.mayPass) throw fault;
      const afterMs = fault instanceof PassingFault ? fault.afterMs : 0;
      const pauseMs = Math.max(nextMs, afterMs);
      if (now() + pauseMs > untilMs) throw fault;
      nextMs = Math.min(nextMs * 2, LONGEST_PAUSE_MS);
      await wait(pauseMs, signal);
      signal.throwIfAborted();
    },
  };
}

/** The chunks of an answer, to its end. */
async function* ask(
  settings: InfluxSettings,
  query: string,
  signal: AbortSignal,
): AsyncGenerator<InfluxChunk> {
  signal.throwIfAborted();
  const silence = new AbortController();
  const both = AbortSignal.any([signal, silence.signal]);
  const within = <T>(work: Promise<T>) => withinSilence(work, silence);
  const response = await within(request(settings, query, both));
  const reader = await within(bodyOf(response));
  let isPartial = true;
  try {
    for await (const line of linesOf(() => within(reader.read().catch(broken)))) {
      const chunk = readChunk(line);
      isPartial = chunk.isPartial;
      yield chunk;
    }
  } finally {
    // Also where nobody wants the rest; one that broke has its error told already.
    await reader.cancel().catch(() => {});
  }
  if (isPartial) throw new PassingFault("The answer of InfluxDB ended before its last part.");
}

async function request(
  { url, token, ...place }: InfluxSettings,
  query: string,
  signal: AbortSignal,
): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (token !== null) headers.Authorization = authorization(token);
  try {
    return await fetch(`${url}/query?${queryParameters(place, query)}`, { headers, signal });
  } catch (cause) {
    return broken(cause);
  }
}

function broken(cause: unknown): never {
  if (cause instanceof InfluxError) throw cause;
  throw new PassingFault("InfluxDB cannot be reached.", { cause });
}

/** What reads the body of a good answer. */
async function bodyOf(response: Response): Promise<ReadableStreamDefaultReader<string>> {
  const { ok, status, body, headers } = response;
  if (ok && body !== null) {
    return body.pipeThrough(new TextDecoderStream()).getReader();
  }
  const text = (await response.text().catch(broken)).slice(0, ERROR_MAX_CHARS).trim();
  const message = `InfluxDB answered with status ${status}: ${text}`;
  const isPassing = status === 408 || status === 429 || status >= 500;
  if (!isPassing) throw new InfluxError(message);
  const seconds = /^\d{1,6}$/.exec(headers.get("Retry-After") ?? "")?.[0] ?? "0";
  throw new PassingFault(message, { afterMs: Number(seconds) * 1_000 });
}

async function withinSilence<T>(work: Promise<T>, silence: AbortController): Promise<T> {
  const fault = new PassingFault(`InfluxDB was silent for ${SILENCE_MS / 1_000} s.`);
  const timer = setTimeout(() => silence.abort(fault), SILENCE_MS);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}

async function* linesOf(
  next: () => Promise<ReadableStreamReadResult<string>>,
): AsyncGenerator<string> {
  const parts: string[] = [];
  let length = 0;
  for (let { done, value } = await next(); !done; { done, value } = await next()) {
    const [first, ...others] = (value ?? "").split("\n");
    length += first.length;
    if (length > CHUNK_MAX_CHARS) {
      throw new InfluxError("Cannot read the answer of InfluxDB as a chunk is longer than 32 MiB.");
    }
    parts.push(first);
    for (const part of others) {
      const line = parts.splice(0).join("").trim();
      if (line !== "") yield line;
      parts.push(part);
      length = part.length;
    }
  }
  const line = parts.join("").trim();
  if (line !== "") yield line;
}
