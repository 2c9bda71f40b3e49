import { PROFILES } from "../../../data/readings/profile.ts";
import { AppError } from "../../../data/app_error.ts";
import { type ImportQuery, readImportQuery } from "../../../routes/meters/import_query.ts";
import type { UploadFormat } from "../../../data/meter_files/open_reader.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";

const METRICS = "energy_kwh,power_kw,voltage_v,current_a";

/** What a query string says. */
function read(query: string, format: UploadFormat = "csv"): ImportQuery {
  const given = new URLSearchParams(query);
  const queries = [...given.keys()].map((name) => [name, given.getAll(name)]);
  return readImportQuery(Object.fromEntries(queries), {
    format,
    isOfManyMeters: false,
    profile: PROFILES.meter,
    timezone: null,
  });
}

/** What is wrong with a query, as `pointer value: sentence`. */
function problemsOf(query: string, format: UploadFormat = "csv"): string[] {
  const { code, message, errors } = assertThrows(() => read(query, format), AppError, "", query);
  assertEquals(code, "INVALID_REQUEST");
  for (const { detail } of errors) assert(message.includes(detail.replace(/\.$/, "")), message);
  return errors.map(({ pointer, value, detail }) => `${pointer} ${value}: ${detail}`);
}

Deno.test("an upload without parameters is plain and stored", () => {
  for (const type of ["csv", "ndjson", "json"] as const) {
    const { dialect, isDryRun } = read("", type);
    assertEquals([dialect.delimiter, dialect.point, dialect.zone, isDryRun], [
      ",",
      ".",
      null,
      false,
    ]);
    assertEquals([...dialect.columns.keys()].join(), METRICS);
  }
});

Deno.test("each parameter is read; lists are repeated or have commas", () => {
  const query = "delimiter=;&decimal=,&timestamp=Day,Hour&timestamp_format=d/M/yyyy+H:mm" +
    "&timezone=Europe/Paris&map=P:power_kw:W&map=U,1:voltage_v&missing=?,NA,-&dry_run=true";
  const { dialect, isDryRun } = read(query);
  assertEquals([dialect.delimiter, dialect.point, isDryRun], [";", ",", true]);
  assertEquals(dialect.timeColumns, ["Day", "Hour"]);
  assertEquals(dialect.timeFormat.rule, "a time as d/M/yyyy H:mm");
  assertEquals(dialect.zone?.name, "Europe/Paris");
  assertEquals(dialect.required, ["P", "U,1"]);
  assertEquals(dialect.missing, ["?", "NA", "-"]);
  assertEquals(read("timestamp=Day&timestamp=Hour").dialect.timeColumns, ["Day", "Hour"]);
  assertEquals(read("timestamp=Day,+Hour").dialect.timeColumns, ["Day", "Hour"]);
  assertEquals(read("map=a:power_kw,b:voltage_v").dialect.required, ["a", "b"]);
  assertEquals(read("delimiter=%09").dialect.delimiter, "\t");
  assertEquals(read("delimiter=tab&dry_run=false").isDryRun, false);
});

Deno.test("a preset sets its options, and other parameters override them", () => {
  const { dialect } = read("preset=household-power");
  assertEquals([dialect.delimiter, dialect.timeColumns], [";", ["Date", "Time"]]);
  assertEquals(dialect.missing, ["?"]);
  assertEquals([dialect.intervals.derive, dialect.intervalMs], ["energy", 60_000]);
  const changed = read("preset=household-power&delimiter=,&timezone=Europe/Paris").dialect;
  assertEquals([changed.delimiter, changed.timeColumns], [",", ["Date", "Time"]]);
  assertEquals(changed.zone?.name, "Europe/Paris");
  assertEquals(read("preset=household-power&derive=power").dialect.intervals.derive, "power");
});

Deno.test("each wrong parameter is listed with name, value and rule", () => {
  const cases: [query: string, said: string][] = [
    ["dry_run=yes", "#dry_run yes: dry_run must be true or false"],
    ["dry_run=", "#dry_run : dry_run must be true or false"],
    ["dry_run=True", "#dry_run True: dry_run must be true or false"],
    [
      "preset=uci",
      "#preset uci: preset must be a name that GET /api/presets or GET /api/import-presets lists",
    ],
    [
      "preset=__proto__",
      "#preset __proto__: preset must be a name that GET /api/presets or GET /api/import-presets lists",
    ],
    ["decimal=;", "#decimal ;: decimal must be . or ,"],
    ["timestamp=", "#timestamp : timestamp must be the name of a column, or of two"],
    ["timestamp=a,b,c", "#timestamp a,b,c: timestamp must be the name of a column, or of two"],
    [
      "timezone=Mars",
      "#timezone Mars: timezone must be an IANA time zone or an offset such as +01:00",
    ],
    [
      "map=p:power_kw:VA",
      "#map p:power_kw:VA: map accepts power_kw in kW, W, MW; VA is apparent power",
    ],
    ["map=p:power_kw:toString", "#map p:power_kw:toString: map accepts power_kw in kW, W, MW"],
    ["colour=red", "#colour red: Unknown parameter 'colour'"],
    ["Delimiter=;", "#Delimiter ;: Unknown parameter 'Delimiter'"],
    ["constructor=1", "#constructor 1: Unknown parameter 'constructor'"],
    ["__proto__=1", "#__proto__ 1: Unknown parameter '__proto__'"],
    ["=1", "# 1: Unknown parameter ''"],
    ["a.b=1", "#a.b 1: Unknown parameter 'a.b'"],
  ];
  for (const [query, said] of cases) assertEquals(problemsOf(query), [said]);
  const [pattern] = problemsOf("timestamp_format=HH:mm");
  assert(pattern.startsWith("#timestamp_format HH:mm: timestamp_format: "), pattern);
  assert(pattern.includes("it must have a year"), pattern);
});

Deno.test("a parameter that is given twice is listed with both values", () => {
  const said = problemsOf("delimiter=;&delimiter=,&dry_run=true&dry_run=true");
  assertEquals(said, [
    "#delimiter ;, ,: delimiter must be given once",
    "#dry_run true, true: dry_run must be given once",
  ]);
});

Deno.test("an unknown parameter of any length is listed, shortened", () => {
  const name = "n".repeat(150);
  const short = "n".repeat(100);
  for (const query of [`${name}=1`, `${name}=${"v".repeat(300)}&${name}=2`]) {
    const said = problemsOf(query);
    assert(said.every((text) => text.startsWith(`#${short} `)), said.join());
    assert(said.some((text) => text.endsWith(`: Unknown parameter '${short}'`)), said.join());
    assert(said.every((text) => text.length < 400), "a value is quoted short");
  }
  const two = problemsOf(`${name}a=1&${name}b=2&timezone=Mars`);
  assertEquals(two.length, 3, "two with the same beginning are listed, and the rest");
});

Deno.test("everything that is wrong is listed at once", () => {
  const query = "dry_run=maybe&preset=x&delimiter=ab&decimal=x&timestamp=&timestamp_format=" +
    "&timezone=Mars&map=a&map=b&missing=" + "m".repeat(101) + "&colour=red";
  const names = problemsOf(query).map((text) => text.slice(1).split(" ")[0]);
  assertEquals(names.length, 11, "each of the two maps is listed");
  assertEquals([...new Set(names)].sort(), [
    "colour",
    "decimal",
    "delimiter",
    "dry_run",
    "map",
    "missing",
    "preset",
    "timestamp",
    "timestamp_format",
    "timezone",
  ]);
});

Deno.test("all parameters that are only for CSV are refused for JSON", () => {
  const query = "preset=household-power&delimiter=;&decimal=,&missing=?";
  for (const type of ["ndjson", "json"] as const) {
    assertEquals(problemsOf(query, type), [
      "#preset household-power: preset is for text/csv only",
      "#delimiter ;: delimiter is for text/csv only",
      "#decimal ,: decimal is for text/csv only",
      "#missing ?: missing is for text/csv only",
    ]);
    const { dialect, isDryRun } = read(
      "timestamp=at&timestamp_format=unix&timezone=UTC&map=p:power_kw:W&dry_run=true",
      type,
    );
    assertEquals([dialect.timeColumns, dialect.required, isDryRun], [["at"], ["p"], true]);
  }
});
