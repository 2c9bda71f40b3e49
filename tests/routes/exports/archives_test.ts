import { assert, assertEquals } from "../../support/assert.ts";
import { importText, postJson, startTestService, waitForEnd } from "../../support/service.ts";
import { unzip } from "../../support/unzip.ts";
import { minuteLines, UPLOAD_HEADER } from "../meters/meter_csv.ts";
import { exportOf, linesOf } from "./export_of.ts";

const DAY = { start_datetime: "2024-01-01", end_datetime: "2024-01-01" } as const;

async function gunzip(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return await new Response(plain).text();
}

Deno.test("compression: gzip writes the same file as one gzip member", async () => {
  await using service = await startTestService();
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(0, 1_440));
  const plain = await exportOf(service.url, { smart_meter_id: "123", ...DAY });
  const packed = await exportOf(service.url, {
    smart_meter_id: "123",
    ...DAY,
    compression: "gzip",
  });
  assertEquals(await gunzip(packed.bytes), plain.text);
  assert(packed.bytes.length < plain.bytes.length / 4);
  assertEquals(packed.status.file_info.filename, "smart_meter_123_20240101_20240101.csv.gz");
  assertEquals(packed.headers.get("content-type"), "application/gzip");
});

Deno.test("layout: per_source is an archive with a file for each meter", async () => {
  await using service = await startTestService();
  await importText(service.url, "a:b", UPLOAD_HEADER + minuteLines(0, 2));
  await importText(service.url, "a_b", UPLOAD_HEADER + minuteLines(5, 1));
  const { bytes, status } = await exportOf(service.url, {
    smart_meter_ids: ["a:b", "a_b", "silent"],
    ...DAY,
    layout: "per_source",
    gaps: "report",
  });
  const files = Object.entries(unzip(bytes)).map(([name, file]) =>
    [name, linesOf(new TextDecoder().decode(file))] as const
  );
  assertEquals(files.map(([name, lines]) => [name, lines.length]), [
    // Not every system allows colons in names, so two names would be the same.
    ["smart_meter_a_b_20240101_20240101.csv", 3],
    ["smart_meter_a_b_20240101_20240101_2.csv", 2],
    ["smart_meter_silent_20240101_20240101.csv", 1],
    ["smart_meters_3_20240101_20240101_gaps.csv", 2],
  ]);
  // After minutes 0 and 1, the other 1,438 of the day are missing. One reading has no cadence.
  assertEquals(files[3][1][1], "a:b,2024-01-01T00:02:00Z,2024-01-02T00:00:00Z,1438");
  assertEquals(status.file_info.filename, "smart_meters_3_20240101_20240101.zip");
  assertEquals(status.file_info.record_count, 3);
});

Deno.test("the same request over the same data writes the same bytes in every form", async () => {
  await using service = await startTestService();
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(0, 3_000));
  await importText(service.url, "124", UPLOAD_HEADER + minuteLines(7, 90));
  const both = {
    smart_meter_ids: ["123", "124"],
    start_datetime: "2024-01-01",
    end_datetime: "2024-01-03",
  };
  const wide = { columns: ["power_kw"], layout: "wide" };
  for (
    const form of [
      {},
      { compression: "gzip", interval: "15m" },
      { layout: "per_source" },
      { ...wide, gaps: "null" },
      { format: "json", gaps: "report" },
      { format: "ndjson", compression: "zip" },
    ]
  ) {
    const [one, other] = [
      await exportOf(service.url, { ...both, ...form }),
      await exportOf(service.url, { ...both, ...form }),
    ];
    assertEquals(one.status.file_info.sha256, other.status.file_info.sha256, JSON.stringify(form));
  }
});

Deno.test("rows for gaps at a cadence of a millisecond over a year are refused before they fill the disk", async () => {
  await using service = await startTestService();
  const lines = ["00.000", "00.001", "00.002"].map((second) =>
    `2024-01-01T00:00:${second}Z,1,,,\n`
  );
  await importText(service.url, "quick", UPLOAD_HEADER + lines.join(""));
  const { body } = await postJson(`${service.url}/api/exports`, {
    smart_meter_id: "quick",
    start_datetime: "2024-01-01",
    end_datetime: "2024-12-31",
    gaps: "null",
  });
  const { status, error } = await waitForEnd(service.url, body.job_id);
  // A leap year has 366 * 86,400,000 milliseconds.
  assertEquals([status, error.code, error.message], [
    "failed",
    "EXPORT_FAILED",
    "The file would have 31622400000 rows, most of them for gaps; the most is 1000000000",
  ]);
});
