import { AppError } from "../../../data/app_error.ts";
import { type CsvHeader, ID, IGNORED, readHeader, TIME } from "../../../data/imports/csv_header.ts";
import { plainDialect } from "./upload.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { assertEquals, assertStringIncludes, assertThrows } from "../../support/assert.ts";

function meterHeader(line: string): CsvHeader {
  return readHeader(line, PROFILES.meter, plainDialect(PROFILES.meter));
}

/** The rules that a header breaks. */
function brokenRules(line: string): (string | undefined)[] {
  const { code, errors } = assertThrows(() => meterHeader(line), AppError);
  assertEquals(code, "INVALID_REQUEST");
  return errors.map(({ rule }) => rule);
}

Deno.test("readHeader() tells what each column of a full header is", () => {
  const line = "timestamp,smart_meter_id,energy_kwh,power_kw,voltage_v,current_a";
  assertEquals(meterHeader(line), {
    names: line.split(","),
    roles: [TIME, ID, 0, 1, 2, 3],
    ignored: [],
  });
});

Deno.test("readHeader() takes columns in any order and case, quoted or spaced", () => {
  const { roles, ignored } = meterHeader('Current_A,"note, long","TimeStamp", POWER_KW ,Unit');
  assertEquals(roles, [3, IGNORED, TIME, 1, IGNORED]);
  assertEquals(ignored, ["note, long", "Unit"]);
});

Deno.test("readHeader() takes a quote inside a name as part of it", () => {
  const { roles, ignored } = meterHeader('timestamp,pipe 5",power_kw');
  assertEquals(roles, [TIME, IGNORED, 1]);
  assertEquals(ignored, ['pipe 5"']);
});

Deno.test("readHeader() knows the id column and metrics of the profile it is given", () => {
  const { roles, ignored } = readHeader(
    "timestamp,site_id,status,power_kw",
    PROFILES.site,
    plainDialect(PROFILES.site),
  );
  assertEquals(roles, [TIME, ID, 0, IGNORED]);
  assertEquals(ignored, ["power_kw"]);
});

Deno.test("readHeader() lists everything that is wrong at once", () => {
  assertEquals(brokenRules("a,b,a,B"), [
    "timestamp column",
    "at least one metric column",
    "no column twice",
    "no column twice",
  ]);
  assertEquals(brokenRules("timestamp,smart_meter_id"), ["at least one metric column"]);
  assertEquals(brokenRules("power_kw"), ["timestamp column"]);
  assertEquals(brokenRules("timestamp,power_kw,Power_kW"), ["no column twice"]);
  assertEquals(brokenRules("timestamp,timestamp,power_kw"), ["no column twice"]);
  assertEquals(brokenRules("timestamp,power_kw,,"), ["no column twice"]);
});

Deno.test("readHeader() refuses an empty line and a line of readings", () => {
  const both = ["timestamp column", "at least one metric column"];
  assertEquals(brokenRules(""), both);
  assertEquals(brokenRules("2024-01-01T00:00:00Z,1.5"), both);
  assertEquals(brokenRules("timestamp;power_kw"), both);
});

Deno.test("readHeader() points at line 1, quotes its beginning and names the columns", () => {
  const line = "x".repeat(300);
  const { errors, message } = assertThrows(() => meterHeader(line), AppError);
  for (const { pointer, value } of errors) {
    assertEquals([pointer, value], ["#line=1", "x".repeat(100)]);
  }
  assertEquals(errors.length, 2);
  for (const { detail } of errors) assertStringIncludes(message, detail);
  assertStringIncludes(message, "energy_kwh, power_kw, voltage_v, current_a");
});

Deno.test("of columns that are there twice 20 are named, the others counted", () => {
  const names = Array.from({ length: 25 }, (_, index) => `n${index}`).join(",");
  const { errors } = assertThrows(
    () => meterHeader(`timestamp,power_kw,${names},${names}`),
    AppError,
  );
  assertEquals(errors.length, 21);
  assertEquals(errors[19].detail, "The header names n19 twice");
  assertEquals(errors[20].detail, "The header names 5 other columns twice");
});
