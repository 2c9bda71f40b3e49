import { assert, assertEquals } from "../../support/assert.ts";
import { importText, postJson, startTestService } from "../../support/service.ts";
import { message } from "../../support/telemetry.ts";
import { minuteLines, UPLOAD_HEADER } from "../meters/meter_csv.ts";
import { exportOf } from "./export_of.ts";

/** How the files of each format begin, and their media type. */
const FORMATS: Record<string, [start: string, contentType: string]> = {
  csv: ["timestamp,", "text/csv; charset=utf-8; header=present"],
  json: ["{", "application/json"],
  ndjson: ['{"timestamp"', "application/x-ndjson"],
  xml: ["<?xml", "application/atom+xml; charset=utf-8"],
  parquet: ["PAR1", "application/vnd.apache.parquet"],
  xlsx: ["PK", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
};

for (const [format, [start, contentType]] of Object.entries(FORMATS)) {
  Deno.test(`an export as ${format} is a file of its format, in every layout and interval`, async () => {
    await using service = await startTestService();
    await importText(service.url, "1", UPLOAD_HEADER + minuteLines(0, 90));
    await importText(service.url, "2", UPLOAD_HEADER + minuteLines(100, 90));
    const range = { start_datetime: "2024-01-01", end_datetime: "2024-01-01", format };
    const both = { ...range, smart_meter_ids: ["1", "2"] };
    const requests = [
      { ...range, smart_meter_id: "1", timezone: "Europe/Berlin" },
      { ...range, smart_meter_id: "1", interval: "15m", gaps: "report" },
      both,
      { ...both, layout: "per_source", interval: "1h" },
      ...(format === "xml" ? [] : [
        { ...both, layout: "wide", columns: ["power_kw"], gaps: "null" },
        { ...both, interval: "1mo" },
      ]),
    ];
    for (const request of requests) {
      const { bytes, headers, status } = await exportOf(service.url, request);
      const isZip = "layout" in request && request.layout === "per_source";
      const first = new TextDecoder().decode(bytes.subarray(0, isZip ? 2 : start.length));
      assertEquals(first, isZip ? "PK" : start, JSON.stringify(request));
      assertEquals(headers.get("content-type"), isZip ? "application/zip" : contentType);
      assert(status.file_info.filename.endsWith(isZip ? ".zip" : `.${format}`));
      const preview = await postJson(`${service.url}/api/exports/preview`, request);
      assertEquals([preview.status, preview.body.first_row_count > 0], [200, true]);
    }
  });
}

Deno.test("devices are exported in every format", async () => {
  await using service = await startTestService();
  for (const minute of [0, 1]) {
    const timestamp = new Date(Date.UTC(2026, 1, 1, 0, minute)).toISOString();
    await postJson(`${service.url}/telemetry`, message({ device_id: "b-1", timestamp }));
  }
  for (const format of Object.keys(FORMATS)) {
    const { status } = await exportOf(service.url, {
      device_id: "b-1",
      start_datetime: "2026-02-01",
      end_datetime: "2026-02-01",
      format,
    });
    assertEquals(status.file_info.record_count, 2, format);
  }
});
