import { PRESETS } from "../../../data/imports/presets.ts";
import { assertEquals } from "../../support/assert.ts";
import { readUpload } from "./csv_upload.ts";

const HEADER = "Date;Time;Global_active_power;Global_reactive_power;Voltage;Global_intensity;" +
  "Sub_metering_1;Sub_metering_2;Sub_metering_3";
/** 2006-12-16T17:24:00Z. */
const FIRST_MS = 1_166_289_840_000;

function readHousehold(lines: readonly string[]): ReturnType<typeof readUpload> {
  const csv = [HEADER, ...lines].join("\n") + "\n";
  return readUpload(csv, { dialect: PRESETS["household-power"] });
}

Deno.test("household-power reads lines of the file as they are", () => {
  // By 60: 0.0702666…, 0.0893333…
  const { rows, rejects, ignored } = readHousehold([
    "16/12/2006;17:24:00;4.216;0.418;234.840;18.400;0.000;1.000;17.000",
    "16/12/2006;17:25:00;5.360;0.436;233.630;23.000;0.000;1.000;16.000",
  ]);
  assertEquals(rows, [
    [FIRST_MS, "0.070267", "4.216", "234.84", "18.4"],
    [FIRST_MS + 60_000, "0.089333", "5.36", "233.63", "23"],
  ]);
  assertEquals(rejects, []);
  assertEquals(ignored, [
    "Global_reactive_power",
    "Sub_metering_1",
    "Sub_metering_2",
    "Sub_metering_3",
  ]);
});

Deno.test("household-power reads a minute without values as a reading without values", () => {
  // The file has such lines, with nothing after the last semicolon.
  const { rows, rejects } = readHousehold([
    "21/12/2006;11:23:00;?;?;?;?;?;?;",
    "1/1/2007;00:01:00;2.580;0.136;241.970;10.600;0.000;0.000;0.000",
  ]);
  assertEquals(rows, [
    [Date.UTC(2006, 11, 21, 11, 23), "", "", "", ""],
    [Date.UTC(2007, 0, 1, 0, 1), "0.043", "2.58", "241.97", "10.6"],
  ]);
  assertEquals(rejects, []);
});

Deno.test("household-power rounds halves up at the sixth decimal, in quoted fields too", () => {
  // 0.006 / 60 = 0.0001, 0.033 / 60 = 0.00055, 0.00003 / 60 = 0.0000005.
  const { rows } = readHousehold([
    "16/12/2006;17:24:00;0.006;;;;;;",
    '"16/12/2006";"17:24:00";"0.033";;;;;;',
    "16/12/2006;17:24:00;0.00003;;;;;;",
    '16/12/2006;17:24:00;"0.00003";;;;;;',
  ]);
  assertEquals(rows.map(([, energy]) => energy), ["0.0001", "0.00055", "0.000001", "0.000001"]);
});

Deno.test("household-power lists wrong values and times with the columns of the file", () => {
  const { rejects } = readHousehold([
    "32/12/2006;17:24:00;1;;;;;;",
    "16/12/2006;17:24:00;1;;-1;;;;",
    "16/12/2006;17:24:00;1,5;;;;;;",
    "16/12/2006",
  ]);
  assertEquals(rejects, [
    {
      line: 2,
      field: "Date Time",
      value: "32/12/2006 17:24:00",
      rule: "a time as d/M/yyyy HH:mm:ss",
    },
    { line: 3, field: "Voltage", value: "-1", rule: "0 to 1000000 V" },
    {
      line: 4,
      field: "Global_active_power",
      value: "1,5",
      rule: "a decimal number with a point; if this is a number, send decimal=,",
    },
    { line: 5, field: null, value: "16/12/2006", rule: "9 fields, found 1" },
  ]);
});
