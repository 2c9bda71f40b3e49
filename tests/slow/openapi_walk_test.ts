import fc from "fast-check";
import { assert, assertEquals } from "../support/assert.ts";
import { invalidOf, strangeText, validOf } from "../support/json_arbitrary.ts";
import {
  ask,
  type DocumentedOperation,
  fetchOpenApi,
  type Json,
  type OpenApi,
  type ReadAnswer,
} from "../support/openapi.ts";
import { triggerReport, waitForReport } from "../support/reports.ts";
import { askJson, exportToEnd, importText, startTestService } from "../support/service.ts";
import { startContinuousService } from "../support/continuous_service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { until } from "../support/until.ts";
import { postStores } from "../support/stores.ts";
import { APPLIANCE, BATTERY, message, postTelemetry, TIME } from "../support/telemetry.ts";
import { amount } from "../support/thorough.ts";

/** Another seed makes other requests; a failure prints the seed. */
const SEED = Number(Deno.env.get("WALK_SEED") ?? 20_240_501);
/** Requests to each operation in a full walk. */
const THOROUGH_RUNS = 300;
/** Requests to each operation. */
const RUNS = Number(
  Deno.env.get("WALK_RUNS") ?? amount({ quick: 60, thorough: THOROUGH_RUNS }),
);
const RANGE = { start_datetime: "2024-01-01T00:00:00Z", end_datetime: "2024-01-01T00:10:00Z" };

/** A request that the walk sends. */
interface WalkedRequest {
  /** The values of parameters by place and name; undefined leaves the parameter out. */
  readonly values: Readonly<Record<string, string | undefined>>;
  /** Further headers, and a body if the operation has one. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer> | null;
}

/** Values that the tested service knows, by the name of their parameter. */
type Known = Readonly<Record<string, readonly string[]>>;

/** Creates the meter, the devices and the stores that requests name, unless they exist. */
async function fillAgain(url: string): Promise<void> {
  await importText(url, "123", "timestamp,power_kw\n2024-01-01T00:00:00Z,1\n");
  await postTelemetry(url, [message(), message({ device_id: "a", metrics: APPLIANCE })]);
  await askJson(`${url}/devices/empty`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  await postStores(url, "timezones", "store_id,timezone_str\n1,Europe/Berlin\n2,UTC\n");
}

/** Fills the service with a bit of everything; returns its ids, and ids of nothing. */
async function fillService(url: string): Promise<Known> {
  await fillAgain(url);
  await until(async () => (await askJson(`${url}/api/continuous-exports/test-001`)).status === 200);
  const path = `${url}/api/meters/123/readings?from=1999-01-01&to=1999-01-02`;
  const deletion = (await askJson(path, { method: "DELETE" })).body;
  const done = await exportToEnd(url, { smart_meter_id: "123", ...RANGE });
  const failed = await exportToEnd(url, { smart_meter_id: "999", ...RANGE });
  const report = await waitForReport(url, await triggerReport(url));
  const none = "00000000-0000-4000-8000-000000000000";
  const tag = `"${done.file_info.sha256}"`;
  const tags = [tag, `W/${tag}`, "*", '"other"', `"other", ${tag}`, tag.slice(1), '"'];
  const dates = ["Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT", "yesterday"];
  return {
    "report_id": [report.report_id, report.report_id.toUpperCase(), done.job_id, none],
    "job_id": [done.job_id, done.job_id.toUpperCase(), failed.job_id, deletion.job_id, none],
    "from": ["2024-01-01T00:00:00Z", "2026-02-01", "soon"],
    "to": ["2024-01-02T00:00:00Z", "2026-02-01", "1999-01-01"],
    "id": ["123", "999", "home:1", "-", "a".repeat(65)],
    "store_id": ["1", "2", "other", "-", "a".repeat(65)],
    "device_id": ["test-001", "a", "empty", "other", "a+b", "a".repeat(65)],
    "start_time": ["2026-02-01T00:00:00Z", "2026-02-01T14:23:45Z", "2026-03-01", "soon"],
    "end_time": ["2026-02-02T00:00:00Z", "2026-02-01T14:23:45Z", "2026-01-01", "soon"],
    "interval": ["1m", "15m", "1h", "1d", "2d"],
    "date": ["2026-02-01", "2026-02-30", "2026-03-29", "1970-01-01", "9999-12-31"],
    "state": ["online", "offline", "away"],
    "profile": ["battery", "appliance", "meter"],
    "cursor": ["a", "test-001", "~"],
    "Accept": ["text/csv", "application/json", "*/*", "image/png", "text/csv;q=0.5"],
    "after": ["123", "", "2026-02-01T14:23:45Z"],
    "dry_run": ["true", "false", "1"],
    "preset": ["household-power", "other"],
    "delimiter": [";", "tab", ",", "|", "x"],
    "decimal": [",", "."],
    "timestamp": ["timestamp", "Date,Time", "a,b,c"],
    "timestamp_format": ["iso", "unix", "unix_ms", "yyyy-MM-dd HH:mm", "yyyy"],
    "timezone": ["Europe/Paris", "UTC", "+01:00", "Mars/Base"],
    "map": ["P:power_kw:W", "note:voltage_v", "P:power_kw,note:power_kw", "P:power_kw:kg", "x"],
    "missing": ["?,NA", "0"],
    "Content-Encoding": ["identity", "gzip", "br"],
    "limit": ["1", "1000", "1001", "01", "1.0", "1e2"],
    "If-Match": tags,
    "If-None-Match": tags,
    "If-Modified-Since": dates,
    "If-Unmodified-Since": dates,
    "Range": ["bytes=0-9", "bytes=-5", "bytes=9999-", "bytes=5-2", "bytes=0-1,3-4", "lines=1"],
    "If-Range": [...tags, ...dates],
    "Prefer": [
      "respond-async",
      "respond-async, wait=0",
      "wait=1",
      'respond-async; wait="5"',
      "respond-async=1",
      ",;=",
    ],
    "Idempotency-Key": ["one", "one", "one", "two", "a".repeat(255), "a".repeat(256), ""],
  };
}

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

function requestsOf(
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
function pathPart(text: string): string {
  const part = encodeURIComponent(text.toWellFormed());
  return /^\.{0,2}$/.test(part) ? "-" : part;
}

/** A text as a header value: only bytes that HTTP allows. */
function headerText(text: string): string {
  return text.replaceAll(/[^\x20-\x7e\xa0-\xff]/g, "\xe9").trim();
}

async function send(
  base: string,
  { method, path }: Pick<DocumentedOperation, "method" | "path">,
  { values, headers, body }: WalkedRequest,
): Promise<ReadAnswer> {
  const sent = new Headers(headers);
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

Deno.test("no request gets a 5xx or an answer that the document does not allow", async (t) => {
  await using folder = await makeTempFolder();
  await using service = await startContinuousService(folder.path);
  const { url } = service;
  const api = await fetchOpenApi(url);
  const known = await fillService(url);
  const met = new Map<string, Set<number>>();
  for (const operation of [...api.operations, ...api.heads]) {
    const statuses = new Set<number>();
    met.set(`${operation.method === "HEAD" ? "HEAD " : ""}${operation.id}`, statuses);
    await t.step(`${operation.method} ${operation.path}`, async () => {
      const property = fc.asyncProperty(requestsOf(operation, { known, api }), async (request) => {
        const answer = await send(url, operation, request);
        assert(answer.status < 500, `${answer.status}: ${answer.text}`);
        api.assertAllowed(operation, answer);
        statuses.add(answer.status);
      });
      await fc.assert(property, { seed: SEED, numRuns: RUNS });
    });
    // The walk may have deleted what the next operation needs.
    if (operation.method === "DELETE") await fillAgain(url);
  }
  // A short walk reaches each kind of answer only by luck.
  await t.step({
    name: "the walk got answers of many kinds",
    ignore: RUNS < THOROUGH_RUNS,
    fn: () => {
      const all: Record<string, number[]> = {
        createExport: [200, 400, 413, 415, 422],
        downloadExport: [200, 206, 304, 404, 412, 416],
        "HEAD downloadExport": [200, 304, 404, 412],
        triggerReport: [200, 400, 413, 415, 422],
        getReport: [200, 404],
        downloadReport: [200, 206, 304, 404, 412, 416],
        "HEAD downloadReport": [200, 304, 404, 412],
        listMeters: [200, 400],
        getMeter: [200, 400, 404],
        deleteMeter: [202, 400, 404],
        deleteMeterReadings: [202, 400, 404],
        deleteDeviceReadings: [202, 400, 404],
        deleteDevice: [202, 400, 404],
        deleteStorePolls: [202, 400, 404],
        deleteStore: [202, 400, 404],
        getJob: [200, 404],
        importReadings: [200, 400, 415],
        postTelemetry: [200, 201, 400, 415],
        listDevices: [200, 400],
        getDevice: [200, 400, 404],
        putDevice: [200, 400, 415],
        listDeviceEvents: [200, 400, 404],
        getDeviceMetrics: [200, 400, 404],
        getDeviceSummary: [200, 400, 404],
        importStoreStatus: [200, 400, 415],
        importStoreHours: [200, 400, 415],
        importStoreTimezones: [200, 400, 415],
        listStores: [200, 400],
        getStore: [200, 400, 404],
        getDocsAsset: [200, 304, 404],
      };
      const missed = Object.entries(all).flatMap(([id, statuses]) =>
        statuses.filter((status) => !met.get(id)?.has(status)).map((status) => `${id} ${status}`)
      );
      assertEquals(missed, []);
    },
  });
  assertEquals(service.logged.filter(({ level }) => level === "error"), []);
});

Deno.test("other methods and other paths get the answers in the document", async () => {
  await using service = await startTestService({ role: "api" });
  const { url } = service;
  const { document, assertResponse } = await fetchOpenApi(url);
  const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"];
  for (const [path, taken] of Object.entries<Json>(document.paths)) {
    const isDocumented = (method: string) =>
      method.toLowerCase() in taken || (method === "HEAD" && "get" in taken);
    const others = methods.filter((method) => !isDocumented(method));
    for (const method of others) {
      const answer = await ask(url + path.replace(/\{\w*id\}/, "1"), {
        method,
      });
      assertEquals(answer.status, 405, `${method} ${path}`);
      assertResponse(method, document["x-other-methods"], answer);
    }
  }
  const part = strangeText().map((text) => `${pathPart(text)}~`);
  const property = fc.asyncProperty(fc.array(part, { maxLength: 4 }), async (parts) => {
    const answer = await ask(`${url}/other/${parts.join("/")}`);
    assertEquals(answer.status, 404);
    assertResponse("GET", document["x-other-paths"], answer);
  });
  await fc.assert(property, { seed: SEED, numRuns: RUNS });
});
