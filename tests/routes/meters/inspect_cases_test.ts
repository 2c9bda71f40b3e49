/**
 * Files as people have them, imported by the request that their inspection proposes. What cannot be in
 * a file, the zone of its times, comes with it.
 *
 * @module
 */

import { assertEquals } from "../../support/assert.ts";
import { HOUSE, importAsInspected } from "./inspected_import.ts";

const FOLDERS = ["../../data/imports/cases/", "../../data/meter_files/cases/"];

interface Case {
  readonly file: string;
  /** The zone, where the file does not show it. */
  readonly timezone?: string;
  /** The file with the readings of each meter. */
  readonly expected: Readonly<Record<string, string>>;
  readonly rejected?: number;
}

const CASES: readonly Case[] = [
  { file: "01_autumn_quarter_hours.csv", expected: { [HOUSE]: "01_expected.csv" } },
  {
    file: "02_spring_hour_that_is_not.csv",
    timezone: "Europe/Amsterdam",
    expected: { [HOUSE]: "02_expected.csv" },
    rejected: 1,
  },
  {
    file: "03_preamble.csv",
    timezone: "America/Los_Angeles",
    expected: { [HOUSE]: "03_expected.csv" },
    rejected: 1,
  },
  {
    file: "04_nem12.csv",
    expected: { VABD000163_E1: "04_expected_E1.csv", VABD000163_B1: "04_expected_B1.csv" },
  },
  { file: "05_green_button.xml", expected: { [HOUSE]: "05_expected.csv" } },
  { file: "06_utf16_tabs.csv", expected: { [HOUSE]: "06_expected.csv" } },
  {
    file: "07_cumulative_wh.csv",
    timezone: "Europe/Berlin",
    expected: { [HOUSE]: "07_expected.csv" },
  },
  { file: "08_hour_ending_24.csv", expected: { [HOUSE]: "08_expected.csv" } },
  { file: "09_day_a_row.csv", expected: { [HOUSE]: "09_expected.csv" } },
];

for (const { file, timezone, expected, rejected = 0 } of CASES) {
  Deno.test(`${file} loads by its inspection to the readings that another program wrote down`, async () => {
    const more: Record<string, string> = timezone === undefined ? {} : { timezone };
    const { found, report, stored } = await importAsInspected(await caseFile(file), more);
    assertEquals(found.zone_needed, timezone !== undefined);
    const all = Object.entries(expected).map(async ([id, name]) => [id, await expectedLines(name)]);
    assertEquals(withEnergy(stored), Object.fromEntries(await Promise.all(all)));
    assertEquals(report.rejected, rejected);
  });
}

Deno.test("10_many_meters.csv loads by its inspection into two meters", async () => {
  const { found, stored } = await importAsInspected(await caseFile("10_many_meters.csv"));
  assertEquals(found.import?.path, "/api/readings");
  const rows = (await textOf("10_expected.csv")).trim().split("\n").slice(1)
    .map((line) => line.split(","));
  for (const id of ["A-1", "B.2"]) {
    const expected = rows.filter((row) => row[0] === id)
      .map(([, time, energy]) => `${time} ${Number(energy)}`);
    assertEquals(stored[id], expected);
  }
});

/** Readings that have energy: the expected files leave out the others. */
function withEnergy(
  stored: Readonly<Record<string, readonly string[]>>,
): Record<string, readonly string[]> {
  return Object.fromEntries(
    Object.entries(stored).map(([id, lines]) => [id, lines.filter((line) => line.includes(" "))]),
  );
}

async function expectedLines(name: string): Promise<string[]> {
  return (await textOf(name)).trim().split("\n").slice(1).map((line) => {
    const [time, energy] = line.trim().split(",");
    return `${time} ${Number(energy)}`;
  });
}

async function textOf(name: string): Promise<string> {
  return new TextDecoder().decode(await caseFile(name));
}

async function caseFile(name: string): Promise<Uint8Array<ArrayBuffer>> {
  for (const folder of FOLDERS) {
    try {
      return await Deno.readFile(new URL(folder + name, import.meta.url));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new Error(`no case ${name}`);
}
