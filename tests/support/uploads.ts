/**
 * Uploads of any length as streams, with wrong records among the right ones, and the rows that an
 * export of them has. Records are made of texts, so that no code under test reads them here.
 *
 * @module
 */

import { askJson, type JsonAnswer } from "./service.ts";

/** One in so many records is wrong. A prime, so that all kinds of times are affected. */
export const WRONG_EVERY = 1009;
/** Records in a chunk of an upload. */
export const CHUNK_RECORDS = 1000;
const START_MS = Date.UTC(2010, 0, 1);
const DAY_MS = 86_400_000;
const NAMES = ["energy_kwh", "power_kw", "voltage_v", "current_a"];
const MEDIA_TYPES = { csv: "text/csv", ndjson: "application/x-ndjson" };

/** An upload: its form, how many records it has, and the time between them. */
export interface UploadPlan {
  /** The form of records. */
  readonly form: "csv" | "ndjson";
  /** How many there are, wrong ones included. */
  readonly records: number;
  /** Milliseconds between two records, whole seconds. The first one is at 2010-01-01T00:00:00Z. */
  readonly stepMs: number;
}

/** How many records of the first so many are wrong. */
export function countWrong(records: number): number {
  return Math.floor(records / WRONG_EVERY);
}

/** The time of the record at an index, as an answer shows it. */
export function timeOf({ stepMs }: UploadPlan, index: number): string {
  return new Date(START_MS + index * stepMs).toISOString().replace(".000Z", "Z");
}

/** The bytes of an upload in chunks of 1,000 records. */
export function* uploadChunks(plan: UploadPlan): Generator<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  const recordOf = plan.form === "csv" ? csvRecord : ndjsonRecord;
  const clock = createClock(plan);
  if (plan.form === "csv") yield encoder.encode(`timestamp,${NAMES.join(",")}\n`);
  for (let first = 0; first < plan.records; first += CHUNK_RECORDS) {
    const end = Math.min(first + CHUNK_RECORDS, plan.records);
    let text = "";
    for (let index = first; index < end; index++) text += recordOf(clock(index), index);
    yield encoder.encode(text);
  }
}

/** An upload that is made while it is sent. It waits for `beforeChunk`, which may also throw. */
export function uploadStream(
  plan: UploadPlan,
  beforeChunk: (chunk: number) => Promise<void> = () => Promise.resolve(),
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const chunks = uploadChunks(plan);
  let count = 0;
  return new ReadableStream({
    async pull(controller) {
      await beforeChunk(count++);
      const { value, done } = chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
}

/** Sends an upload, compressed with gzip on its way if `isGzip`. */
export function postUpload(
  meterUrl: string,
  form: UploadPlan["form"],
  { body, isGzip = false }: { body: ReadableStream<Uint8Array<ArrayBuffer>>; isGzip?: boolean },
): Promise<JsonAnswer> {
  return askJson(`${meterUrl}/readings`, {
    method: "POST",
    headers: uploadHeaders(form, isGzip),
    body: isGzip ? body.pipeThrough(new CompressionStream("gzip")) : body,
  });
}

/** The headers with the form of an upload. */
export function uploadHeaders(form: UploadPlan["form"], isGzip: boolean): Record<string, string> {
  const coding: Record<string, string> = isGzip ? { "content-encoding": "gzip" } : {};
  return { "content-type": MEDIA_TYPES[form], ...coding };
}

/** Rows of the file of an export, without its header: the right records between two indexes. */
export function fileRows(
  plan: UploadPlan,
  meterId: string,
  { from, to }: { from: number; to: number },
): string {
  const clock = createClock(plan);
  let text = "";
  for (let index = from; index < to; index++) {
    if (!isWrong(index)) text += `${clock(index)},${meterId},${VALUES[index % VALUES.length]}\n`;
  }
  return text;
}

/** The index of the right record with so many right ones before it. */
export function indexOfRight(before: number): number {
  return before + Math.floor(before / (WRONG_EVERY - 1));
}

/** Values as shortest decimals, as files have them. */
const VALUES = Array.from(
  { length: 997 },
  (_, index) => `${index / 10_000},${index / 100},${220 + index % 200 / 10},${index % 160 / 10}`,
);
const JSON_VALUES = VALUES.map((values) =>
  values.split(",").map((value, index) => `"${NAMES[index]}":${value}`).join(",")
);

function isWrong(index: number): boolean {
  return index % WRONG_EVERY === WRONG_EVERY - 1;
}

function csvRecord(time: string, index: number): string {
  const values = VALUES[index % VALUES.length];
  if (!isWrong(index)) return `${time},${values}\n`;
  const wrong = [`noon,${values}`, `${time},${values},7`, `${time},x,1,230,1`, `${time},1,1,-1,1`];
  return `${wrong[index % wrong.length]}\n`;
}

function ndjsonRecord(time: string, index: number): string {
  const values = JSON_VALUES[index % JSON_VALUES.length];
  const right = `{"timestamp":"${time}",${values}}`;
  if (!isWrong(index)) return `${right}\n`;
  const wrong = [
    `{"timestamp":"noon",${values}}`,
    right.slice(0, -1),
    `{"timestamp":"${time}","power_kw":"x"}`,
    `{"timestamp":"${time}","voltage_v":-1}`,
  ];
  return `${wrong[index % wrong.length]}\n`;
}

/** The times of records as texts; those of a day are made once. */
function createClock({ stepMs }: UploadPlan): (index: number) => string {
  const ofDay = new Map<number, string>();
  let dayMs = NaN;
  let day = "";
  return (index) => {
    const timeMs = START_MS + index * stepMs;
    const ofDayMs = timeMs % DAY_MS;
    if (timeMs - ofDayMs !== dayMs) {
      dayMs = timeMs - ofDayMs;
      day = new Date(dayMs).toISOString().slice(0, 11);
    }
    let clock = ofDay.get(ofDayMs);
    if (clock === undefined) {
      clock = `${new Date(ofDayMs).toISOString().slice(11, 19)}Z`;
      ofDay.set(ofDayMs, clock);
    }
    return day + clock;
  };
}
