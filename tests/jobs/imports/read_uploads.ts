/**
 * Uploads that tests read on this thread and in workers.
 *
 * @module
 */

import { gzipSync } from "node:zlib";
import { AppError } from "../../../data/app_error.ts";
import type { MeterBatch, MeterRefusal } from "../../../data/imports/meter_rows.ts";
import type { CountedReader } from "../../../data/imports/notes_change.ts";
import type { UploadSummary } from "../../../data/imports/upload_summary.ts";
import { type Profile, PROFILES } from "../../../data/readings/profile.ts";
import { createThreads, NO_THREADS, type Threads } from "../../../jobs/engine/threads.ts";
import { createUploadReading } from "../../../jobs/imports/read_in_thread.ts";
import type { UploadReading, UploadSide } from "../../../jobs/imports/reading_contract.ts";
import { createWorkerThreads, startThreadWorker } from "../../../jobs/threads.ts";
import { planUpload } from "../../../routes/meters/plan_upload.ts";
import type { UploadType } from "../../../routes/meters/upload_format.ts";
import { rowsOf } from "../../support/pages.ts";

/** An upload, and how its request describes it. */
export interface TestUpload {
  readonly body: string | Uint8Array;
  readonly query?: Readonly<Record<string, string | readonly string[]>>;
  readonly type?: UploadType;
  /** The meter; null if the records name theirs. */
  readonly id?: string | null;
  readonly isGzip?: boolean;
  /** The most bytes that it may be unpacked to. */
  readonly maxBytes?: number;
  /** Lengths of its chunks, over and over; by default those of the pieces that workers get. */
  readonly sizes?: readonly number[];
}

/** What came of an upload. */
export interface ReadOutcome {
  /** The readings of each batch with their places, by meter. */
  readonly batches: unknown[];
  readonly summary: UploadSummary | null;
  /** The code of the error, and what it says; null if there was none. */
  readonly error: string | null;
  readonly problem: unknown;
  /** What the counts knew of the meters at the end. */
  readonly meters: unknown[];
  readonly rejected: number;
}

/** Reads uploads on this thread. */
export const HERE: UploadReading = createUploadReading(NO_THREADS);

/** Reads uploads in a worker. Disposing of it stops the worker. */
export interface ReadingInThread extends UploadReading, Disposable {
  /** How many uploads workers have read, also to an error. */
  count(): number;
}

/** A reading in a worker. */
export function readInWorkers(): ReadingInThread {
  const workers = createWorkerThreads({ count: 1, keepMs: 600_000, log: () => {} });
  let count = 0;
  const threads: Threads = {
    ...workers,
    async run(task) {
      try {
        const ended = await workers.run(task);
        if (ended !== null) count++;
        return ended;
      } catch (error) {
        count++;
        throw error;
      }
    },
  };
  return {
    ...createUploadReading(threads),
    count: () => count,
    [Symbol.dispose]: () => workers[Symbol.dispose](),
  };
}

/** A reading whose workers a test may kill. */
export function readInMortalWorkers(): ReadingInThread & { kill(): void } {
  const workers: Worker[] = [];
  const threads = createThreads({
    count: 1,
    log: () => {},
    startWorker() {
      workers.push(startThreadWorker());
      return workers[workers.length - 1];
    },
  });
  return {
    ...createUploadReading(threads),
    count: () => workers.length,
    kill: () => workers.at(-1)?.dispatchEvent(new ErrorEvent("error", { message: "shot" })),
    [Symbol.dispose]: () => threads[Symbol.dispose](),
  };
}

/** What the thread that serves does for an upload; `changes` take the place of parts of it. */
export function sideOf(
  { body, query = {}, type = "text/csv", id = null, sizes = [524_288] }: TestUpload,
  changes: Partial<UploadSide> = {},
): UploadSide {
  const queries = Object.fromEntries(
    Object.entries(query).map(([name, value]) => [name, [value].flat()]),
  );
  return {
    chunks: chunksOf(typeof body === "string" ? new TextEncoder().encode(body) : body, sizes),
    planOf: (head) => planUpload(queries, { mediaType: type, id, oldestMs: 0 }).planOf(head),
    begin() {},
    profilesOf: (ids) => Promise.resolve(ids.map(profileOf)),
    met() {},
    store: () => Promise.resolve(),
    ...changes,
  };
}

/** Meters are of the profile `meter`, but those with `site` in their id, and `no…` take no readings. */
export function profileOf(id: string): Profile | MeterRefusal {
  if (id.startsWith("no")) return { rule: "a meter that you may touch" };
  return id.includes("site") ? PROFILES.site : PROFILES.meter;
}

/** Sends an upload to be read. It says that it is long, so that it goes to a worker if there is one. */
export async function read(
  reading: UploadReading,
  upload: TestUpload,
  side: UploadSide = sideOf(upload),
): Promise<UploadSummary> {
  const { query = {}, type = "text/csv", id = null, isGzip = false, maxBytes = 1e9 } = upload;
  const queries = Object.fromEntries(
    Object.entries(query).map(([name, value]) => [name, [value].flat()]),
  );
  const { opening } = planUpload(queries, { mediaType: type, id, oldestMs: 0 });
  return await reading.read({ name: "upload", totalBytes: 1e9, isGzip, opening, maxBytes }, side);
}

/** Reads an upload, and says everything that came of it. */
export async function outcomeOf(reading: UploadReading, upload: TestUpload): Promise<ReadOutcome> {
  const batches: unknown[] = [];
  let counted: CountedReader = { meters: () => [], rejected: () => ({ count: 0, first: [] }) };
  let summary: UploadSummary | null = null, error: string | null = null, problem: unknown = null;
  const side = sideOf(upload, {
    begin: (reader) => counted = reader,
    store(some) {
      batches.push(some.map(batchOf));
      return Promise.resolve();
    },
  });
  try {
    summary = await read(reading, upload, side);
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    const { code, message, details, errors } = thrown;
    error = code;
    problem = { message, details, errors };
  }
  const meters = counted.meters().map(({ meterId, refusal, rejected, rejects, ...rest }) => {
    const { ambiguous, breaks, leftOut } = rest;
    return { meterId, refusal, rejected, rejects, ambiguous, breaks, leftOut };
  });
  return { batches, summary, error, problem, meters, rejected: counted.rejected().count };
}

function batchOf({ meterId, profile, part, batch: { page, places } }: MeterBatch) {
  const { isPartial = false } = page;
  // As one text: arrays of arrays take seconds to compare.
  const rows = rowsOf(page).map((row, index) => `${places[index]}: ${row}`).join("\n");
  const scales = page.columns.map(({ scale }) => scale);
  return { meterId, profile: profile.name, part, isPartial, rows, scales };
}

async function* chunksOf(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  // A chunk is valid until the next one is read.
  const memory = new Uint8Array(Math.max(...sizes));
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const chunk = bytes.subarray(at, at + sizes[index % sizes.length]);
    memory.fill(0);
    memory.set(chunk);
    yield await Promise.resolve(memory.subarray(0, chunk.length));
    at += chunk.length;
  }
}

/** Lines of a reading a minute. */
export function minutes(count: number, firstMinute = 0): string {
  return Array.from({ length: count }, (_, index) => {
    const time = new Date(Date.UTC(2024, 0, 1) + (firstMinute + index) * 60_000).toISOString();
    return `${time},${index % 100 / 10},${index % 7}.25\n`;
  }).join("");
}

/** The bytes in gzip. */
export function gzip(text: string): Uint8Array {
  return new Uint8Array(gzipSync(text));
}
