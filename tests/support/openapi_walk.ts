/**
 * Requests to the operations of the OpenAPI document, correct and incorrect: what a walk over all of
 * them sends.
 *
 * @module
 */

import fc from "fast-check";
import { invalidOf, strangeText, validOf } from "./json_arbitrary.ts";
import {
  ask,
  type DocumentedOperation,
  type Json,
  type OpenApi,
  type ReadAnswer,
} from "./openapi.ts";
import { APPLIANCE, BATTERY, message, TIME } from "./telemetry.ts";

/** A range with readings. */
export const RANGE = {
  start_datetime: "2024-01-01T00:00:00Z",
  end_datetime: "2024-01-01T00:10:00Z",
};

/** A request that the walk sends. */
export interface WalkedRequest {
  /** The values of parameters by place and name; undefined leaves the parameter out. */
  readonly values: Readonly<Record<string, string | undefined>>;
  /** Further headers, and a body if the operation has one. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer> | null;
}

/** Values that the tested service knows, by the name of their parameter. */
export type Known = Readonly<Record<string, readonly string[]>>;

/** A value of a parameter: usually one that the service knows, else one by its schema or any text. */
function valueOf(
  { name, schema, required }: Json,
  { known, api }: { known: Known; api: OpenApi },
): fc.Arbitrary<string | undefined> {
  const knownValues = known[name] === undefined
    ? []
    : [{ weight: 6, arbitrary: fc.constantFrom(...known[name]) }];
  const text = fc.oneof(...knownValues, validOf(schema, api.follow).map(String), strangeText());
  // One wrong header ends a request before the service reads the next, so send few at a time.
  return required ? text : fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, text);
}

const MEDIA_TYPES = [
  "application/x-ndjson",
  "application/json",
  "application/json; charset=utf-8",
  "text/csv",
  "TEXT/CSV;header=present",
  "text/plain",
  "application/x-www-form-urlencoded",
  ";",
];

function headersOf(body: Json | null): fc.Arbitrary<Record<string, string>> {
  if (body === null) return fc.constant({});
  const right = fc.constantFrom(...Object.keys(body));
  return fc.record({
    "content-type": fc.oneof({ weight: 4, arbitrary: right }, fc.constantFrom(...MEDIA_TYPES)),
    "content-encoding": fc.constantFrom("identity", "gzip", "br, gzip"),
  }, { requiredKeys: [] }).map((headers) =>
    // A content coding that the service refuses ends the request early, so use it only sometimes.
    headers["content-encoding"]?.length === 8
      ? headers
      : { ...headers, "content-encoding": "identity" }
  );
}

function csvText(): fc.Arbitrary<string> {
  const names = ["timestamp", "power_kw", "energy_kwh", "voltage_v", "smart_meter_id", "note", ""];
  const time = fc.constantFrom("2024-01-01T00:00:00Z", "2024-01-01T01:00+01:00", "2024-13-01", "");
  const cell = fc.oneof(time, fc.double().map(String), strangeText());
  const line = (one: fc.Arbitrary<string>) =>
    fc.array(one, { minLength: 1, maxLength: 5 }).map((cells) => cells.join(","));
  const header = fc.oneof(
    fc.constantFrom("timestamp,power_kw", "TimeStamp,voltage_v,note", "timestamp,smart_meter_id"),
    line(fc.constantFrom(...names)),
  );
  const row = fc.oneof(line(cell), fc.tuple(time, cell).map((cells) => cells.join(",")));
  const end = fc.constantFrom("\n", "\r\n");
  return fc.tuple(header, fc.array(row, { maxLength: 10 }), end)
    .map(([first, rows, lineEnd]) => [first, ...rows].join(lineEnd));
}

/** Tables of stores, correct and incorrect, with known header rows. */
function storesText(): fc.Arbitrary<string> {
  const header = fc.constantFrom(
    "store_id,timestamp_utc,status",
    "status,store_id,timestampUtc",
    "store_id,dayOfWeek,start_time_local,end_time_local",
    "store_id,timezone_str",
  );
  const cell = fc.oneof(
    fc.constantFrom("1", "2", "2023-01-25 12:09:39.388884 UTC", "active", "0", "09:00:00"),
    fc.constantFrom("00:00:00", "23:59:59", "Europe/Berlin", "Mars/Base", "", '"'),
    strangeText(),
  );
  const row = fc.array(cell, { minLength: 1, maxLength: 5 }).map((cells) => cells.join(","));
  return fc.tuple(header, fc.array(row, { maxLength: 10 })).map(([first, rows]) =>
    [first, ...rows].join("\n")
  );
}

/** Objects as lines and as an array, with names and values that the service knows, and others. */
function objectTexts(): fc.Arbitrary<string>[] {
  const name = fc.constantFrom("timestamp", "power_kw", "Voltage_V", "smart_meter_id", "note", "P");
  const time = fc.constantFrom("2024-01-01T00:00:00Z", "2024-01-01 01:00", 1_704_067_200, "soon");
  const value = fc.oneof(time, fc.double(), fc.jsonValue());
  const object = fc.tuple(time, fc.dictionary(name, value))
    .map(([timestamp, rest]) => ({ timestamp, ...rest }));
  const objects = fc.array(fc.oneof(object, fc.jsonValue()), { maxLength: 10 });
  return [
    objects.map((all) => all.map((one) => JSON.stringify(one)).join("\n")),
    objects.map((all) => JSON.stringify(all)),
  ];
}

/** Messages of devices, correct and incorrect, alone, in an array and as lines. */
function messageTexts(): fc.Arbitrary<string>[] {
  const value = fc.oneof(fc.constantFrom(null, 0, 50, 250), fc.double(), fc.jsonValue());
  const metrics = fc.oneof(
    fc.constantFrom(BATTERY, APPLIANCE),
    fc.dictionary(fc.constantFrom(...Object.keys({ ...BATTERY, ...APPLIANCE }), "note"), value),
  );
  const one = fc.record({
    device_id: fc.oneof(fc.constantFrom("test-001", "a", "other", "a+b"), strangeText()),
    timestamp: fc.oneof(
      fc.integer({ min: 0, max: 1e12 }).map((timeMs) => new Date(timeMs).toISOString()),
      fc.constantFrom(TIME, "2026-02-01T00:00:00+05:30", "2999-01-01T00:00:00Z"),
      strangeText(),
    ),
    metrics,
  }, { requiredKeys: [] });
  const right = fc.integer({ min: 0, max: 1e12 }).map((timeMs) =>
    // A new device each time: none has reached its rate limit.
    message({ device_id: `d${timeMs}`, timestamp: new Date(timeMs).toISOString() })
  );
  const many = fc.array(fc.oneof({ weight: 5, arbitrary: one }, fc.jsonValue()), { maxLength: 9 });
  return [
    fc.oneof(one, { weight: 3, arbitrary: right }, many).map((all) => JSON.stringify(all)),
    many.map((all) => all.map((each) => JSON.stringify(each)).join("\n")),
  ];
}

function bodyOf(body: Json | null, api: OpenApi): fc.Arbitrary<WalkedRequest["body"]> {
  if (body === null) return fc.constant(null);
  const json = body["application/json"];
  const valid = json === undefined ? null : validOf(json.schema, api.follow);
  const texts = valid === null ? [] : [
    valid.map((value) => JSON.stringify(value)),
    // A range of real times, which a generator rarely hits.
    valid.map((value) => JSON.stringify({ ...Object(value), ...RANGE })),
    invalidOf(json.schema, api.follow).map((value) => JSON.stringify(value)),
  ];
  if (api.follow(json?.schema ?? {}).anyOf !== undefined) texts.push(...messageTexts());
  if (body["text/csv"] !== undefined) texts.push(csvText(), storesText());
  if (body["application/x-ndjson"] !== undefined) texts.push(...objectTexts());
  const bytes = fc.uint8Array({ maxLength: 50 }).map((value) => Uint8Array.from(value));
  return fc.oneof(
    ...texts.map((arbitrary) => ({ weight: 5, arbitrary })),
    strangeText(),
    bytes,
    fc.constantFrom(null, "{"),
    // Often enough for each operation to refuse one within the few requests of a quick walk.
    { weight: 2, arbitrary: fc.constant(" ".repeat(70_000)) },
  );
}

/** Requests to an operation. */
export function requestsOf(
  { parameters, body }: DocumentedOperation,
  context: { known: Known; api: OpenApi },
): fc.Arbitrary<WalkedRequest> {
  const values = Object.fromEntries(
    parameters.map((one) => [`${one.in} ${one.name}`, valueOf(one, context)]),
  );
  return fc.record({
    values: fc.record(values),
    headers: headersOf(body),
    body: bodyOf(body, context.api),
  });
}

/** A text as a segment of a path. URL parsing would remove a segment of dots alone. */
export function pathPart(text: string): string {
  const part = encodeURIComponent(text.toWellFormed());
  return /^\.{0,2}$/.test(part) ? "-" : part;
}

/** A text as a header value: only bytes that HTTP allows. */
function headerText(text: string): string {
  return text.replaceAll(/[^\x20-\x7e\xa0-\xff]/g, "\xe9").trim();
}

/** Sends a request, with headers that it has besides those that the walk chose. */
export async function send(
  base: string,
  { method, path }: Pick<DocumentedOperation, "method" | "path">,
  { values, headers, body }: WalkedRequest,
  more: Readonly<Record<string, string>> = {},
): Promise<ReadAnswer> {
  const sent = new Headers({ ...headers, ...more });
  const query = new URLSearchParams();
  let filled = path;
  for (const [key, value] of Object.entries(values)) {
    const [place, name] = key.split(" ");
    if (value === undefined) continue;
    if (place === "path") filled = filled.replace(`{${name}}`, () => pathPart(value));
    else if (place === "query") query.set(name, value.toWellFormed());
    else sent.set(name, headerText(value));
  }
  const search = query.size === 0 ? "" : `?${query}`;
  return await ask(base + filled + search, { method, headers: sent, body });
}
