import fc from "fast-check";
import { createCsvReader } from "../../../data/imports/csv_read.ts";
import type { UploadOptions } from "../../../data/imports/upload_options.ts";
import { createJsonArrayReader, createNdjsonReader } from "../../../data/imports/json_read.ts";
import type { MeterRefusal } from "../../../data/imports/meter_rows.ts";
import type { ManyMetersReader } from "../../../data/imports/upload_reader.ts";
import { METER_ID_RULE } from "../../../data/limits.ts";
import { type Profile, PROFILES } from "../../../data/readings/profile.ts";
import { AppError } from "../../../data/app_error.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { decimalTexts, type Row, rowsOf } from "../../support/pages.ts";
import { chunksOf, dialectOf } from "./upload.ts";

const HOUR_MS = 3_600_000;
const NEW_YEAR_MS = 1_704_067_200_000;

type CreateReader = (options: UploadOptions) => ManyMetersReader;

/** The readings of each meter, and the rejected records as place, meter and rule. */
interface ReadMeters {
  readonly meters: Record<string, Row[]>;
  readonly rejects: unknown[];
}

/** Reads an upload to its end. Meters whose ids begin with `s` are sites; `x` has no profile. */
function readMeters(
  createReader: CreateReader,
  text: string,
  options: { dialect?: Parameters<typeof dialectOf>[1]; sizes?: readonly number[] } = {},
): ReadMeters {
  const profile = PROFILES.meter;
  const dialectOfProfile = (one: Profile) =>
    dialectOf(one, { ...options.dialect, hasMeters: true });
  const dialect = dialectOfProfile(profile);
  const reader = createReader({
    profile,
    id: null,
    dialect,
    dialectOf: dialectOfProfile,
    oldestMs: 0,
  });
  const meters: Record<string, Row[]> = {};
  const settle = () => {
    while (reader.unknown().length > 0) {
      for (const id of reader.unknown()) reader.know(id, profileOf(id));
      reader.resume();
    }
    for (const { meterId, batch } of reader.take()) {
      (meters[meterId] ??= []).push(...rowsOf(batch.page));
    }
  };
  const bytes = new TextEncoder().encode(text);
  for (const chunk of chunksOf(bytes, options.sizes ?? [bytes.length])) {
    reader.push(chunk);
    settle();
  }
  reader.end();
  settle();
  const rejects = reader.rejected().first.map(({ meterId, value, rule, ...place }) => [
    "line" in place ? place.line : place.index,
    meterId,
    value,
    rule,
  ]);
  return { meters, rejects };
}

function profileOf(id: string): Profile | MeterRefusal {
  if (id === "x") return { rule: "a meter whose profile is there" };
  return id.startsWith("s") ? PROFILES.site : PROFILES.meter;
}

function hour(index: number): string {
  return new Date(NEW_YEAR_MS + index * HOUR_MS).toISOString();
}

Deno.test("records of CSV go to the meters that they name, wherever the column is", () => {
  const a: Row[] = [[NEW_YEAR_MS, "1", "", "", ""], [NEW_YEAR_MS + HOUR_MS, "1.5", "", "", ""]];
  const b: Row[] = [[NEW_YEAR_MS, "2", "", "", ""]];
  const lines: [header: string, line: (id: string, time: string, energy: string) => string][] = [
    ["smart_meter_id,timestamp,energy_kwh", (...fields) => fields.join(",")],
    ["timestamp,Smart_Meter_ID,energy_kwh", (id, time, energy) => `${time},${id},${energy}`],
    [
      "timestamp,energy_kwh,note,smart_meter_id",
      (id, time, energy) => `"${time}",${energy},"a ""b""",${id}`,
    ],
    ["smart_meter_id,timestamp,energy_kwh", (id, time, energy) => `"${id}", ${time} ,${energy}`],
  ];
  for (const [header, line] of lines) {
    const text = [header, line("A-1", hour(0), "1"), line("B.2", hour(0), "2")]
      .concat(line("A-1", hour(1), "1.5")).join("\n");
    for (const sizes of [[1], [7, 30], undefined]) {
      assertEquals(readMeters(createCsvReader, text, { sizes }), {
        meters: { "A-1": a, "B.2": b },
        rejects: [],
      }, header);
    }
  }
});

Deno.test("a column of meters with a name of its own, watt-hours with plus signs", () => {
  const dialect = {
    meter: "meter_id",
    timestamp: ["reading_time"],
    map: ["usage_wh:energy_kwh:Wh"],
  };
  const { meters, rejects } = readMeters(createCsvReader, PLUS_SIGNS, { dialect });
  const energies = Object.entries(meters).map(([id, rows]) => [id, rows.map((row) => row[1])]);
  assertEquals(energies, [["A-1", ["0.1", "0.101", "0.102"]], ["B.2", ["0.25", "0.251", "0.252"]]]);
  assertEquals(rejects, []);
});

Deno.test("JSON and NDJSON go to the meters that their objects name, as text or number", () => {
  const objects = [
    { timestamp: hour(0), energy_kwh: 1, smart_meter_id: "A-1" },
    { SMART_METER_ID: 22, timestamp: hour(0), energy_kwh: 2 },
    { timestamp: hour(1), energy_kwh: 1.5, smart_meter_id: " A-1 " },
  ];
  const expected: ReadMeters = {
    meters: {
      "A-1": [[NEW_YEAR_MS, "1", "", "", ""], [NEW_YEAR_MS + HOUR_MS, "1.5", "", "", ""]],
      "22": [[NEW_YEAR_MS, "2", "", "", ""]],
    },
    rejects: [],
  };
  const lines = objects.map((object) => JSON.stringify(object)).join("\n");
  assertEquals(readMeters(createNdjsonReader, lines), expected);
  assertEquals(readMeters(createNdjsonReader, lines, { sizes: [9] }), expected);
  assertEquals(readMeters(createJsonArrayReader, JSON.stringify(objects)), expected);
});

Deno.test("a record without a right meter is rejected and harms no other", () => {
  const text = `smart_meter_id,timestamp,energy_kwh,status\nA,${hour(0)},1,\n,${hour(0)},1,\n` +
    `a b,${hour(0)},1,\nx,${hour(0)},1,\nA,${hour(1)},much,\nA,${hour(2)},3,\ns1,${hour(0)},,1\n`;
  assertEquals(readMeters(createCsvReader, text), {
    meters: {
      A: [[NEW_YEAR_MS, "1", "", "", ""], [NEW_YEAR_MS + 2 * HOUR_MS, "3", "", "", ""]],
      s1: [[NEW_YEAR_MS, "1"]],
    },
    rejects: [
      [3, null, "", METER_ID_RULE],
      [4, null, "a b", METER_ID_RULE],
      [5, "x", "x", "a meter whose profile is there"],
      [
        6,
        "A",
        "much",
        "a decimal number with a point; if this means that there is no value, send missing=much",
      ],
    ],
  });
  const lines = `{"timestamp":"${hour(0)}","energy_kwh":1}\n` +
    `{"smart_meter_id":true,"timestamp":"${hour(0)}","energy_kwh":1}\n` +
    `{"smart_meter_id":"A","timestamp":"${hour(0)}","energy_kwh":1}\n{}`;
  const { meters, rejects } = readMeters(createNdjsonReader, lines);
  assertEquals([Object.keys(meters), rejects.length], [["A"], 3]);
});

Deno.test("a meter of another profile than the columns are for is refused with its metrics", () => {
  const text = `smart_meter_id,timestamp,energy_kwh\ns1,${hour(0)},1\nA,${hour(0)},1\n`;
  const { meters, rejects } = readMeters(createCsvReader, text);
  assertEquals(Object.keys(meters), ["A"]);
  assertEquals(rejects, [[2, "s1", "s1", "a column for one of status; its profile is site"]]);
});

Deno.test("a header without a column of meters is refused, with a hint", () => {
  const header = (columns: string) => () => readMeters(createCsvReader, `${columns}\n`);
  assertThrows(
    header("timestamp,energy_kwh,MPAN"),
    AppError,
    "The header has no smart_meter_id column; name the column of meters with meter=, for example " +
      "meter=MPAN",
  );
  assertThrows(header("timestamp,energy_kwh,room"), AppError, "its other columns are room");
});

Deno.test("interleaved meters give what each of them gives alone, however the bytes are cut", () => {
  const record = fc.record({
    meter: fc.constantFrom("a", "b-1", "c.2", "0007"),
    hour: fc.nat(50),
    isQuoted: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(record, decimalTexts({ minScale: 6 })), { maxLength: 40 }),
      fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 }),
      (records, sizes) => {
        const header = "smart_meter_id,timestamp,energy_kwh\n";
        const lineOf = ([{ meter, hour: at, isQuoted }, energy]: typeof records[number]) =>
          `${meter},${isQuoted ? `"${hour(at)}"` : hour(at)},${energy}\n`;
        const all = readMeters(createCsvReader, header + records.map(lineOf).join(""), { sizes });
        const alone: Record<string, Row[]> = {};
        for (const [id, own] of Map.groupBy(records, ([{ meter }]) => meter)) {
          const { meters } = readMeters(createCsvReader, header + own.map(lineOf).join(""));
          Object.assign(alone, { [id]: meters[id] });
        }
        assertEquals(all, { meters: alone, rejects: [] });
      },
    ),
    { numRuns: 200 },
  );
});

const TWO_METERS = "mpan,timestamp,energy_kwh\n" +
  [0, 1].flatMap((at) => ["A-1", "B.2"].map((id) => `${id},${hour(at)},${id === "A-1" ? 1 : 2}\n`))
    .join("");
const TWO_SENSORS = ["A-1", "B.2"].map((mpan) => (
  JSON.stringify({ mpan, timestamp: hour(0), energy_kwh: mpan === "A-1" ? 1 : 2 })
)).join("\n");

/** The energies of an upload into one meter. */
function energiesInto(
  createReader: CreateReader,
  text: string,
  { id, register, meter }: { id: string; register?: string; meter?: string },
): { energies: string[]; leftOut: [string, number][] } {
  const profile = PROFILES.meter;
  const dialect = dialectOf(profile, { meter });
  const dialectOfProfile = () => dialect;
  const options = { profile, id, register, dialect, dialectOf: dialectOfProfile, oldestMs: 0 };
  const reader = createReader(options);
  reader.push(new TextEncoder().encode(text));
  reader.end();
  const energies = reader.take().flatMap(({ batch }) => rowsOf(batch.page).map((row) => row[1]));
  return { energies, leftOut: [...reader.meters()[0].leftOut] };
}

Deno.test("of a file of many meters, register= or the meter's own id chooses the records of one", () => {
  const files: [CreateReader, string, others: number][] = [
    [createCsvReader, TWO_METERS, 2],
    [createNdjsonReader, TWO_SENSORS, 1],
  ];
  for (const [createReader, text, others] of files) {
    const into = (options: Parameters<typeof energiesInto>[2]) =>
      energiesInto(createReader, text, options);
    const leftOut: [string, number][] = [["other meter", others]];
    const b = Array(others).fill("2");
    assertEquals(into({ id: "B.2", meter: "mpan" }), { energies: b, leftOut });
    assertEquals(into({ id: "house", meter: "mpan", register: "B.2" }), { energies: b, leftOut });
    const all = into({ id: "house", meter: "mpan", register: "*" });
    assertEquals([all.energies.length, all.leftOut], [2 * others, []]);
    assertThrows(
      () => into({ id: "house", meter: "mpan" }),
      AppError,
      "No record has the meter house; the upload has A-1, B.2. Choose one of them with register=, " +
        "or send the upload to /api/readings",
    );
    assertThrows(
      () => into({ id: "house" }),
      AppError,
      "The upload has several meters in mpan: A-1, B.2 and perhaps more. Send it to " +
        "/api/readings?meter=mpan, or choose one with meter=mpan&register=A-1",
    );
  }
});

Deno.test("a column with one and the same meter is ignored, as are other columns", () => {
  const csv = TWO_METERS.replaceAll("B.2", "A-1");
  assertEquals(energiesInto(createCsvReader, csv, { id: "house" }).energies.length, 4);
  const rooms = TWO_METERS.replace("mpan", "room");
  assertEquals(energiesInto(createCsvReader, rooms, { id: "house" }).energies.length, 4);
});

const PLUS_SIGNS = `meter_id,reading_time,usage_wh
A-1,2024-06-01T00:00:00Z,+100
B.2,2024-06-01T00:00:00Z,+250
A-1,2024-06-01T00:15:00Z,+101
B.2,2024-06-01T00:15:00Z,+251
A-1,2024-06-01T00:30:00Z,+102
B.2,2024-06-01T00:30:00Z,+252
`;
