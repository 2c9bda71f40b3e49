/**
 * Telemetry from InfluxDB over HTTP `/query`, which exists in 1.x, in 2.x for mapped buckets, and in
 * 3.x.
 *
 * If an answer breaks off, the source queries again from there. One chunk at a time is in memory.
 *
 * @module
 */

import {
  authorization,
  deviceIds,
  devicesQuery,
  type InfluxChunk,
  InfluxError,
  influxMetrics,
  type InfluxPlace,
  queryParameters,
  readChunk,
  readingsQuery,
} from "./query.ts";
import { type Follower, followSignal } from "../files/follow_signal.ts";
import { createInfluxRows } from "./rows.ts";
import type { Span } from "../readings/page.ts";
import type { Profiles } from "../readings/profiles.ts";
import type { SourcePart, TelemetrySource } from "../continuous/telemetry_source.ts";

/** The server, and the place of the data on it. */
export interface InfluxSettings extends InfluxPlace {
  /** `http://HOST:PORT`, without a slash at its end. */
  readonly url: string;
  /** A token, or `USER:PASSWORD` for 1.x; null if the server requires none. */
  readonly token: string | null;
}

/** What the source needs. */
export interface InfluxDeps {
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** Waits so many milliseconds, or until the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** The profiles. */
  readonly profiles: Pick<Profiles, "ofDevices">;
}

/** How long the server may be silent before a retry, milliseconds. */
const SILENCE_MS = 30_000;
/** How long to retry without progress, milliseconds. */
const PATIENCE_MS = 60_000;
/** Pauses between tries, milliseconds: they double from the first to the longest. */
const FIRST_PAUSE_MS = 200, LONGEST_PAUSE_MS = 10_000;
/** Longest chunk, characters: about 300,000 rows of an appliance. */
const CHUNK_MAX_CHARS = 33_554_432;
/** How much of the server's error text to show. */
const ERROR_MAX_CHARS = 300;

/** An error that may pass. `afterMs` is how long the server asks to wait before a retry. */
class PassingFault extends InfluxError {
  readonly afterMs: number;

  constructor(message: string, { afterMs = 0, cause }: { afterMs?: number; cause?: unknown } = {}) {
    super(message, { mayPass: true, cause });
    this.afterMs = afterMs;
  }
}

/**
 * Creates a source of the telemetry in a bucket.
 *
 * Its methods throw {@link InfluxError}: at once if the server rejects the query, and after a minute
 * without progress if the server cannot be reached, is busy or breaks off.
 */
export function createInfluxSource(deps: InfluxDeps, settings: InfluxSettings): TelemetrySource {
  return {
    async *devices(signal) {
      const listed = new Set<string>();
      const patience = createPatience(deps);
      for (;;) {
        try {
          for await (const chunk of queryChunks(settings, devicesQuery(), signal)) {
            for (const id of deviceIds(chunk)) {
              if (!listed.has(id)) yield id;
              listed.add(id);
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
  // What changes meanwhile counts from the next read.
  const profiles = deps.profiles.ofDevices();
  const rows = createInfluxRows(deviceId, profiles);
  const metrics = influxMetrics(profiles);
  let patience = createPatience(deps);
  let { fromMs } = span;
  for (;;) {
    try {
      const query = readingsQuery(deviceId, { fromMs, toMs: span.toMs }, metrics);
      for await (const chunk of queryChunks(settings, query, signal)) yield* rows.add(chunk);
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

/** Waits before the next try. Throws the fault if there was no progress for too long. */
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

/** Sends a query and yields the chunks of the answer, to its end. */
async function* queryChunks(
  settings: InfluxSettings,
  query: string,
  signal: AbortSignal,
): AsyncGenerator<InfluxChunk> {
  signal.throwIfAborted();
  using ending = followSignal(signal);
  const within = <T>(work: Promise<T>) => withinSilence(work, ending);
  const response = await within(request(settings, query, ending.signal));
  const reader = await within(bodyOf(response));
  let isPartial = true;
  try {
    for await (const line of linesOf(() => within(reader.read().catch(broken)))) {
      const chunk = readChunk(line);
      isPartial = chunk.isPartial;
      yield chunk;
    }
  } finally {
    // Also needed if the caller stops early. If the body broke, its error was already thrown.
    await reader.cancel().catch(() => {});
  }
  if (isPartial) throw new PassingFault("The answer of InfluxDB ended before its last chunk.");
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

/** A reader of the body of a successful answer. */
async function bodyOf(response: Response): Promise<ReadableStreamDefaultReader<string>> {
  const { ok, status, body, headers } = response;
  if (ok && body !== null) {
    return body.pipeThrough(new TextDecoderStream()).getReader();
  }
  const text = (await response.text().catch(broken)).slice(0, ERROR_MAX_CHARS).trim();
  const message = `InfluxDB answered with status ${status}: ${text}`;
  const mayPass = status === 408 || status === 429 || status >= 500;
  if (!mayPass) throw new InfluxError(message);
  const seconds = /^\d{1,6}$/.exec(headers.get("Retry-After") ?? "")?.[0] ?? "0";
  throw new PassingFault(message, { afterMs: Number(seconds) * 1_000 });
}

async function withinSilence<T>(work: Promise<T>, ending: Pick<Follower, "abort">): Promise<T> {
  const fault = new PassingFault(`InfluxDB was silent for ${SILENCE_MS / 1_000} s.`);
  const timer = setTimeout(() => ending.abort(fault), SILENCE_MS);
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
