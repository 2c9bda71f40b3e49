import { AppError } from "../../../data/app_error.ts";
import { type CsvHeader, ID, IGNORED, readHeader, TIME } from "../../../data/imports/csv_header.ts";
import { createDialect, type DialectOptions } from "../../../data/imports/dialect_options.ts";
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

Deno.test("readHeader() finds the role of each column of a full header", () => {
  const line = "timestamp,smart_meter_id,energy_kwh,power_kw,voltage_v,current_a";
  assertEquals(meterHeader(line), {
    day: null,
    names: line.split(","),
    roles: [TIME, ID, 0, 1, 2, 3],
    ignored: [],
  });
});

Deno.test("readHeader() accepts columns in any order and case, quoted or with spaces", () => {
  const { roles, ignored } = meterHeader('Current_A,"note, long","TimeStamp", POWER_KW ,Unit');
  assertEquals(roles, [3, IGNORED, TIME, 1, IGNORED]);
  assertEquals(ignored, ["note, long", "Unit"]);
});

Deno.test("readHeader() accepts a quote inside a name as part of it", () => {
  const { roles, ignored } = meterHeader('timestamp,pipe 5",power_kw');
  assertEquals(roles, [TIME, IGNORED, 1]);
  assertEquals(ignored, ['pipe 5"']);
});

Deno.test("readHeader() goes by the id column and metrics of its profile", () => {
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
  assertEquals(brokenRules("timestamp;power_kw"), ["columns separated by ,"]);
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

/** The message about a header. */
function messageOf(line: string, options: DialectOptions = {}): string {
  const result = createDialect(PROFILES.meter, options);
  if ("problems" in result) throw new Error(JSON.stringify(result.problems));
  return assertThrows(() => readHeader(line, PROFILES.meter, result.dialect), AppError).message;
}

Deno.test("a header without its columns names timestamp= and map= and suggests columns", () => {
  assertEquals(
    messageOf("Datum,Zeit,Leistung (W)"),
    "The header has no timestamp column; name the column of times with timestamp=, for example " +
      "timestamp=Datum,Zeit; The header has none of energy_kwh, power_kw, voltage_v, current_a; " +
      "say which column holds which metric with map=, for example map=Leistung (W):power_kw:W",
  );
  assertEquals(
    messageOf("x,y"),
    "The header has no timestamp column; name the column of times with timestamp=; its other " +
      "columns are x, y; The header has none of energy_kwh, power_kw, voltage_v, current_a; say which " +
      "column holds which metric with map=, for example map=column:energy_kwh; its other " +
      "columns are x, y",
  );
});

Deno.test("a column named in the query and missing gets the closest one suggested", () => {
  const options = { timestamp: ["Datum"], map: ["Leistng:power_kw"] };
  assertEquals(
    messageOf("Dautm,Leistung", options),
    "The header has no Datum column; the closest one is Dautm; " +
      "The header has no Leistng column; the closest one is Leistung",
  );
  assertEquals(
    messageOf("Datum,Wert", options),
    "The header has no Leistng column; its other columns are Wert",
  );
});

Deno.test("a header with another delimiter says so, and what else is wrong with it", () => {
  const detail =
    "The header is a single column; send delimiter=; if a semicolon separates its columns";
  assertEquals(messageOf("timestamp;power_kw"), detail);
  assertEquals(
    messageOf("Datum;power_kw"),
    `${detail}; The header has no timestamp column; name the column of times with timestamp=, ` +
      "for example timestamp=Datum",
  );
  assertEquals(
    messageOf("timestamp\tpower_kw", { delimiter: ";" }),
    "The header is a single column; send delimiter=tab if a tab separates its columns",
  );
});

Deno.test("a header in windows-1252 is recognized once a column is missing", () => {
  // "Zählerstand" in windows-1252, read as UTF-8.
  const line = new TextDecoder().decode(Uint8Array.of(0x5a, 0xe4, 0x68, 0x6c, 0x65, 0x72));
  assertStringIncludes(messageOf(`timestamp,${line}`), "it looks like windows-1252");
  assertEquals(meterHeader(`timestamp,power_kw,${line}`).ignored, [line]);
});

Deno.test("20 duplicate columns are named, the others counted", () => {
  const names = Array.from({ length: 25 }, (_, index) => `n${index}`).join(",");
  const { errors } = assertThrows(
    () => meterHeader(`timestamp,power_kw,${names},${names}`),
    AppError,
  );
  assertEquals(errors.length, 21);
  assertEquals(errors[19].detail, "The header names n19 twice");
  assertEquals(errors[20].detail, "The header names 5 other columns twice");
});
