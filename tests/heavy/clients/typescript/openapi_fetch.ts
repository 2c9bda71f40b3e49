// The main job, an import, a telemetry batch and a report with openapi-fetch, whose types
// openapi-typescript generated from the document. Usage: openapi_fetch.js URL KEY
import { strict as assert } from "node:assert";
import createClient from "openapi-fetch";
import type { paths } from "./openapi_fetch_types.js";

const [, , baseUrl = "", key = ""] = process.argv;
const api = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${key}` } });
/** Sends a text as it is, instead of as JSON. */
const asText = (text: unknown) => String(text);
const csvHeaders = { "Content-Type": "text/csv" };

// An import.
const imported = await api.POST("/api/meters/{id}/readings", {
  params: { path: { id: "openapi-fetch" }, query: { dry_run: false } },
  headers: csvHeaders,
  body: "timestamp,power_kw\n2024-01-01T00:00:00Z,1.5\n2024-01-01T00:01:00Z,2\n",
  bodySerializer: asText,
});
assert.equal(imported.data?.inserted, 2, imported.error?.detail);

// The main job: create an export, wait for its end, download the file.
const created = await api.POST("/api/export/csv", {
  params: { header: { Prefer: "wait=30" } },
  body: {
    smart_meter_id: "openapi-fetch",
    start_datetime: "2024-01-01T00:00:00Z",
    end_datetime: "2024-01-01T01:00:00Z",
    format: "csv",
  },
});
const jobId = created.data?.job_id;
assert(jobId !== undefined, created.error?.detail);
const status = await api.GET("/api/export/status/{job_id}", {
  params: { path: { job_id: jobId }, header: { Prefer: "wait=30" } },
});
assert(status.data?.status === "completed", JSON.stringify(status.data));
assert.equal(status.data.file_info.record_count, 2);
const file = await api.GET("/api/export/download/{job_id}", {
  params: { path: { job_id: jobId } },
  parseAs: "text",
});
assert.equal(file.data?.trim().split("\n").length, 3, file.error?.detail);

// A telemetry batch.
const sent = await api.POST("/telemetry", {
  body: [60.5, 61].map((soc_percent, second) => ({
    device_id: "openapi-fetch",
    timestamp: `2026-02-01T14:23:0${second}Z`,
    metrics: { soc_percent, voltage_v: 385.2, current_a: -45.3, temp_c: null },
  })),
});
assert(sent.data !== undefined && "created" in sent.data, sent.error?.detail);
assert.equal(sent.data.created, 2);

// A report.
const polls = await api.POST("/stores/status", {
  headers: csvHeaders,
  body: "store_id,timestamp_utc,status\nopenapi-fetch,2023-01-25T12:00:00Z,active\n",
  bodySerializer: asText,
});
assert.equal(polls.data?.inserted, 1, polls.error?.detail);
const report = await api.POST("/trigger_report", {
  params: { header: { Prefer: "wait=30" } },
  body: {},
});
const reportId = report.data?.report_id;
assert(reportId !== undefined, report.error?.detail);
const done = await api.GET("/get_report/{report_id}", {
  params: { path: { report_id: reportId } },
});
assert(done.data?.status === "Complete", JSON.stringify(done.data));
const table = await api.GET("/download_report/{report_id}", {
  params: { path: { report_id: reportId } },
  parseAs: "text",
});
assert.match(table.data ?? "", /^openapi-fetch,/m);

// An error has a type too.
const missing = await api.GET("/devices/{device_id}", { params: { path: { device_id: "none" } } });
assert.equal(missing.error?.code, "DEVICE_NOT_FOUND");

// So has a request without a key.
const refused = await createClient<paths>({ baseUrl }).GET("/devices");
assert.equal(refused.error?.code, "UNAUTHENTICATED");
console.log("openapi-fetch: done");
