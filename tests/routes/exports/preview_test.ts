import { assert, assertEquals } from "../../support/assert.ts";
import { askJson, importText, postJson, startTestService } from "../../support/service.ts";
import { minuteLines, minuteStream, UPLOAD_HEADER } from "../meters/meter_csv.ts";
import { exportOf, linesOf } from "./export_of.ts";

const DAY = { start_datetime: "2024-01-01", end_datetime: "2024-01-01" } as const;

/** Options of an export whose first rows a preview must show as the file has them. */
const OPTIONS: Record<string, Record<string, string>> = {
  "readings as they are": {},
  "local time for Excel": { timezone: "Europe/Berlin", csv: "excel-de", utc: "true" },
  "rows for gaps": { gaps: "null", columns: "timestamp,power_kw" },
  "quarter hours": { interval: "15m", aggregates: '{"power_kw":["max"]}' },
  "quarter hours with gaps": { interval: "15m", gaps: "null" },
  "NDJSON": { format: "ndjson" },
};

for (const [what, options] of Object.entries(OPTIONS)) {
  Deno.test(`a preview of ${what} shows the first ten rows of the file`, async () => {
    await using service = await startTestService();
    await importText(service.url, "123", UPLOAD_HEADER + minuteLines(20, 600));
    const query = new URLSearchParams({ smart_meter_id: "123", ...DAY, ...options });
    const { status, body } = await askJson(`${service.url}/api/exports/preview?${query}`);
    assertEquals(status, 200);
    const { text, status: done } = await exportOf(service.url, {
      smart_meter_id: "123",
      ...DAY,
      ...options,
      ...("utc" in options ? { utc: true } : {}),
      ...("columns" in options ? { columns: options.columns.split(",") } : {}),
      ...("aggregates" in options ? { aggregates: JSON.parse(options.aggregates) } : {}),
    });
    const shown = linesOf(body.first_rows);
    assertEquals(shown, linesOf(text).slice(0, shown.length));
    assertEquals(body.first_row_count, 10);
    assertEquals(body.rows, done.file_info.record_count);
    assertEquals(body.readings, 600);
    assertEquals(body.filename, done.file_info.filename);
    // A day has 1,440 minutes.
    assertEquals(body.missing_intervals, 1_440 - 600);
    const size = done.file_info.file_size_bytes;
    assert(Math.abs(body.size_bytes - size) < 0.1 * size, `${body.size_bytes} for ${size}`);
  });
}

Deno.test("a preview of a part of a year counts its readings exactly, and nearly without decoding", async () => {
  await using service = await startTestService();
  await askJson(`${service.url}/api/meters/123/readings`, {
    method: "POST",
    headers: { "content-type": "text/csv" },
    body: minuteStream(60_000),
  });
  const { body } = await postJson(`${service.url}/api/exports/preview`, {
    smart_meter_ids: ["123", "silent"],
    start_datetime: "2024-01-03T00:30:00Z",
    end_datetime: "2024-02-01T07:29:59Z",
    compression: "gzip",
  });
  // From 3 January, 00:30, to 1 February, 07:30: 29 days and 7 hours.
  assertEquals([body.rows, body.is_exact], [29 * 1_440 + 7 * 60, true]);
  assertEquals([body.sources, body.sources_with_readings], [2, 1]);
  assertEquals(body.first_rows.split("\n")[1].split(",").slice(0, 2), [
    "2024-01-03T00:30:00Z",
    "123",
  ]);
});

Deno.test("a preview with rows for gaps shows those of a source without readings, too", async () => {
  await using service = await startTestService();
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(0, 120));
  const request = {
    smart_meter_ids: ["silent", "123"],
    ...DAY,
    interval: "1h",
    gaps: "null",
    columns: ["timestamp", "smart_meter_id", "power_kw"],
  };
  const { body } = await postJson(`${service.url}/api/exports/preview`, request);
  const { text, status } = await exportOf(service.url, request);
  assertEquals(linesOf(body.first_rows), linesOf(text).slice(0, 11));
  // Two meters have 24 hours each.
  assertEquals([body.rows, status.file_info.record_count], [48, 48]);
});

Deno.test("a preview of a wide file of 150 meters shows the columns of 100", async () => {
  await using service = await startTestService();
  const ids = Array.from({ length: 150 }, (_, index) => `m${index}`);
  const rows = ids.flatMap((id, index) =>
    Array.from({ length: 60 }, (_, minute) => {
      const time = `2024-01-01T00:${String(minute).padStart(2, "0")}:00Z`;
      return `${time},${id},${(1000 + index) / 1000},1.5,230,6.5\n`;
    })
  );
  const header = "timestamp,smart_meter_id,energy_kwh,power_kw,voltage_v,current_a\n";
  await askJson(`${service.url}/api/readings`, {
    method: "POST",
    headers: { "content-type": "text/csv" },
    body: header + rows.join(""),
  });
  const request = {
    smart_meter_ids: ids,
    ...DAY,
    layout: "wide",
    columns: ["timestamp", "energy_kwh"],
  };
  const { body } = await postJson(`${service.url}/api/exports/preview`, request);
  const { text, status } = await exportOf(service.url, request);
  const cut = linesOf(text).slice(0, 11).map((line) => line.split(",").slice(0, 101).join());
  assertEquals(linesOf(body.first_rows), cut);
  assertEquals(body.columns, linesOf(text)[0].split(","));
  assertEquals([body.rows, body.sources_with_readings], [60, 150]);
  const size = status.file_info.file_size_bytes;
  assert(Math.abs(body.size_bytes - size) < 0.1 * size, `${body.size_bytes} for ${size}`);
});

Deno.test("a preview of a source without readings has no rows", async () => {
  await using service = await startTestService();
  const { body } = await postJson(`${service.url}/api/exports/preview`, {
    smart_meter_id: "silent",
    ...DAY,
  });
  assertEquals([body.rows, body.first_row_count, body.missing_intervals], [0, 0, null]);
  assertEquals(
    body.first_rows,
    "timestamp,smart_meter_id,energy_kwh,power_kw,voltage_v,current_a\n",
  );
});
