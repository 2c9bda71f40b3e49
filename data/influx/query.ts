/**
 * Queries in InfluxQL and their answers (JSON in chunks, times in epoch milliseconds), for InfluxDB
 * 1.x, 2.x and 3.x.
 *
 * The data must have this form: the measurement `telemetry`, the device in the tag `device_id`, its
 * metrics as fields named as in its profile, and optionally `device_type` and `location` as tags or
 * as text fields.
 *
 * @module
 */

import type { Span } from "../readings/page.ts";
import type { Profile } from "../readings/profile.ts";

/** The measurement to read. */
export const MEASUREMENT = "telemetry";
const DEVICE_TAG = "device_id";

/**
 * The names of the metrics of profiles, each once. An answer has the columns time, these metrics, and
 * the labels.
 */
export function influxMetrics(profiles: readonly Profile[]): readonly string[] {
  return [...new Set(profiles.flatMap(({ metrics }) => metrics.map(({ name }) => name)))];
}
/** The columns that describe a device. */
export const INFLUX_LABELS = ["device_type", "location"] as const;

/** An error that the server reports, or an answer that cannot be read. */
export class InfluxError extends Error {
  /** Whether a retry may succeed. */
  readonly mayPass: boolean;

  /** Creates an error with a sentence for users. */
  constructor(
    message: string,
    { mayPass = false, cause }: { mayPass?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.name = "InfluxError";
    this.mayPass = mayPass;
  }
}

/** The place of the data on a server. */
export interface InfluxPlace {
  /** Database or bucket; `DATABASE/POLICY` selects a retention policy. */
  readonly bucket: string;
  /** Organization, for 2.x; null if unset. */
  readonly org: string | null;
  /** Rows per chunk. */
  readonly batchSize: number;
}

/** A table in an answer. */
export interface InfluxTable {
  /** The names of the columns. */
  readonly columns: readonly string[];
  /** The rows, with one value per column. */
  readonly rows: readonly (readonly unknown[])[];
}

/** One chunk of an answer. */
export interface InfluxChunk {
  /** The tables; none if nothing was found. */
  readonly tables: readonly InfluxTable[];
  /** Whether more chunks must follow. */
  readonly isPartial: boolean;
}

/** The query for the metrics of a device within a span, ascending. */
export function readingsQuery(
  deviceId: string,
  { fromMs, toMs }: Span,
  metrics: readonly string[],
): string {
  const columns = [...metrics, ...INFLUX_LABELS].map(identifier).join(", ");
  return `SELECT ${columns} FROM ${identifier(MEASUREMENT)} ` +
    `WHERE ${identifier(DEVICE_TAG)} = ${literal(deviceId)} ` +
    `AND time >= ${fromMs}ms AND time < ${toMs}ms ORDER BY time ASC`;
}

/** The query for the ids of all devices. Without a time, 3.x would search only the last day. */
export function devicesQuery(): string {
  return `SHOW TAG VALUES FROM ${identifier(MEASUREMENT)} WITH KEY = ${identifier(DEVICE_TAG)} ` +
    "WHERE time >= 0ms";
}

/** The parameters of `/query` for a query. */
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
 * The header `Authorization` for a token (2.x and 3.x) or for `USER:PASSWORD` (1.x).
 */
export function authorization(token: string): string {
  if (!token.includes(":")) return `Token ${token}`;
  const bytes = new TextEncoder().encode(token);
  return `Basic ${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))}`;
}

/**
 * Reads one chunk of an answer, which is a line of JSON.
 *
 * @throws {InfluxError} if the text is not a chunk, or if it contains an error of the server, which
 * also happens with status 200.
 */
export function readChunk(line: string): InfluxChunk {
  const answer = parse(line);
  if (answer.error !== undefined) throw refused(answer.error);
  const tables: InfluxTable[] = [];
  let isPartial = false;
  for (const result of listOf(answer.results, "results")) {
    if (result.error !== undefined) throw refused(result.error);
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

/** The error for an answer that does not match the documentation of the server. */
export function unreadable(fact: string): InfluxError {
  return new InfluxError(`Cannot read the answer of InfluxDB as it has ${fact}.`);
}

type Json = Record<string, unknown>;

function parse(line: string): Json {
  try {
    const value: unknown = JSON.parse(line);
    if (isObject(value)) return value;
  } catch (cause) {
    // If the connection broke, the last line is incomplete.
    throw new InfluxError("Cannot read the answer of InfluxDB as it is not JSON.", {
      mayPass: true,
      cause,
    });
  }
  throw unreadable("a line that is not an object");
}

function listOf(value: unknown, name: string): Json[] {
  if (Array.isArray(value) && value.every(isObject)) return value;
  throw unreadable(`no list of objects in \`${name}\``);
}

function tableOf(columns: unknown, values: unknown): InfluxTable {
  if (!Array.isArray(columns) || !columns.every((name) => typeof name === "string")) {
    throw unreadable("a series whose columns are not texts");
  }
  if (!Array.isArray(values)) throw unreadable("a series whose values are not a list");
  const rows = values.filter((row): row is unknown[] =>
    Array.isArray(row) && row.length === columns.length
  );
  if (rows.length < values.length) throw unreadable("a row whose length differs from its columns");
  return { columns, rows };
}

function refused(error: unknown): InfluxError {
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
