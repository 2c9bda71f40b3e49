import { assertEquals } from "../../support/assert.ts";
import { askJson, importText, startTestService } from "../../support/service.ts";
import { FILE_HEADER, minuteLines, UPLOAD_HEADER } from "../meters/meter_csv.ts";
import { exportOf, linesOf } from "./export_of.ts";

const DAY = { start_datetime: "2024-01-01", end_datetime: "2024-01-01" } as const;

Deno.test("POST /api/exports writes the same file as the first contract", async () => {
  await using service = await startTestService();
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(0, 3));
  const { text, status, headers } = await exportOf(service.url, { smart_meter_id: "123", ...DAY });
  assertEquals(
    text,
    FILE_HEADER + "2024-01-01T00:00:00Z,123,0.05,3,220.5,0\n" +
      "2024-01-01T00:01:00Z,123,0.05,3,221.5,1\n2024-01-01T00:02:00Z,123,0.05,3,222.5,2\n",
  );
  assertEquals(status.file_info.filename, "smart_meter_123_20240101_20240101.csv");
  assertEquals(headers.get("content-type"), "text/csv; charset=utf-8; header=present");
});

Deno.test("times are on the clock of the zone, and its days name the file", async () => {
  await using service = await startTestService({ now: () => Date.UTC(2026, 10, 15) });
  // Berlin is two hours ahead of UTC until 25 October 2026, 01:00 UTC, then one.
  await importText(
    service.url,
    "123",
    UPLOAD_HEADER + "2026-09-30T21:59:00Z,1,1,1,1\n2026-09-30T22:00:00Z,2,1,1,1\n" +
      "2026-10-25T00:30:00Z,3,1,1,1\n2026-10-25T01:30:00Z,4,1,1,1\n" +
      "2026-10-31T22:59:00Z,5,1,1,1\n2026-10-31T23:00:00Z,6,1,1,1\n",
  );
  const { text, status } = await exportOf(service.url, {
    smart_meter_id: "123",
    start_datetime: "2026-10-01",
    end_datetime: "2026-10-31",
    timezone: "Europe/Berlin",
    columns: ["timestamp", "energy_kwh"],
    utc: true,
  });
  assertEquals(linesOf(text), [
    "timestamp,utc,energy_kwh",
    "2026-10-01T00:00:00+02:00,2026-09-30T22:00:00Z,2",
    "2026-10-25T02:30:00+02:00,2026-10-25T00:30:00Z,3",
    "2026-10-25T02:30:00+01:00,2026-10-25T01:30:00Z,4",
    "2026-10-31T23:59:00+01:00,2026-10-31T22:59:00Z,5",
  ]);
  assertEquals(status.file_info.filename, "smart_meter_123_20261001_20261031.csv");
});

Deno.test("each metric is aggregated as its profile says, and completeness counts readings", async () => {
  await using service = await startTestService();
  // 0.1 + 0.2 is exactly 0.3 as decimals; three of fifteen minutes are there, then fifteen.
  await importText(
    service.url,
    "123",
    UPLOAD_HEADER + "2024-01-01T00:00:00Z,0.1,1,230,\n2024-01-01T00:01:00Z,0.2,2,231,\n" +
      "2024-01-01T00:02:00Z,,4,,\n" + minuteLines(15, 15),
  );
  const { text } = await exportOf(service.url, { smart_meter_id: "123", ...DAY, interval: "15m" });
  assertEquals(linesOf(text), [
    "timestamp,smart_meter_id,energy_kwh,power_kw,voltage_v,current_a,completeness",
    // (1 + 2 + 4) / 3, to nine decimals, and (230 + 231) / 2; 3 of 15 readings.
    "2024-01-01T00:00:00Z,123,0.3,2.333333333,230.5,,0.2",
    // Minutes 15 to 29: 15 × 0.05; voltages 235.5 to 239.5 and 220.5 to 229.5; currents 5 to 9, 0 to 9.
    "2024-01-01T00:15:00Z,123,0.75,3,229.166666667,5.333333333,1",
  ]);
});

Deno.test("aggregates replace those of the profile, in columns that name them", async () => {
  await using service = await startTestService();
  await importText(
    service.url,
    "123",
    UPLOAD_HEADER + "2024-01-01T00:00:00Z,,1.5,,\n2024-01-01T00:30:00Z,,,,\n" +
      "2024-01-01T01:00:00Z,,-2.25,,\n2024-01-01T02:00:00Z,,1,,\n",
  );
  const { text } = await exportOf(service.url, {
    smart_meter_id: "123",
    ...DAY,
    interval: "1d",
    aggregates: { power_kw: ["min", "max", "first", "last", "count", "sum"] },
    columns: [
      "power_kw_max",
      "power_kw_min",
      "power_kw_first",
      "power_kw_last",
      "power_kw_count",
      "power_kw_sum",
    ],
  });
  assertEquals(linesOf(text), [
    "timestamp,power_kw_max,power_kw_min,power_kw_first,power_kw_last,power_kw_count,power_kw_sum",
    "2024-01-01T00:00:00Z,1.5,-2.25,1.5,1,3,0.25",
  ]);
});

Deno.test("gaps: null writes a row for each missing interval, from the start of the range to its end", async () => {
  await using service = await startTestService();
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(1, 2) + minuteLines(5, 1));
  const { text, status } = await exportOf(service.url, {
    smart_meter_id: "123",
    start_datetime: "2024-01-01T00:00:00Z",
    end_datetime: "2024-01-01T00:06:00Z",
    gaps: "null",
    columns: ["timestamp", "power_kw"],
  });
  assertEquals(linesOf(text).slice(1), [
    "2024-01-01T00:00:00Z,",
    "2024-01-01T00:01:00Z,3",
    "2024-01-01T00:02:00Z,3",
    "2024-01-01T00:03:00Z,",
    "2024-01-01T00:04:00Z,",
    "2024-01-01T00:05:00Z,3",
    "2024-01-01T00:06:00Z,",
  ]);
  assertEquals(status.file_info.missing_intervals, 4);
});

Deno.test("gaps: null with an interval writes a row for each bucket", async () => {
  await using service = await startTestService();
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(60, 60));
  const { text } = await exportOf(service.url, {
    smart_meter_id: "123",
    start_datetime: "2024-01-01T00:00:00Z",
    end_datetime: "2024-01-01T02:59:59Z",
    interval: "1h",
    gaps: "null",
    columns: ["timestamp", "energy_kwh", "completeness"],
  });
  assertEquals(linesOf(text).slice(1), [
    "2024-01-01T00:00:00Z,,0",
    "2024-01-01T01:00:00Z,3,1",
    "2024-01-01T02:00:00Z,,0",
  ]);
});

Deno.test("gaps: report lists the gaps beside the file", async () => {
  await using service = await startTestService();
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(2, 3) + minuteLines(8, 1));
  const { id, text } = await exportOf(service.url, {
    smart_meter_id: "123",
    start_datetime: "2024-01-01T00:00:00Z",
    end_datetime: "2024-01-01T00:09:59Z",
    gaps: "report",
  });
  assertEquals(linesOf(text).length, 1 + 4);
  const { body } = await askJson(`${service.url}/api/exports/${id}`);
  const gap = (from: string, to: string, missing: number) => ({
    source: "123",
    from: `2024-01-01T00:${from}:00Z`,
    to: `2024-01-01T00:${to}:00Z`,
    missing,
  });
  assertEquals(body.gaps, {
    count: 3,
    missing: 6,
    listed: [gap("00", "02", 2), gap("05", "08", 3), gap("09", "10", 1)],
    download_url: `/api/exports/${id}/gaps`,
  });
  const list = await fetch(service.url + body.gaps.download_url);
  assertEquals(linesOf(await list.text()), [
    "source,from,to,missing",
    "123,2024-01-01T00:00:00Z,2024-01-01T00:02:00Z,2",
    "123,2024-01-01T00:05:00Z,2024-01-01T00:08:00Z,3",
    "123,2024-01-01T00:09:00Z,2024-01-01T00:10:00Z,1",
  ]);
  assertEquals(
    list.headers.get("content-disposition"),
    'attachment; filename="smart_meter_123_20240101_20240101_gaps.csv"',
  );
  const plain = await exportOf(service.url, { smart_meter_id: "123", ...DAY });
  assertEquals((await askJson(`${service.url}/api/exports/${plain.id}/gaps`)).status, 404);
});

Deno.test("a long file of several meters has one after the other", async () => {
  await using service = await startTestService();
  await importText(service.url, "b", UPLOAD_HEADER + minuteLines(0, 2));
  await importText(service.url, "a", UPLOAD_HEADER + minuteLines(1, 2));
  const { text, status } = await exportOf(service.url, {
    smart_meter_ids: ["b", "a", "silent"],
    ...DAY,
    columns: ["timestamp", "smart_meter_id", "current_a"],
  });
  assertEquals(linesOf(text).slice(1), [
    "2024-01-01T00:00:00Z,b,0",
    "2024-01-01T00:01:00Z,b,1",
    "2024-01-01T00:01:00Z,a,1",
    "2024-01-01T00:02:00Z,a,2",
  ]);
  assertEquals(status.file_info.filename, "smart_meters_3_20240101_20240101.csv");
  assertEquals(status.file_info.record_count, 4);
});

Deno.test("a wide file has a column for each meter, and a row for each time of one of them", async () => {
  await using service = await startTestService();
  await importText(service.url, "b", UPLOAD_HEADER + minuteLines(0, 2));
  await importText(service.url, "a", UPLOAD_HEADER + minuteLines(1, 2));
  const { text } = await exportOf(service.url, {
    smart_meter_ids: ["b", "a"],
    ...DAY,
    columns: ["timestamp", "current_a"],
    layout: "wide",
  });
  assertEquals(linesOf(text), [
    "timestamp,b,a",
    "2024-01-01T00:00:00Z,0,",
    "2024-01-01T00:01:00Z,1,1",
    "2024-01-01T00:02:00Z,,2",
  ]);
});

Deno.test("a range in which a meter was silent is reported as one gap", async () => {
  await using service = await startTestService();
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(0, 60));
  const range = { start_datetime: "2024-02-01", end_datetime: "2024-02-01" };
  const { id } = await exportOf(service.url, { smart_meter_id: "123", ...range, gaps: "report" });
  const { body } = await askJson(`${service.url}/api/exports/${id}`);
  // It measures every minute, and a day has 1,440.
  assertEquals([body.gaps.count, body.gaps.missing], [1, 1_440]);
});

Deno.test("XML has as many decimals as the readings have, as a power of ten", async () => {
  await using service = await startTestService();
  await importText(
    service.url,
    "123",
    UPLOAD_HEADER + "2024-01-01T00:00:00Z,0.05,3,,\n2024-01-01T00:01:00Z,0.1234567,-2.5,,\n",
  );
  const { text, headers, status } = await exportOf(service.url, {
    smart_meter_id: "123",
    ...DAY,
    columns: ["timestamp", "energy_kwh", "power_kw"],
    format: "xml",
  });
  const all = (pattern: RegExp) => [...text.matchAll(pattern)].map(([, found]) => found);
  // 10^-7 kWh are 10^-4 Wh; 10^-1 kW are 10^2 W.
  assertEquals(all(/<powerOfTenMultiplier>(.*?)</g), ["-4", "2"]);
  assertEquals(all(/<value>(.*?)</g), ["500000", "1234567", "30", "-25"]);
  assertEquals(headers.get("content-type"), "application/atom+xml; charset=utf-8");
  assertEquals(status.file_info.filename, "smart_meter_123_20240101_20240101.xml");
});
