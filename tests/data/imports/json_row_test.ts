import type { DialectOptions } from "../../../data/imports/dialect_options.ts";
import type { RowProblem } from "../../../data/text/upload_reader.ts";
import { assert, assertEquals, assertStringIncludes } from "../../support/assert.ts";
import type { Row } from "../../support/pages.ts";
import { readNdjson } from "./json_upload.ts";

const NEW_YEAR_MS = 1_704_067_200_000;
const AT = '"timestamp":"2024-01-01T00:00:00Z"';
const NO_PROPERTY = "the property timestamp; name another with timestamp=";
const ANY_METRIC = "at least one of energy_kwh, power_kw, voltage_v, current_a; " +
  "say which property holds which metric with map=";
const NO_NUMBER = "a number or null";
const NO_TIME = "a date and time as in ISO 8601";

/** The reading of one object, or what is wrong with it. */
function read(text: string, dialect: DialectOptions = {}): Row | RowProblem {
  const { rows, rejects } = readNdjson(text, { dialect });
  assertEquals(rows.length + rejects.length, 1, text);
  if (rows.length === 1) return rows[0];
  const { field, value, rule } = rejects[0];
  return { field, value, rule };
}

/** The power of an object in which it has this text. */
function powerOf(text: string): string | RowProblem {
  const result = read(`{${AT},"power_kw":${text}}`);
  return "rule" in result ? result : result[2];
}

Deno.test("an object is a reading; its properties go by name, in any order and case", () => {
  assertEquals(read(`{${AT},"energy_kwh":0.5,"power_kw":30,"voltage_v":230.1,"current_a":-1}`), [
    NEW_YEAR_MS,
    "0.5",
    "30",
    "230.1",
    "-1",
  ]);
  assertEquals(read('{"Power_KW":3,"TIMESTAMP":"2024-01-01T01:00:00+01:00"}'), [
    NEW_YEAR_MS,
    "",
    "3",
    "",
    "",
  ]);
});

Deno.test("null is a missing value, and so is an absent metric", () => {
  const none: Row = [NEW_YEAR_MS, "", "", "", ""];
  assertEquals(read(`{${AT},"power_kw":null}`), none);
  assertEquals(read(`{${AT},"power_kw":null,"voltage_v":null}`), none);
});

Deno.test("numbers are read as the decimals they are written as, in every form of RFC 8259", () => {
  const table = [
    ["0", "0"],
    ["-0", "0"],
    ["-0.0", "0"],
    ["1.50", "1.5"],
    ["1e3", "1000"],
    ["1E+3", "1000"],
    ["15e-1", "1.5"],
    ["1e-7", "0.0000001"],
    ["1e-400", "0"],
    ["0.1", "0.1"],
    ["123456.789012345", "123456.789012345"],
    ["999999.9999999999", "999999.9999999999"],
  ];
  for (const [text, expected] of table) assertEquals(powerOf(text), expected, text);
});

Deno.test("a number out of range, even beyond every double, is rejected with the range", () => {
  const rule = "-1000000 to 1000000 kW";
  for (const [text, value] of [["1000000.5", "1000000.5"], ["-1e7", "-10000000"]]) {
    assertEquals(powerOf(text), { field: "power_kw", value, rule });
  }
  // JSON.parse() returns no more than this for them.
  assertEquals(powerOf("1e400"), { field: "power_kw", value: "Infinity", rule });
  assertEquals(powerOf("-1e400"), { field: "power_kw", value: "-Infinity", rule });
  const mapped = read(`{${AT},"p":1e400}`, { map: ["p:power_kw:W"] });
  assertEquals(mapped, { field: "p", value: "Infinity", rule });
});

Deno.test("a value that is not a number is quoted as it is written", () => {
  const values = ['"1.5"', '"NaN"', '""', "true", "[1]", "[]", "{}", '{"value":1}'];
  for (const text of values) {
    const value = text.startsWith('"') ? text.slice(1, -1) : text;
    assertEquals(powerOf(text), { field: "power_kw", value, rule: NO_NUMBER });
  }
});

Deno.test("text that is not a JSON object is quoted whole", () => {
  const texts = [
    "[]",
    "null",
    "1",
    '"text"',
    "{",
    `{${AT},}`,
    `{${AT},"power_kw":NaN}`,
    `{${AT},"power_kw":.5}`,
    `{${AT},"power_kw":+1}`,
    `{${AT},"power_kw":0x1}`,
    `{'power_kw':1}`,
    "timestamp,power_kw",
    "\0",
  ];
  for (const text of texts) {
    assertEquals(read(text), { field: null, value: text, rule: "a JSON object" });
  }
});

Deno.test("a wrong time is rejected with the form it should have", () => {
  const times: [json: string, value: string][] = [
    ['"yesterday"', "yesterday"],
    ['""', ""],
    ["null", "null"],
    ["1704067200", "1704067200"],
    ['["2024-01-01T00:00:00Z"]', '["2024-01-01T00:00:00Z"]'],
    ["{}", "{}"],
    ['"\\ud800"', "\ud800"],
  ];
  for (const [json, value] of times) {
    const text = `{"timestamp":${json},"power_kw":1}`;
    const problem = read(text);
    assertEquals("rule" in problem && [problem.field, problem.value], ["timestamp", value]);
    assertStringIncludes("rule" in problem ? problem.rule : "", NO_TIME);
  }
  assertEquals(read('{"power_kw":1}'), {
    field: "timestamp",
    value: "",
    rule: NO_PROPERTY,
  });
  const rule = "1970-01-01T00:00:00Z or later";
  const value = "1969-12-31T23:59:59Z";
  assertEquals(read(`{"timestamp":"${value}","power_kw":1}`), { field: "timestamp", value, rule });
});

Deno.test("times may be numbers if their form is a number", () => {
  const unix = { timestampFormat: "unix" };
  for (const text of ["1704067200", '"1704067200"', "1704067200.0", "17040672e2"]) {
    assertEquals(read(`{"timestamp":${text},"power_kw":1}`, unix), [NEW_YEAR_MS, "", "1", "", ""]);
  }
  const half = read('{"timestamp":1704067200.25,"power_kw":1}', unix);
  assertEquals(half, [NEW_YEAR_MS + 250, "", "1", "", ""]);
});

Deno.test("names, units, zone and two properties of times follow the dialect", () => {
  const dialect = {
    timestamp: ["day", "clock"],
    timestampFormat: "dd.MM.yyyy HH:mm",
    timezone: "Europe/Berlin",
    map: ["P:power_kw:W"],
  };
  const expected: Row = [NEW_YEAR_MS, "", "1.5", "", ""];
  assertEquals(read('{"clock":"01:00","p":1500,"day":"01.01.2024"}', dialect), expected);
  const problem = read('{"clock":"01:00","P":1500}', dialect);
  assertEquals(problem, {
    field: "day clock",
    value: "01:00",
    rule: "a time as dd.MM.yyyy HH:mm",
  });
  assertEquals(read('{"day":"01.01.2024","clock":"01:00"}', dialect), {
    field: null,
    value: '{"day":"01.01.2024","clock":"01:00"}',
    rule: ANY_METRIC.replace("energy_kwh, power_kw", "P, energy_kwh"),
  });
});

Deno.test("an id of digits may be a number", () => {
  const { rows } = readNdjson(`{${AT},"smart_meter_id":123,"power_kw":1}`, { id: "123" });
  assertEquals(rows, [[NEW_YEAR_MS, "", "1", "", ""]]);
});

Deno.test("the id of another meter is rejected", () => {
  assertEquals(read(`{${AT},"smart_meter_id":"m1","power_kw":1}`), [NEW_YEAR_MS, "", "1", "", ""]);
  const rule = "the id in the address, m1";
  for (const [json, value] of [['"m2"', "m2"], ["1", "1"], ["null", "null"]]) {
    const text = `{${AT},"smart_meter_id":${json},"power_kw":1}`;
    assertEquals(read(text), { field: "smart_meter_id", value, rule });
  }
});

Deno.test("an object without any metric is quoted whole", () => {
  for (const text of [`{${AT}}`, `{${AT},"status":"ok"}`]) {
    assertEquals(read(text), { field: null, value: text, rule: ANY_METRIC });
  }
});

Deno.test("if a property occurs twice, the last one wins, even if it is null", () => {
  assertEquals(powerOf('1,"power_kw":2'), "2");
  assertEquals(powerOf('1,"POWER_KW":2'), "2");
  assertEquals(powerOf('1,"power_kw":null'), "");
  assertEquals(powerOf('1,"POWER_KW":null'), "");
});

Deno.test("names that every JavaScript object has are ignored like others", () => {
  const text = `{${AT},"__proto__":{"power_kw":9},"constructor":1,"toString":2,"power_kw":1}`;
  const { rows, ignored } = readNdjson(text);
  assertEquals(rows, [[NEW_YEAR_MS, "", "1", "", ""]]);
  assertEquals(ignored, ["__proto__", "constructor", "toString"]);
  const only = read(`{"__proto__":{${AT},"power_kw":9}}`);
  assert("rule" in only && only.rule === NO_PROPERTY, "a prototype gives no readings");
});

Deno.test("the first 100 ignored properties are listed, each once", () => {
  const objects = Array.from(
    { length: 150 },
    (_, index) => `{${AT},"power_kw":1,"x":1,"n${index}":[]}`,
  );
  const { ignored } = readNdjson(objects.join("\n"));
  assertEquals(ignored.length, 100);
  assertEquals(ignored.slice(0, 3), ["x", "n0", "n1"]);
});

Deno.test("values nested as deep as a record is long are quoted like any other", () => {
  const deep = "[".repeat(30_000) + "]".repeat(30_000);
  const wrong = { field: "power_kw", value: "[".repeat(100), rule: NO_NUMBER };
  assertEquals(powerOf(deep), wrong);
  const objects = `{"a":`.repeat(10_000) + "1" + "}".repeat(10_000);
  const result = read(`{"timestamp":${objects},"power_kw":1}`);
  assertEquals(result, { field: "timestamp", value: `{"a":`.repeat(20), rule: NO_TIME });
  assertEquals(read(`{${AT},"power_kw":1,"x":${deep}}`), [NEW_YEAR_MS, "", "1", "", ""]);
});
