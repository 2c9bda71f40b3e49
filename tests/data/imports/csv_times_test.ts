import fc from "fast-check";
import { createCsvReader } from "../../../data/imports/csv_read.ts";
import { createDialect, type DialectOptions } from "../../../data/imports/dialect_options.ts";
import type { Dialect } from "../../../data/imports/dialect.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { type ClockChange, clockChanges, wallText } from "./clock_changes.ts";
import { readUpload, readWithNotes } from "./csv_upload.ts";
import { readArray, readNdjson } from "./json_upload.ts";
import { takenRows } from "./upload.ts";

const HEADER = "timestamp,energy_kwh\n";
const CHANGES = clockChanges();
const AUTUMN = CHANGES.filter(({ wallsMs }) =>
  wallsMs.some((wallMs, at) => at > 0 && wallMs <= wallsMs[at - 1])
);

function optionsOf({ zone, stamp }: ClockChange): DialectOptions {
  return { timezone: zone, stamp };
}

function linesOf(wallsMs: readonly number[]): string[] {
  return wallsMs.map((wallMs, at) => `${wallText(wallMs)},${at}\n`);
}

function dialectResult(options: DialectOptions): { dialect: Dialect } {
  const result = createDialect(PROFILES.meter, options);
  assert("dialect" in result);
  return result;
}

Deno.test("files around clock changes have the readings that Python's zoneinfo says", () => {
  for (const change of CHANGES) {
    const csv = HEADER + linesOf(change.wallsMs).join("");
    const { rows, ambiguous, rejectedCount } = readWithNotes(csv, { dialect: optionsOf(change) });
    assertEquals(rows.map(([timeMs]) => timeMs), [...change.startsMs], change.line);
    assertEquals([ambiguous, rejectedCount], [0, 0], change.line);
  }
});

Deno.test("JSON has the same times as CSV, and shows its form and interval too", () => {
  const change = AUTUMN[0];
  const objects = change.wallsMs.map((wallMs, at) => (
    { timestamp: wallText(wallMs).replace("T", " ").replaceAll("-", "/"), energy_kwh: at }
  ));
  const dialect = { ...optionsOf(change), timestampFormat: "auto" };
  const expected = [...change.startsMs];
  const ndjson = objects.map((object) => JSON.stringify(object)).join("\n");
  for (
    const { rows } of [
      readNdjson(ndjson, { dialect }),
      readArray(JSON.stringify(objects), { dialect, sizes: [100] }),
    ]
  ) assertEquals(rows.map(([timeMs]) => timeMs), expected);
});

Deno.test("batches that are taken within a repeated hour have the same readings", () => {
  const changes = fc.constantFrom(...AUTUMN.filter(({ minutes }) => minutes === 15));
  const cuts = fc.array(fc.integer({ min: 1, max: 39 }), { maxLength: 12 });
  fc.assert(
    fc.property(changes, cuts, fc.boolean(), (change, cuts, isNewestFirst) => {
      const { dialect } = dialectResult({ ...optionsOf(change), interval: "15m" });
      const reader = createCsvReader({
        profile: PROFILES.meter,
        id: "m1",
        dialect,
        dialectOf: () => dialect,
        oldestMs: 0,
      });
      reader.push(new TextEncoder().encode(HEADER));
      const lines = linesOf(change.wallsMs);
      if (isNewestFirst) lines.reverse();
      const rows = lines.flatMap((line, at) => {
        reader.push(new TextEncoder().encode(line));
        return cuts.includes(at) ? takenRows(reader) : [];
      });
      reader.end();
      rows.push(...takenRows(reader));
      const byEnergy = rows.toSorted(([, one], [, other]) => Number(one) - Number(other));
      assertEquals(byEnergy.map(([timeMs]) => timeMs), [...change.startsMs]);
    }),
    { numRuns: 60 },
  );
});

Deno.test("each meter of a file has the order of its own rows", () => {
  const autumn = AUTUMN.filter(({ zone, stamp }) => zone === "Europe/Vienna" && stamp === "start");
  const { dialect } = dialectResult({ timezone: "Europe/Vienna", hasMeters: true });
  const reader = createCsvReader({
    profile: PROFILES.meter,
    id: null,
    dialect,
    dialectOf: () => dialect,
    oldestMs: 0,
  });
  const push = (text: string) => {
    reader.push(new TextEncoder().encode(text));
    for (const id of reader.unknown()) reader.know(id, PROFILES.meter);
    reader.resume();
  };
  push("smart_meter_id,timestamp,energy_kwh\n");
  // Quarters of an hour, half hours and hours, in turn; the last meter has its newest row first.
  const rowsOf = autumn.map(({ wallsMs }, meter) => meter === 2 ? wallsMs.toReversed() : wallsMs);
  const found = new Map<string, number[]>();
  const take = () => {
    for (const { meterId, batch } of reader.take()) {
      found.set(meterId, [...found.get(meterId) ?? [], ...batch.page.timesMs]);
    }
  };
  for (let row = 0; row < rowsOf[0].length; row++) {
    rowsOf.forEach((wallsMs, meter) => {
      if (row < wallsMs.length) push(`m${meter},${wallText(wallsMs[row])},1\n`);
    });
    take();
  }
  reader.end();
  take();
  autumn.forEach(({ line, startsMs }, meter) => {
    const timesMs = found.get(`m${meter}`)?.toSorted((one, other) => one - other);
    assertEquals(timesMs, [...startsMs], line);
  });
});

Deno.test("a file that is cut anywhere keeps an exact beginning", () => {
  const change = AUTUMN.find(({ zone, minutes, stamp }) =>
    zone === "Europe/Vienna" && minutes === 15 && stamp === "start"
  );
  assert(change !== undefined);
  const lines = linesOf(change.wallsMs);
  for (let count = 4; count <= lines.length; count++) {
    const csv = HEADER + lines.slice(0, count).join("");
    const { rows } = readUpload(csv, { dialect: optionsOf(change) });
    assertEquals(rows.map(([timeMs]) => timeMs), change.startsMs.slice(0, count), `${count} rows`);
  }
});

Deno.test("a row that is rejected in the repeated hour leaves the others where they are", () => {
  const csv = `${HEADER}2024-10-27 01:00,1\n2024-10-27 02:00,much\n2024-10-27 02:00,3\n` +
    "2024-10-27 03:00,4\n";
  const { rows, ambiguous } = readWithNotes(csv, { dialect: { timezone: "Europe/Vienna" } });
  assertEquals(rows.map(([timeMs, energy]) => [new Date(timeMs).toISOString(), energy]), [
    ["2024-10-26T23:00:00.000Z", "1"],
    ["2024-10-27T01:00:00.000Z", "3"],
    ["2024-10-27T02:00:00.000Z", "4"],
  ]);
  assertEquals(ambiguous, 0);
});

Deno.test("rows in no order take the first instant and are counted", () => {
  const csv = `${HEADER}2024-10-27 04:00,1\n2024-10-27 02:00,2\n2024-10-27 05:00,3\n`;
  const { rows, ambiguous } = readWithNotes(csv, { dialect: { timezone: "Europe/Vienna" } });
  assertEquals(new Date(rows[1][0]).toISOString(), "2024-10-27T00:00:00.000Z");
  assertEquals(ambiguous, 1);
});

Deno.test("hours by their number have 23, 24 or 25 a day, and the others are rejected", () => {
  const hours = (day: string, count: number) =>
    Array.from({ length: count }, (_, at) => `${day};${at + 1};${at}\n`).join("");
  const csv = "Fecha;Hora;energy_kwh\n" + hours("2024/03/31", 24) + hours("2024/10/27", 25);
  const { rows, rejects } = readUpload(csv, {
    dialect: {
      delimiter: ";",
      timestamp: ["Fecha", "Hora"],
      timestampFormat: "yyyy/MM/dd n",
      timezone: "Europe/Madrid",
    },
  });
  const days = ["2024-03-30T23:00Z", "2024-10-26T22:00Z"].map(Date.parse);
  const hourMs = 3_600_000;
  assertEquals(rows.map(([timeMs]) => timeMs), [
    ...Array.from({ length: 23 }, (_, at) => days[0] + at * hourMs),
    ...Array.from({ length: 25 }, (_, at) => days[1] + at * hourMs),
  ]);
  assertEquals(rejects, [{
    line: 25,
    field: "Fecha Hora",
    value: "2024/03/31 24",
    rule: "the number of an interval of 60 minutes of that day",
  }]);
});

Deno.test("times with an offset and a unit of thousands are read as the options say", () => {
  const csv = `timestamp;energy_kwh\n2024-01-01T01:00+01:00;1'234,5\n2024-01-01T02:00+01:00;2\n`;
  const { rows } = readUpload(csv, {
    dialect: { decimal: ",", thousands: "apostrophe", stamp: "end", interval: "30m" },
  });
  assertEquals(rows.map(([timeMs, energy]) => [new Date(timeMs).toISOString(), energy]), [
    ["2023-12-31T23:30:00.000Z", "1234.5"],
    ["2024-01-01T00:30:00.000Z", "2"],
  ]);
});

Deno.test("every unit of a column is kept in that of its metric", () => {
  const csv = "timestamp;E [MWh];P (W);Q (kvarh)\n2024-01-01T00:00Z;0,0015;+250;7\n";
  const { rows, leftOut, ignored } = readWithNotes(csv, {
    dialect: { decimal: ",", map: ["E [MWh]:energy_kwh", "P (W):power_kw"] },
  });
  assertEquals(rows, [[Date.UTC(2024, 0, 1), "1.5", "0.25", "", ""]]);
  assertEquals(ignored, ["Q (kvarh)"]);
  assertEquals(leftOut.map(({ column }) => column), ["Q (kvarh)"]);
});
