import { createDialect, type DialectOptions } from "../../../data/imports/dialect_options.ts";
import { plainDialect } from "./upload.ts";
import type { Dialect } from "../../../data/imports/dialect.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const METRICS = "energy_kwh,power_kw,voltage_v,current_a";
const DELIMITER_RULE =
  'delimiter must be tab or one ASCII character other than letters, digits, " . + and -';

function dialectOf(options: DialectOptions): Dialect {
  const result = createDialect(PROFILES.meter, options);
  if ("dialect" in result) return result.dialect;
  throw new Error(JSON.stringify(result.problems));
}

/** What is wrong with options, as `option value: sentence`. */
function problemsOf(options: DialectOptions): string[] {
  const result = createDialect(PROFILES.meter, options);
  assert("problems" in result, JSON.stringify(options));
  return result.problems.map(({ option, value, detail }) => `${option} ${value}: ${detail}`);
}

/** The columns of values as `name metric exponent`. */
function columnsOf({ columns }: Dialect): string[] {
  return [...columns].map(([name, { metric, exponent }]) => `${name} ${metric} ${exponent}`);
}

Deno.test("a plain upload has commas, points, ISO times in UTC and metrics by their names", () => {
  const { delimiter, point, timeColumns, zone, required, missing, ...rest } = plainDialect(
    PROFILES.meter,
  );
  assertEquals([delimiter, point, timeColumns, zone], [",", ".", ["timestamp"], null]);
  assertEquals([required, missing], [[], []]);
  assertEquals([...rest.columns.keys()].join(), METRICS);
  assertEquals(rest.timeFormat.rule, "a date and time as in ISO 8601");
});

Deno.test("a delimiter is one character or the word tab", () => {
  const given = [";", "|", " ", "\t", "tab", "\\t", ":", "_", "/", "'", "~", "!"];
  const found = given.map((delimiter) => dialectOf({ delimiter }).delimiter);
  assertEquals(found, [";", "|", " ", "\t", "\t", "\t", ":", "_", "/", "'", "~", "!"]);
});

Deno.test("characters of numbers, quotes, line ends and two characters are refused as a delimiter", () => {
  const wrong = ["", ";;", "a", "Z", "0", '"', ".", "+", "-", "\n", "\r", "\0", "\x7f", "é", "Tab"];
  for (const delimiter of wrong) {
    const said = problemsOf({ delimiter, decimal: "," });
    assertEquals(said, [`delimiter ${delimiter}: ${DELIMITER_RULE}`]);
  }
});

Deno.test("a decimal comma goes with a semicolon unless the delimiter is given, even as a comma", () => {
  assertEquals(dialectOf({ decimal: ",", delimiter: "," }).delimiter, ",");
  assertEquals(dialectOf({ decimal: "," }).delimiter, ";");
  assertEquals(dialectOf({ decimal: ",", delimiter: ";" }).point, ",");
  for (const decimal of ["", ";", "..", "·"]) {
    assertEquals(problemsOf({ decimal }), [`decimal ${decimal}: decimal must be . or ,`]);
  }
});

Deno.test("a mapped column replaces the one with the name of its metric", () => {
  const map = ["P total:power_kw:W", " U:1 :voltage_v"];
  const dialect = dialectOf({ map });
  assertEquals(columnsOf(dialect), ["p total 1 -3", "u:1 2 0", "energy_kwh 0 0", "current_a 3 0"]);
  assertEquals(dialect.required, ["P total", "U:1"]);
});

Deno.test("columns named like other metrics can be mapped, even crosswise", () => {
  const crossed = dialectOf({ map: ["power_kw:voltage_v", "Voltage_V:power_kw"] });
  assertEquals(columnsOf(crossed), [
    "power_kw 2 0",
    "voltage_v 1 0",
    "energy_kwh 0 0",
    "current_a 3 0",
  ]);
  const only = dialectOf({ map: ["power_kw:voltage_v"] });
  assertEquals(columnsOf(only), ["power_kw 2 0", "energy_kwh 0 0", "current_a 3 0"]);
});

Deno.test("a map that cannot be read or contradicts itself is refused entry by entry", () => {
  const shape = `map must be column:metric or column:metric:unit with one of ${METRICS}`;
  const long = "x".repeat(101);
  const table: [map: string[], said: string[]][] = [
    [["power"], [`map power: ${shape}`]],
    [["power_kw"], [`map power_kw: ${shape}`]],
    [[" :power_kw"], [`map  :power_kw: ${shape}`]],
    [["p:power_kW"], [`map p:power_kW: ${shape}`]],
    [[""], [`map : ${shape}`]],
    [[`${long}:power_kw`], [`map ${long}:power_kw: ${shape}`]],
    [["p:power_kw:Wh"], ["map p:power_kw:Wh: map accepts power_kw in kW, W, MW"]],
    [["p:power_kw:"], ["map p:power_kw:: map accepts power_kw in kW, W, MW"]],
    [["p:power_kw:toString"], ["map p:power_kw:toString: map accepts power_kw in kW, W, MW"]],
    [["p:power_kw", "q:power_kw:W"], ["map q:power_kw:W: map names power_kw twice"]],
    [["p:power_kw", "P:voltage_v"], ["map P:voltage_v: map names P twice"]],
    [["x", "y:power_kw:h"], [
      `map x: ${shape}`,
      "map y:power_kw:h: map accepts power_kw in kW, W, MW",
    ]],
  ];
  for (const [map, said] of table) assertEquals(problemsOf({ map }), said);
});

Deno.test("times are in one column or two, whose names may have spaces around them", () => {
  assertEquals(dialectOf({ timestamp: ["When"] }).timeColumns, ["When"]);
  assertEquals(dialectOf({ timestamp: ["Date", " Time"] }).timeColumns, ["Date", "Time"]);
  const names = "timestamp must be the name of a column, or of two";
  for (const timestamp of [[], [""], ["a", " "], ["a", "b", "c"], ["x".repeat(101)]]) {
    assertEquals(problemsOf({ timestamp }), [`timestamp ${timestamp}: ${names}`]);
  }
  const different = "timestamp must name two different columns";
  assertEquals(problemsOf({ timestamp: ["day", "Day "] }), [`timestamp day,Day : ${different}`]);
});

Deno.test("a column cannot have both times and values", () => {
  const rule = "timestamp must not name a column of a metric";
  assertEquals(problemsOf({ timestamp: ["Power_kW"] }), [`timestamp Power_kW: ${rule}`]);
  assertEquals(problemsOf({ timestamp: ["at", " P"], map: ["p:power_kw"] }), [
    `timestamp at, P: ${rule}`,
  ]);
});

Deno.test("texts for missing values are at most 20 of at most 100 characters", () => {
  assertEquals(dialectOf({ missing: [" NA ", "", "x".repeat(100)] }).missing, [
    "NA",
    "",
    "x".repeat(100),
  ]);
  const rule = "missing must be at most 20 texts of at most 100 characters";
  const many = Array.from({ length: 21 }, (_, index) => `m${index}`);
  for (const missing of [many, ["x".repeat(101)]]) {
    assertEquals(problemsOf({ missing }), [`missing ${missing}: ${rule}`]);
  }
});

Deno.test("a zone is an IANA name or an offset", () => {
  assertEquals(dialectOf({ timezone: "Europe/Paris" }).zone?.name, "Europe/Paris");
  const rule = "timezone must be an IANA time zone or an offset such as +01:00";
  assertEquals(dialectOf({ timezone: "+01:00" }).zone?.name, "+01:00");
  for (const timezone of ["", "Paris", " 01:00", "CEST"]) {
    assertEquals(problemsOf({ timezone }), [`timezone ${timezone}: ${rule}`]);
  }
});

Deno.test("everything that is wrong is listed at once", () => {
  const options = {
    delimiter: "ab",
    decimal: "x",
    timestamp: [""],
    timestampFormat: "HH",
    timezone: "Mars",
    map: ["x", "y"],
    missing: ["m".repeat(101)],
  };
  const said = problemsOf(options).map((text) => text.split(" ")[0]);
  const once = Object.keys(options);
  assertEquals(said.length, once.length + 1, "each of the two maps is told");
  assertEquals([...new Set(said)].sort(), once.sort());
});
