import { assertEquals } from "../../support/assert.ts";
import { exportToEnd, importText, startTestService } from "../../support/service.ts";
import { TEN_MINUTES } from "./export_example.ts";
import { FILE_HEADER, minuteLines, minuteText, UPLOAD_HEADER } from "../meters/meter_csv.ts";

const SAMPLE = new URL(
  "../../../../shared/data/openwatts_sample/smart_meter_123_20240101_20240101.csv",
  import.meta.url,
);
const hasSample = await Deno.stat(SAMPLE).then(() => true, () => false);

/** Imports an upload and exports it; returns the text of the file and its number of readings. */
async function roundTrip(
  upload: string,
  range: { start_datetime: string; end_datetime: string } = TEN_MINUTES,
): Promise<{ text: string; records: number; sizeBytes: number }> {
  await using service = await startTestService();
  await importText(service.url, "123", upload);
  const { file_info } = await exportToEnd(service.url, { ...TEN_MINUTES, ...range });
  const file = await fetch(service.url + file_info.download_url);
  const text = await file.text();
  return { text, records: file_info.record_count, sizeBytes: file_info.file_size_bytes };
}

Deno.test("a file contains both ends of the range and nothing outside", async () => {
  const upload = UPLOAD_HEADER +
    "2023-12-31T23:59:59.999Z,1,1,1,1\n" +
    "2024-01-01T00:00:00Z,2,2,2,2\n" +
    "2024-01-01T00:10:00Z,3,3,3,3\n" +
    "2024-01-01T00:10:00.001Z,4,4,4,4\n";
  const { text, records } = await roundTrip(upload);
  assertEquals(
    text,
    FILE_HEADER + "2024-01-01T00:00:00Z,123,2,2,2,2\n2024-01-01T00:10:00Z,123,3,3,3,3\n",
  );
  assertEquals(records, 2);
});

Deno.test("bare dates are whole UTC days, and the file is named after them", async () => {
  await using service = await startTestService();
  const upload = UPLOAD_HEADER +
    "2023-12-31T23:59:59.999Z,1,1,1,1\n" +
    "2024-01-01T00:00:00Z,2,2,2,2\n" +
    "2024-01-31T23:59:59.999Z,3,3,3,3\n" +
    "2024-02-01T00:00:00Z,4,4,4,4\n";
  await importText(service.url, "123", upload);
  const days = { ...TEN_MINUTES, start_datetime: "2024-01-01", end_datetime: "2024-01-31" };
  const { file_info } = await exportToEnd(service.url, days);
  const file = await fetch(service.url + file_info.download_url);
  assertEquals(
    await file.text(),
    FILE_HEADER + "2024-01-01T00:00:00Z,123,2,2,2,2\n2024-01-31T23:59:59.999Z,123,3,3,3,3\n",
  );
  assertEquals(file_info.filename, "smart_meter_123_20240101_20240131.csv");
  assertEquals(file_info.export_period, {
    start: "2024-01-01T00:00:00Z",
    end: "2024-01-31T23:59:59.999Z",
  });
});

Deno.test("an end with a fraction includes the reading of exactly that millisecond", async () => {
  const upload = UPLOAD_HEADER + "2024-01-01T00:05:00.125Z,1,1,1,1\n" +
    "2024-01-01T00:05:00.126Z,2,2,2,2\n";
  const { text } = await roundTrip(upload, {
    start_datetime: "2024-01-01T00:00:00Z",
    end_datetime: "2024-01-01T00:05:00.125Z",
  });
  assertEquals(text, FILE_HEADER + "2024-01-01T00:05:00.125Z,123,1,1,1,1\n");
});

Deno.test("a file is in the order of time, in whatever order readings were uploaded", async () => {
  const upload = UPLOAD_HEADER + minuteLines(5, 1) + minuteLines(0, 2) + minuteLines(9, 1) +
    minuteLines(3, 1);
  const { text } = await roundTrip(upload);
  const times = text.trimEnd().split("\n").slice(1).map((line) => line.split(",")[0]);
  assertEquals(times, [0, 1, 3, 5, 9].map(minuteText));
});

Deno.test("a time has a fraction only if its reading has one", async () => {
  const upload = UPLOAD_HEADER + "2024-01-01T00:00:00.000Z,1,1,1,1\n" +
    "2024-01-01T00:00:01.375Z,1,1,1,1\n" +
    "2024-01-01T00:00:02Z,1,1,1,1\n" +
    // 01:00:03 two hours east is 23:00:03 of the day before, 00:00:03 an hour west is 01:00:03.
    "2023-12-31T23:00:03-01:00,1,1,1,1\n";
  const { text } = await roundTrip(upload);
  const times = text.trimEnd().split("\n").slice(1).map((line) => line.split(",")[0]);
  assertEquals(times, [
    "2024-01-01T00:00:00Z",
    "2024-01-01T00:00:01.375Z",
    "2024-01-01T00:00:02Z",
    "2024-01-01T00:00:03Z",
  ]);
});

Deno.test("numbers are the shortest exact decimals", async () => {
  const upload = UPLOAD_HEADER + "2024-01-01T00:00:00Z,0.10,231.0,230.100,-0.0\n" +
    "2024-01-01T00:01:00Z,007.5,-1.50,1e3,.5\n" +
    "2024-01-01T00:02:00Z,0.000001,123456.789,0.1,2.5e-3\n" +
    "2024-01-01T00:03:00Z,0.3,+4,1E2,100\n";
  const { text } = await roundTrip(upload);
  assertEquals(
    text,
    FILE_HEADER + "2024-01-01T00:00:00Z,123,0.1,231,230.1,0\n" +
      "2024-01-01T00:01:00Z,123,7.5,-1.5,1000,0.5\n" +
      "2024-01-01T00:02:00Z,123,0.000001,123456.789,0.1,0.0025\n" +
      "2024-01-01T00:03:00Z,123,0.3,4,100,100\n",
  );
});

Deno.test("a missing value is an empty field, and a reading without values is still a line", async () => {
  const upload = UPLOAD_HEADER + "2024-01-01T00:00:00Z,,2.63,,9.7\n2024-01-01T00:01:00Z,,,,\n" +
    "2024-01-01T00:02:00Z,0,0,0,0\n";
  const { text, records } = await roundTrip(upload);
  assertEquals(
    text,
    FILE_HEADER + "2024-01-01T00:00:00Z,123,,2.63,,9.7\n2024-01-01T00:01:00Z,123,,,,\n" +
      "2024-01-01T00:02:00Z,123,0,0,0,0\n",
  );
  assertEquals(records, 3);
});

Deno.test("columns that were never uploaded are empty fields", async () => {
  const { text } = await roundTrip("timestamp,voltage_v\r\n2024-01-01T00:00:00Z,230.1\r\n");
  assertEquals(text, FILE_HEADER + "2024-01-01T00:00:00Z,123,,,230.1,\n");
});

Deno.test("a range without readings gives a file with only the header", async () => {
  const result = await roundTrip(UPLOAD_HEADER + minuteLines(11, 3));
  // The header has 64 characters and a line break.
  assertEquals(result, { text: FILE_HEADER, records: 0, sizeBytes: 65 });
});

Deno.test("readings of two days and several blocks are exported complete and in order", async () => {
  const { text, records } = await roundTrip(UPLOAD_HEADER + minuteLines(0, 3000), {
    start_datetime: "2024-01-01T00:00:00Z",
    end_datetime: minuteText(2999),
  });
  const expected = minuteLines(0, 3000).replaceAll("Z,", "Z,123,");
  assertEquals(text, FILE_HEADER + expected);
  assertEquals(records, 3000);
});

Deno.test("a later reading with the same time replaces the earlier one", async () => {
  const upload = UPLOAD_HEADER + "2024-01-01T00:00:00Z,1,1,1,1\n2024-01-01T00:00:00Z,2,2,,2\n";
  const { text } = await roundTrip(upload);
  assertEquals(text, FILE_HEADER + "2024-01-01T00:00:00Z,123,2,2,,2\n");
});

Deno.test({
  name: "the documented sample is exported as it was imported, except trailing zeros of fractions",
  ignore: !hasSample,
  async fn() {
    const sample = await Deno.readTextFile(SAMPLE);
    const { text, records } = await roundTrip(sample);
    assertEquals(text, sample.replaceAll(/\.0(?=[,\n])/g, ""));
    assertEquals(records, 11);
  },
});
