// The main job, an import, a telemetry batch and a report with the client that @hey-api/openapi-ts
// generated from the document. Usage: hey_api.js URL KEY
import { strict as assert } from "node:assert";
import { createClient } from "./hey_api/client/index.js";
import {
  createExport,
  downloadExport,
  downloadReport,
  getDevice,
  getExportStatus,
  getReport,
  importReadings,
  importStoreStatus,
  listDevices,
  postTelemetry,
  triggerReport,
} from "./hey_api/index.js";

const [, , baseUrl = "", key = ""] = process.argv;
// The generated functions know how to present a key.
const client = createClient({ baseUrl, auth: key });
const headers = { Prefer: "wait=30" };

// An import. Of several kinds of body this generator knows JSON.
const imported = await importReadings({
  client,
  path: { id: "hey-api" },
  query: { dry_run: false },
  body: [
    { timestamp: "2024-01-01T00:00:00Z", power_kw: 1.5 },
    { timestamp: "2024-01-01T00:01:00Z", power_kw: 2 },
  ],
});
assert.equal(imported.data?.inserted, 2, imported.error?.detail);

// The main job: create an export, wait for its end, download the file.
const created = await createExport({
  client,
  headers,
  body: {
    smart_meter_id: "hey-api",
    start_datetime: "2024-01-01T00:00:00Z",
    end_datetime: "2024-01-01T01:00:00Z",
    format: "csv",
  },
});
assert(created.data !== undefined, created.error?.detail);
const path = { job_id: created.data.job_id };
const status = await getExportStatus({ client, path, headers });
assert(status.data?.status === "completed", JSON.stringify(status.data));
assert.equal(status.data.file_info.record_count, 2);
const file = await downloadExport({ client, path, parseAs: "text" });
// The generator takes all files for binary ones, whatever `parseAs` says.
assert.equal(String(file.data).trim().split("\n").length, 3, file.error?.detail);

// A telemetry batch.
const sent = await postTelemetry({
  client,
  body: [60.5, 61].map((soc_percent, second) => ({
    device_id: "hey-api",
    timestamp: `2026-02-01T14:23:0${second}Z`,
    metrics: { soc_percent, voltage_v: 385.2, current_a: -45.3, temp_c: null },
  })),
});
assert(sent.data !== undefined && "created" in sent.data, sent.error?.detail);
assert.equal(sent.data.created, 2);

// A report.
const polls = await importStoreStatus({
  client,
  body: new Blob(["store_id,timestamp_utc,status\nhey-api,2023-01-25T12:00:00Z,active\n"]),
});
assert.equal(polls.data?.inserted, 1, polls.error?.detail);
const report = await triggerReport({ client, headers, body: {} });
assert(report.data !== undefined, report.error?.detail);
const reportPath = { report_id: report.data.report_id };
const done = await getReport({ client, path: reportPath });
assert(done.data?.status === "Complete", JSON.stringify(done.data));
const table = await downloadReport({ client, path: reportPath, parseAs: "blob" });
assert.match(await table.data?.text() ?? "", /^hey-api,/m);

// An error has a type too.
const missing = await getDevice({ client, path: { device_id: "none" } });
assert.equal(missing.error?.code, "DEVICE_NOT_FOUND");

// So has a request without a key.
const refused = await listDevices({ client: createClient({ baseUrl }) });
assert.equal(refused.error?.code, "UNAUTHENTICATED");
console.log("hey-api: done");
