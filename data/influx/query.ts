/**
 * InfluxQL and its answers (JSON, in chunks, times as epoch milliseconds), as 1.x, 2.x and 3.x have
 * them.
 *
 * What is read has one form: measurement `telemetry`, the device in the tag `device_id`, its metrics
 * as fields of the names that its profile has, and, where there are any, `device_type` and `location`
 * as tags or as fields of text.
 *
 * @module
 */

import type { Span } from "../readings/page.ts";
import { DEVICE_PROFILES, PROFILES } from "../readings/profile.ts";

/** The measurement that is read. */
export const MEASUREMENT = "telemetry";
const DEVICE_TAG = "device_id";

/** The columns of an answer with readings, but for the time: every metric there is, then labels. */
export const INFLUX_METRICS: readonly string[] = DEVICE_PROFILES.flatMap((profile) =>
  PROFILES[profile].metrics.map(({ name }) => name)
);
/** Those that say what a device is. */
export const INFLUX_LABELS = ["device_type", "location"] as const;

/** A fault that the server tells, or an answer that cannot be read. */
export class InfluxError extends Error {
  /** Whether it may be gone at the next try. */
  readonly mayPass: boolean;

  /** Makes one of a sentence for people. */
  constructor(
    message: string,
    { mayPass = false, cause }: { mayPass?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.name = "InfluxError";
    this.mayPass = mayPass;
  }
}

/** Where a server keeps what is read. */
export interface InfluxPlace {
  /** Database or bucket; `DATABASE/POLICY` where a retention policy is meant. */
  readonly bucket: string;
  /** Organization, for 2.x; null where there is none. */
  readonly org: string | null;
  /** Rows of a chunk. */
  readonly batchSize: number;
}

/** A table of an answer. */
export interface InfluxTable {
  /** Names of its columns. */
  readonly columns: readonly string[];
  /** Its rows, a value a column. */
  readonly rows: readonly (readonly unknown[])[];
}

/** One chunk of an answer. */
export interface InfluxChunk {
  /** What it holds; none where nothing was found. */
  readonly tables: readonly InfluxTable[];
  /** Whether more has to follow. */
  readonly isPartial: boolean;
}

/** Asks for the readings of a device within a span, ascending. */
export function readingsQuery(deviceId: string, { fromMs, toMs }: Span): string {
  const columns = [...INFLUX_METRICS, ...INFLUX_LABELS].map(identifier).join(", ");
  return `SELECT ${columns} FROM ${identifier(MEASUREMENT)} ` +
    `WHERE ${identifier(DEVICE_TAG)} = ${literal(deviceId)} ` +
    `AND time >= ${fromMs}ms AND time < ${toMs}ms ORDER BY time ASC`;
}

/** Asks for the ids of all devices. 3.x looks at the last day only where no time is said. */
export function devicesQuery(): string {
  return `SHOW TAG VALUES FROM ${identifier(MEASUREMENT)} WITH KEY = ${identifier(DEVICE_TAG)} ` +
    "WHERE time >= 0ms";
}

/** The parameters of `/query`. */
export function queryParameters({ bucket, org, batchSize }: InfluxPlace, query: string): string {
  const slash = bucket.indexOf("/");
  const [database, policy] = slash < 0
    ? [bucket, null]
    : [bucket.slice(0, slash), bucket.slice(slash + 1)];
  const parameters = new URLSearchParams({ db: database, q: query, epoch: "ms" });
  parameters.set("chunked", "true");
  parameters.set("chunk_size", String(batchSize));
  if (policy !== null) parameters.set("rp", policy);
  if (org !== null) parameters.set("org", org);
  return parameters.toString();
}

/**
 * What a token becomes in the header `Authorization`: 2.x and 3.x have tokens, 1.x has
 * `USER:PASSWORD`.
 */
export function authorization(token: string): string {
  if (!token.includes(":")) return `Token ${token}`;
  const bytes = new TextEncoder().encode(token);
  return `Basic ${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))}`;
}

/**
 * One chunk of an answer, a line of JSON.
 *
 * @throws {InfluxError} for a text that is no such chunk, and for an error that the server tells in
 * it, which comes with status 200 too.
 */
export function readChunk(line: string): InfluxChunk {
  const answer = parse(line);
  if (answer.error !== undefined) throw told(answer.error);
  const tables: InfluxTable[] = [];
  let isPartial = false;
  for (const result of listOf(answer.results, "results")) {
    if (result.error !== undefined) throw told(result.error);
    if (result.partial === true) isPartial = true;
    for (const { columns, values, partial } of listOf(result.series ?? [], "series")) {
      if (partial === true) isPartial = true;
      tables.push(tableOf(columns, values ?? []));
    }
  }
  return { tables, isPartial };
}

/** The ids of devices in a chunk of the answer to {@link devicesQuery}. */
export function deviceIds({ tables }: InfluxChunk): string[] {
  return tables.flatMap(({ columns, rows }) => {
    const place = columns.indexOf("value");
    if (place < 0) throw unreadable("no column `value`");
    return rows.map((row) => String(row[place]));
  });
}

/** A fault of an answer that is not what the server documents. */
export function unreadable(fact: string): InfluxError {
  return new InfluxError(`Cannot read the answer of InfluxDB as it has ${fact}.`);
}

type Json = Record<string, unknown>;

function parse(line: string): Json {
  try {
    const value: unknown = JSON.parse(line);
    if (isObject(value)) return value;
  } catch (cause) {
    // Where a connection breaks, the last line is a part of one.
    throw new InfluxError("Cannot read the answer of InfluxDB as it is no JSON.", {
      mayPass: true,
      cause,
    });
  }
  throw unreadable("a line that is no object");
}

function listOf(value: unknown, name: string): Json[] {
  if (Array.isArray(value) && value.every(isObject)) return value;
  throw unreadable(`no list of objects in \`${name}\``);
}

function tableOf(columns: unknown, values: unknown): InfluxTable {
  if (!Array.isArray(columns) || !columns.every((name) => typeof name === "string")) {
    throw unreadable("a series whose columns are no texts");
  }
  if (!Array.isArray(values)) throw unreadable("a series whose values are no list");
  const rows = values.filter((row): row is unknown[] =>
    Array.isArray(row) && row.length === columns.length
  );
  if (rows.length < values.length) throw unreadable("a row of another length than its columns");
  return { columns, rows };
}

function told(error: unknown): InfluxError {
  return new InfluxError(`InfluxDB refused the query: ${String(error)}`);
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function identifier(name: string): string {
  return `"${name.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}

function literal(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\n", "\\n")}'`;
}
