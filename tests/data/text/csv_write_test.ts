import fc from "fast-check";
import { createCsvWriter } from "../../../data/text/csv_write.ts";
import { emptyPage, type Page } from "../../../data/readings/page.ts";
import { sortPage } from "../../../data/readings/page_merge.ts";
import { type Profile, PROFILES } from "../../../data/readings/profile.ts";
import { parse } from "../../../data/text/std_csv.ts";
import { assertEquals } from "../../support/assert.ts";
import { anyPage, pageOf, rowsOf } from "../../support/pages.ts";

const DAY_START_MS = 1_704_067_200_000;

/** The fields that the rows of a page should have, with milliseconds if there are any. */
function fieldsOf(page: Page, id: string): string[][] {
  return rowsOf(page).map(([timeMs, ...texts]) => [
    new Date(timeMs).toISOString().replace(".000Z", "Z"),
    id,
    ...texts,
  ]);
}

function ascendingPage(columnCounts: number[], maxCount: number): fc.Arbitrary<Page> {
  return anyPage({ columnCounts, maxCount }).map(sortPage);
}

/** The file of a page as @std/csv reads it. */
function parsedFile(page: Page, profile: Profile, id: string): string[][] {
  const writer = createCsvWriter(profile, id);
  return parse(writer.header() + writer.lines(page));
}

Deno.test("header() names the columns of each profile", () => {
  const headers = Object.values(PROFILES).map((profile) => createCsvWriter(profile, "1").header());
  assertEquals(headers, [
    "timestamp,smart_meter_id,energy_kwh,power_kw,voltage_v,current_a\n",
    "timestamp,device_id,soc_percent,voltage_v,current_a,temp_c\n",
    "timestamp,device_id,voltage,current,power,temperature\n",
    "timestamp,site_id,status\n",
  ]);
});

Deno.test("lines() writes a line for each reading, with an empty field for a missing value", () => {
  const page = pageOf([
    [DAY_START_MS, "0.78", "2.63", "229.3", "9.70"],
    [DAY_START_MS + 60_000, "", "-0.5", "", ""],
    [DAY_START_MS + 86_399_000, "", "", "", ""],
  ]);
  assertEquals(
    createCsvWriter(PROFILES.meter, "123").lines(page),
    "2024-01-01T00:00:00Z,123,0.78,2.63,229.3,9.7\n" +
      "2024-01-01T00:01:00Z,123,,-0.5,,\n" +
      "2024-01-01T23:59:59Z,123,,,,\n",
  );
});

Deno.test("lines() writes every hour, minute, second and millisecond in its place", () => {
  const clocks = ["00:00:00.001", "00:00:00.010", "00:00:00.100", "00:00:01", "00:00:10"];
  clocks.push("00:01:00", "00:10:00", "01:00:00", "10:00:00", "23:59:59.999");
  const ofDayMs = [1, 10, 100, 1_000, 10_000, 60_000, 600_000, 3_600_000, 36_000_000, 86_399_999];
  const page = pageOf(ofDayMs.map((milli) => [DAY_START_MS + milli, "1"]));
  assertEquals(
    createCsvWriter(PROFILES.site, "s").lines(page),
    clocks.map((clock) => `2024-01-01T${clock}Z,s,1\n`).join(""),
  );
});

Deno.test("lines() crosses midnights, months and leap days within a page", () => {
  // 2024-02-28T23:59:00Z is 58 days and 23:59 after 2024-01-01.
  const firstMs = DAY_START_MS + 59 * 86_400_000 - 60_000;
  const steps = [0, 60_000, 86_460_000, 400 * 86_400_000];
  const page = pageOf(steps.map((stepMs) => [firstMs + stepMs, "0"]));
  assertEquals(createCsvWriter(PROFILES.site, "s").lines(page).split("\n"), [
    "2024-02-28T23:59:00Z,s,0",
    "2024-02-29T00:00:00Z,s,0",
    "2024-03-01T00:00:00Z,s,0",
    "2025-04-03T23:59:00Z,s,0",
    "",
  ]);
});

Deno.test("lines() writes ids of any length, at whole minutes and between them", () => {
  const id = "meter-of-a-building-with-a-long-name-0123456789";
  const page = pageOf([[DAY_START_MS, "1", "", "", "4"], [
    DAY_START_MS + 61_500,
    "",
    "2.5",
    "",
    "",
  ]]);
  assertEquals(
    createCsvWriter(PROFILES.meter, id).lines(page),
    `2024-01-01T00:00:00Z,${id},1,,,4\n2024-01-01T00:01:01.500Z,${id},,2.5,,\n`,
  );
});

Deno.test("lines() writes pages with no column, and with more than a profile has", () => {
  const writer = createCsvWriter(PROFILES.meter, "7");
  const times = pageOf([[DAY_START_MS], [DAY_START_MS + 60_000]]);
  assertEquals(writer.lines(times), "2024-01-01T00:00:00Z,7\n2024-01-01T00:01:00Z,7\n");
  const six = ["1", "-2.5", "3e-9", "", "123456789012345", "6"];
  assertEquals(
    writer.lines(pageOf([[DAY_START_MS, ...six]])),
    "2024-01-01T00:00:00Z,7,1,-2.5,0.000000003,,123456789012345,6\n",
  );
});

Deno.test("lines() of a page without readings is empty", () => {
  assertEquals(createCsvWriter(PROFILES.meter, "1").lines(emptyPage(4)), "");
});

Deno.test("lines() of consecutive pages continues where the day changes", () => {
  const writer = createCsvWriter(PROFILES.site, "s");
  const days = [2, 0, 1].map((day) => pageOf([[DAY_START_MS + day * 86_400_000, "0"]]));
  assertEquals(
    days.map((page) => writer.lines(page)),
    ["2024-01-03", "2024-01-01", "2024-01-02"].map((day) => `${day}T00:00:00Z,s,0\n`),
  );
});

Deno.test("@std/csv reads the values of any meter page from its lines", () => {
  fc.assert(
    fc.property(ascendingPage([4], 300), (page) => {
      const [, ...records] = parsedFile(page, PROFILES.meter, "a.b:c-1");
      assertEquals(records, fieldsOf(page, "a.b:c-1"));
    }),
    { numRuns: 60 },
  );
});

Deno.test("@std/csv reads the values of a page of any width from its lines", () => {
  fc.assert(
    fc.property(ascendingPage([1, 2, 3, 5], 60), (page) => {
      const lines = createCsvWriter(PROFILES.site, "s1").lines(page);
      assertEquals(parse(lines), fieldsOf(page, "s1"));
    }),
    { numRuns: 60 },
  );
});
