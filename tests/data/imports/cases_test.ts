import type { DialectOptions } from "../../../data/imports/dialect_options.ts";
import { assertEquals } from "../../support/assert.ts";
import { readWithNotes, type Upload, type UploadNotes } from "./csv_upload.ts";

const CASES = new URL("cases/", import.meta.url);

/** A file as people have it, read with options that describe it. */
function readCase(name: string, dialect: DialectOptions): Upload & UploadNotes {
  return readWithNotes(Deno.readFileSync(new URL(name, CASES)), { dialect });
}

/** Times and energies that must come of a file: two columns, with a header. */
function expectedRows(name: string): [timeMs: number, energyKwh: number][] {
  const [, ...lines] = Deno.readTextFileSync(new URL(name, CASES)).trim().split("\n");
  return lines.map((line) => {
    const [time, energy] = line.split(",");
    return [Date.parse(time), Number(energy)];
  });
}

function assertCase({ rows }: Upload, expected: string): void {
  assertEquals(rows.map(([timeMs, energy]) => [timeMs, Number(energy)]), expectedRows(expected));
}

Deno.test("100 quarter hours of the day on which the clocks of Vienna go back are 100 readings", () => {
  const upload = readCase("01_autumn_quarter_hours.csv", {
    delimiter: ";",
    decimal: ",",
    timestamp: ["Datum von"],
    timestampFormat: "dd.MM.yyyy HH:mm",
    timezone: "Europe/Vienna",
    map: ["Energiemenge in kWh:energy_kwh"],
  });
  assertCase(upload, "01_expected.csv");
  assertEquals(upload.rejectedCount, 0);
});

Deno.test("the same file by the ends of its intervals and without its format is the same readings", () => {
  const upload = readCase("01_autumn_quarter_hours.csv", {
    delimiter: ";",
    decimal: ",",
    timestamp: ["Datum bis"],
    timestampFormat: "auto",
    stamp: "end",
    timezone: "Europe/Vienna",
    map: ["Energiemenge in kWh:energy_kwh"],
  });
  assertCase(upload, "01_expected.csv");
});

Deno.test("an hour that the clocks of Amsterdam skip is rejected; the rest is taken", () => {
  const upload = readCase("02_spring_hour_that_is_not.csv", {
    timestamp: ["Time"],
    timezone: "Europe/Amsterdam",
    map: ["kWh:energy_kwh"],
  });
  assertCase(upload, "02_expected.csv");
  assertEquals(upload.rejects, [{
    line: 4,
    field: "Time",
    value: "2025-03-30 02:00:00",
    rule: "a time that the clocks of Europe/Amsterdam show; they skip this one",
  }]);
});

Deno.test("lines before the header are a preamble, and a total below the data is rejected", () => {
  const upload = readCase("03_preamble.csv", {
    timestamp: ["DATE", "START TIME"],
    timezone: "America/Los_Angeles",
    map: ["USAGE (kWh):energy_kwh"],
  });
  assertCase(upload, "03_expected.csv");
  assertEquals(upload.preamble, [
    "Name,J DOE",
    'Address,"1 MAIN ST, SPRINGFIELD"',
    "Account Number,0000000000",
    "Service,Service 1",
  ]);
  assertEquals(upload.rejects, [{
    line: 103,
    field: "DATE START TIME",
    value: " ",
    rule:
      "a date and time as in ISO 8601; a record without a time, such as a total, is not a reading",
  }]);
});

Deno.test("UTF-16 with a byte order mark is read, and a unit in the header is understood", () => {
  const upload = readCase("06_utf16_tabs.csv", {
    delimiter: "tab",
    decimal: ",",
    timestamp: ["Zeitstempel"],
    map: ["Verbrauch (kWh):energy_kwh"],
  });
  assertCase(upload, "06_expected.csv");
});

Deno.test("hours that end at 24:00, with date and hour in two columns, are kept under their start", () => {
  for (const timestampFormat of ["yyyy/MM/dd HH:mm", "auto"]) {
    const upload = readCase("08_hour_ending_24.csv", {
      delimiter: ";",
      decimal: ",",
      timestamp: ["Fecha", "Hora"],
      timestampFormat,
      timezone: "Europe/Madrid",
      stamp: "end",
      map: ["AE_kWh:energy_kwh"],
    });
    assertCase(upload, "08_expected.csv");
    assertEquals(upload.rejectedCount, 0);
  }
});
