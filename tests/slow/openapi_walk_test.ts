import fc from "fast-check";
import { assert, assertEquals } from "../support/assert.ts";
import { strangeText } from "../support/json_arbitrary.ts";
import { ask, fetchOpenApi, type Json } from "../support/openapi.ts";
import { type Known, pathPart, RANGE, requestsOf, send } from "../support/openapi_walk.ts";
import { triggerReport, waitForReport } from "../support/reports.ts";
import { askJson, exportToEnd, importText, startTestService } from "../support/service.ts";
import { startContinuousService } from "../support/continuous_service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { until } from "../support/until.ts";
import { postStores } from "../support/stores.ts";
import { APPLIANCE, message, postTelemetry } from "../support/telemetry.ts";
import { amount } from "../support/thorough.ts";

/** Another seed makes other requests; a failure prints the seed. */
const SEED = Number(Deno.env.get("WALK_SEED") ?? 20_240_501);
/** Requests to each operation in a full walk. */
const THOROUGH_RUNS = 300;
/** Requests to each operation. */
const RUNS = Number(
  Deno.env.get("WALK_RUNS") ?? amount({ quick: 60, thorough: THOROUGH_RUNS }),
);

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

/** Answers that the whole walk must get. Other operations are walked a quarter as long. */
const ANSWERS: Readonly<Record<string, readonly number[]>> = {
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

Deno.test("no request gets a 5xx or an answer that the document does not allow", async (t) => {
  await using folder = await makeTempFolder();
  await using service = await startContinuousService(folder.path);
  const { url } = service;
  const api = await fetchOpenApi(url);
  const known = await fillService(url);
  const met = new Map<string, Set<number>>();
  for (const operation of [...api.operations, ...api.heads]) {
    const statuses = new Set<number>();
    const name = `${operation.method === "HEAD" ? "HEAD " : ""}${operation.id}`;
    met.set(name, statuses);
    await t.step(`${operation.method} ${operation.path}`, async () => {
      const property = fc.asyncProperty(requestsOf(operation, { known, api }), async (request) => {
        const answer = await send(url, operation, request);
        assert(answer.status < 500, `${answer.status}: ${answer.text}`);
        api.assertAllowed(operation, answer);
        statuses.add(answer.status);
      });
      const numRuns = name in ANSWERS ? RUNS : Math.ceil(RUNS / 8);
      await fc.assert(property, { seed: SEED, numRuns });
    });
    // The walk may have deleted what the next operation needs.
    if (operation.method === "DELETE") await fillAgain(url);
  }
  // A short walk reaches each kind of answer only by luck.
  await t.step({
    name: "the walk got answers of many kinds",
    ignore: RUNS < THOROUGH_RUNS,
    fn: () => {
      const missed = Object.entries(ANSWERS).flatMap(([id, statuses]) =>
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
