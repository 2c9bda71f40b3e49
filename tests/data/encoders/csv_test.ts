import { CSV_DIALECTS } from "../../../data/encoders/csv_dialect.ts";
import { createCsvEncoder } from "../../../data/encoders/csv.ts";
import { createCsvWriter } from "../../../data/text/csv_write.ts";
import type { FileHead } from "../../../data/encoders/encoder.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { readTimeForm } from "../../../data/encoders/time_form.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { encodedText, fileHead, metricColumns } from "../../support/encoded.ts";
import { pageOf, type Row } from "../../support/pages.ts";

const POWER = metricColumns({ metrics: [PROFILES.meter.metrics[1]] });

function csvOf(parts: Partial<FileHead>, rows: readonly Row[]): string {
  const head = fileHead({ columns: POWER, ...parts });
  return encodedText(createCsvEncoder(head), [{ source: 0, page: pageOf(rows) }]);
}

function rowsAt(...times: string[]): Row[] {
  return times.map((time, index): Row => [Date.parse(time), `${index}.5`]);
}

Deno.test("plain CSV is the text that exports always had", () => {
  const page = pageOf([
    [Date.UTC(2024, 0, 1), "0.78", "2.63", "229.3", "9.70"],
    [Date.UTC(2024, 0, 1, 0, 1, 0, 5), "", "-0.5", "", ""],
    [Date.UTC(2024, 0, 2), "1", "", "", ""],
  ]);
  const writer = createCsvWriter(PROFILES.meter, "123");
  const text = encodedText(createCsvEncoder(fileHead()), [{ source: 0, page }]);
  assertEquals(text, writer.header() + writer.lines(page));
  assertEquals(
    text,
    "timestamp,smart_meter_id,energy_kwh,power_kw,voltage_v,current_a\n" +
      "2024-01-01T00:00:00Z,123,0.78,2.63,229.3,9.7\n" +
      "2024-01-01T00:01:00.005Z,123,,-0.5,,\n" +
      "2024-01-02T00:00:00Z,123,1,,,\n",
  );
});

Deno.test("times in Berlin carry the offset of their side of a clock change, and utc has both", () => {
  const spring = rowsAt("2024-03-31T00:59:00Z", "2024-03-31T01:00:00Z", "2024-03-31T22:00:00Z");
  assertEquals(
    csvOf({ zone: "Europe/Berlin", hasUtc: true }, spring),
    "timestamp,utc,smart_meter_id,power_kw\n" +
      "2024-03-31T01:59:00+01:00,2024-03-31T00:59:00Z,123,0.5\n" +
      "2024-03-31T03:00:00+02:00,2024-03-31T01:00:00Z,123,1.5\n" +
      "2024-04-01T00:00:00+02:00,2024-03-31T22:00:00Z,123,2.5\n",
  );
  const autumn = rowsAt("2024-10-27T00:30:00.250Z", "2024-10-27T01:30:00.004Z");
  assertEquals(
    csvOf({ zone: "Europe/Berlin", hasUtc: true }, autumn),
    "timestamp,utc,smart_meter_id,power_kw\n" +
      "2024-10-27T02:30:00.250+02:00,2024-10-27T00:30:00.250Z,123,0.5\n" +
      "2024-10-27T02:30:00.004+01:00,2024-10-27T01:30:00.004Z,123,1.5\n",
  );
});

Deno.test("offsets of half hours, west of Greenwich, of London in winter, and with seconds in 1970", () => {
  const at = (zone: string, time: string) => csvOf({ zone }, rowsAt(time)).split("\n")[1];
  assertEquals(
    [
      at("Asia/Kathmandu", "2024-01-01T00:00:00Z"),
      at("America/St_Johns", "2024-01-01T00:00:00Z"),
      at("Europe/London", "2024-01-01T00:00:00Z"),
      at("Australia/Lord_Howe", "2024-04-06T15:15:00Z"),
      at("-08:00", "2024-01-01T00:00:00Z"),
      // tzdata: Liberia was 0:44:30 behind until 1972-01-07.
      at("Africa/Monrovia", "1970-01-01T01:00:00Z"),
      at("Etc/UTC", "2024-01-01T00:00:00Z"),
    ],
    [
      "2024-01-01T05:45:00+05:45,123,0.5",
      "2023-12-31T20:30:00-03:30,123,0.5",
      "2024-01-01T00:00:00+00:00,123,0.5",
      "2024-04-07T01:45:00+10:30,123,0.5",
      "2023-12-31T16:00:00-08:00,123,0.5",
      "1970-01-01T00:15:30-00:44:30,123,0.5",
      "2024-01-01T00:00:00Z,123,0.5",
    ],
  );
});

Deno.test("each dialect of Excel has its marks, dates and line ends", () => {
  const rows: Row[] = [[Date.UTC(2024, 0, 31, 22, 5, 9), "-1234.5"], [
    Date.UTC(2024, 11, 1, 0, 0, 0, 250),
    "0.001",
  ]];
  const zone = "Europe/Berlin";
  const named = (name: keyof typeof CSV_DIALECTS) => csvOf({ zone, csv: CSV_DIALECTS[name] }, rows);
  assertEquals(
    named("excel-de"),
    "\uFEFFtimestamp;smart_meter_id;power_kw\r\n" +
      "31.01.2024 23:05:09;123;-1234,5\r\n01.12.2024 01:00:00,250;123;0,001\r\n",
  );
  assertEquals(
    named("excel-fr"),
    "\uFEFFtimestamp;smart_meter_id;power_kw\r\n" +
      "31/01/2024 23:05:09;123;-1234,5\r\n01/12/2024 01:00:00,250;123;0,001\r\n",
  );
  assertEquals(
    named("excel-uk"),
    "\uFEFFtimestamp,smart_meter_id,power_kw\r\n" +
      "31/01/2024 23:05:09,123,-1234.5\r\n01/12/2024 01:00:00.250,123,0.001\r\n",
  );
  assertEquals(
    named("excel-us"),
    "\uFEFFtimestamp,smart_meter_id,power_kw\r\n" +
      "01/31/2024 23:05:09,123,-1234.5\r\n12/01/2024 01:00:00.250,123,0.001\r\n",
  );
  assertEquals(
    named("tsv"),
    "timestamp\tsmart_meter_id\tpower_kw\n" +
      "2024-01-31T23:05:09+01:00\t123\t-1234.5\n2024-12-01T01:00:00.250+01:00\t123\t0.001\n",
  );
});

Deno.test("a pattern may leave out the clock, name the month and quote letters", () => {
  const csv = { ...CSV_DIALECTS.rfc4180, dateFormat: "d MMM yy 'at' HH:mm X" };
  const rows = rowsAt("2024-03-05T08:09:10.011Z");
  assertEquals(csvOf({ csv }, rows).split("\n")[1], "5 Mar 24 at 08:09 Z,123,0.5");
  const milli = { ...CSV_DIALECTS.rfc4180, dateFormat: "yyyyMMddHHmmssSSSXX" };
  assertEquals(
    csvOf({ csv: milli, zone: "Europe/Berlin" }, rows).split("\n")[1],
    "20240305090910011+0100,123,0.5",
  );
});

Deno.test("a time with the delimiter or a quote in it is quoted", () => {
  const csv = { ...CSV_DIALECTS.rfc4180, dateFormat: "d.M.yyyy, HH'\"'mm" };
  assertEquals(
    csvOf({ csv, hasUtc: true, zone: "Asia/Tokyo" }, rowsAt("2024-03-05T08:09:10Z")).split("\n")[1],
    '"5.3.2024, 17""09","5.3.2024, 08""09",123,0.5',
  );
});

Deno.test("readTimeForm() refuses fields that rows cannot have, and patterns without a date", () => {
  assertThrows(() => readTimeForm("MM/dd/yyyy hh:mm a"), SyntaxError, "hh and a must be among");
  assertThrows(() => readTimeForm("HH:mm"), SyntaxError, "it must have a year");
});

Deno.test("texts are guarded against formulas and quoted, numbers never", () => {
  const head = fileHead({
    sources: ["=1+1", "-7"],
    labels: ["note"],
    columns: [
      ...metricColumns({ metrics: [PROFILES.meter.metrics[1]] }, { name: "@power" }),
      ...metricColumns({ metrics: [PROFILES.site.metrics[0]] }, { name: "on", kind: "boolean" }),
    ],
  });
  const page = pageOf([[0, "-5", "1"], [1000, "", "0"]]);
  assertEquals(
    encodedText(createCsvEncoder(head), [
      { source: 0, page, labels: ['say "hi", you'] },
      { source: 1, page, labels: [""] },
      { source: 1, page: pageOf([[2000, "", ""]]), labels: [null] },
    ]),
    "timestamp,smart_meter_id,note,'@power,on\n" +
      `1970-01-01T00:00:00Z,'=1+1,"say ""hi"", you",-5,true\n` +
      `1970-01-01T00:00:01Z,'=1+1,"say ""hi"", you",,false\n` +
      `1970-01-01T00:00:00Z,'-7,"",-5,true\n` +
      `1970-01-01T00:00:01Z,'-7,"",,false\n` +
      "1970-01-01T00:00:02Z,'-7,,,\n",
  );
});
