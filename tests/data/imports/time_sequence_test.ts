import { createTimeSequence, type TimeRules } from "../../../data/imports/time_sequence.ts";
import { createLocalClock, type LocalClock } from "../../../data/time/zone.ts";
import { assertEquals } from "../../support/assert.ts";
import { clockChanges } from "./clock_changes.ts";

const MINUTE_MS = 60_000;
const CHANGES = clockChanges();

type Options = Partial<Omit<TimeRules, "clock">> & { readonly zone?: string };

/** Clocks are slow to make. */
const clocks = new Map<string, LocalClock>();

function clockOf(zone: string): LocalClock {
  const clock = clocks.get(zone) ?? createLocalClock(zone);
  clocks.set(zone, clock);
  return clock;
}

function rulesOf({ zone = "Europe/Vienna", ...options }: Options): TimeRules {
  return {
    clock: clockOf(zone),
    ambiguous: "sequence",
    nonexistent: "reject",
    stamp: "start",
    intervalMs: 0,
    ...options,
  };
}

/** The settled starts of rows with these wall times, and how many were not known. */
function settled(
  wallsMs: readonly number[],
  options: Options,
): { startsMs: number[]; ambiguous: number } {
  const startsMs: number[] = [];
  const sequence = createTimeSequence(rulesOf(options), (row, timeMs) => startsMs[row] = timeMs);
  wallsMs.forEach((wallMs, row) => startsMs[row] = sequence.next(wallMs, row));
  sequence.end();
  return { startsMs, ambiguous: sequence.ambiguous() };
}

/** The starts of rows with times of a day in Vienna, as UTC; "skipped" for times that are not. */
function starts(date: string, texts: string, options: Options = {}): string {
  const walls = texts.split(" ").map((text) => Date.parse(`${date}T${text}Z`));
  return settled(walls, options).startsMs
    .map((timeMs) => timeMs !== timeMs ? "skipped" : new Date(timeMs).toISOString().slice(11, 16))
    .join(" ");
}

Deno.test("144 files around clock changes have the instants that Python's zoneinfo has", () => {
  assertEquals(CHANGES.length, 12 * 2 * 3 * 2);
  for (const { line, zone, minutes, stamp, startsMs, wallsMs } of CHANGES) {
    const options = { zone, stamp, intervalMs: minutes * MINUTE_MS };
    assertEquals(settled(wallsMs, options), { startsMs, ambiguous: 0 }, line);
  }
});

Deno.test("the same files with the newest row first have the same instants", () => {
  for (const { line, zone, minutes, stamp, startsMs, wallsMs } of CHANGES) {
    const options = { zone, stamp, intervalMs: minutes * MINUTE_MS };
    const found = settled(wallsMs.toReversed(), options);
    assertEquals(found, { startsMs: startsMs.toReversed(), ambiguous: 0 }, line);
  }
});

Deno.test("files of minutes have the instants of their quarters of an hour, minute by minute", () => {
  for (const { line, zone, stamp, startsMs, wallsMs } of CHANGES) {
    if (!line.includes(" 15 start ")) continue;
    const minutes = (timesMs: readonly number[]) =>
      timesMs.flatMap((timeMs) => Array.from({ length: 15 }, (_, at) => timeMs + at * MINUTE_MS));
    const found = settled(minutes(wallsMs), { zone, stamp });
    assertEquals(found, { startsMs: minutes(startsMs), ambiguous: 0 }, line);
  }
});

Deno.test("a file that is cut at any row has the same instants on either side", () => {
  for (const { line, zone, minutes, stamp, startsMs, wallsMs } of CHANGES) {
    const options = { zone, stamp, intervalMs: minutes * MINUTE_MS };
    const isBack = wallsMs.some((wallMs, at) => at > 0 && wallMs <= wallsMs[at - 1]);
    if (!isBack || minutes > 15) continue;
    // Four rows around the cut show their step and what they join.
    for (let cut = 4; cut <= wallsMs.length - 4; cut++) {
      const [before, after] = [wallsMs.slice(0, cut), wallsMs.slice(cut)]
        .map((part) => settled(part, options).startsMs);
      assertEquals([...before, ...after], [...startsMs], `${line}, cut before row ${cut}`);
    }
  }
});

const AUTUMN = "2024-10-27", SPRING = "2024-03-31";
const QUARTER_ENDS = { stamp: "end", intervalMs: 15 * MINUTE_MS } as const;

Deno.test("first and second take the same one of two instants, in any order of the rows", () => {
  const texts = "01:45 02:15 02:15 03:00";
  assertEquals(starts(AUTUMN, texts, { ambiguous: "first" }), "23:45 00:15 00:15 02:00");
  assertEquals(starts(AUTUMN, texts, { ambiguous: "second" }), "23:45 01:15 01:15 02:00");
});

Deno.test("a time that the clock skips is rejected or moved forward", () => {
  assertEquals(starts(SPRING, "01:30 02:00 02:30 03:30"), "00:30 skipped skipped 01:30");
  const shift = { nonexistent: "shift" } as const;
  assertEquals(starts(SPRING, "01:30 02:00 02:30 03:30", shift), "00:30 01:00 01:30 01:30");
});

Deno.test("the interval before the clock goes forward may end at either of its two times", () => {
  assertEquals(starts(SPRING, "01:45 02:00 03:15", QUARTER_ENDS), "00:30 00:45 01:00");
  assertEquals(starts(SPRING, "01:45 03:00 03:15", QUARTER_ENDS), "00:30 00:45 01:00");
});

Deno.test("ends of intervals in the hour that the clock skips are rejected, the last one too", () => {
  const hours = { stamp: "end", intervalMs: 60 * MINUTE_MS } as const;
  assertEquals(
    starts(SPRING, "01:45 02:00 02:15 02:30 02:45 03:00 03:15", QUARTER_ENDS),
    "00:30 00:45 skipped skipped skipped skipped 01:00",
  );
  assertEquals(starts(SPRING, "01:00 02:00 03:00 04:00", hours), "23:00 00:00 skipped 01:00");
});

Deno.test("ends that are each start with 15 minutes more have the same instants", () => {
  const texts = "02:00 02:15 02:30 02:45 03:00 02:15 02:30 02:45 03:00 03:15";
  const expected = "23:45 00:00 00:15 00:30 00:45 01:00 01:15 01:30 01:45 02:00";
  assertEquals(starts(AUTUMN, texts, QUARTER_ENDS), expected);
});

Deno.test("intervals of whole days begin at the same time on the clock", () => {
  const days = { stamp: "end", intervalMs: 24 * 60 * MINUTE_MS } as const;
  const walls = ["2024-10-27T00:00Z", "2024-10-28T00:00Z"].map(Date.parse);
  const expected = ["2024-10-25T22:00Z", "2024-10-26T22:00Z"].map(Date.parse);
  assertEquals(settled(walls, days).startsMs, expected);
});

Deno.test("rows of a repeated hour are open until a row after it; rows not kept count too", () => {
  const settledRows: [number, number][] = [];
  const sequence = createTimeSequence(rulesOf({}), (row, timeMs) => {
    settledRows.push([row, timeMs]);
  });
  const next = (text: string, row: number) => sequence.next(Date.parse(`${AUTUMN}T${text}Z`), row);
  next("01:00", 0);
  assertEquals(sequence.openRow(), Infinity);
  // Its value was wrong; the next row is the second pass all the same.
  next("02:00", -1);
  assertEquals(sequence.openRow(), Infinity);
  assertEquals(next("02:00", 1), Date.parse("2024-10-27T00:00Z"));
  assertEquals([sequence.openRow(), settledRows], [1, []]);
  next("03:00", 2);
  assertEquals(sequence.openRow(), Infinity);
  assertEquals(settledRows, [[1, Date.parse("2024-10-27T01:00Z")]]);
});

Deno.test("rows that do not tell take the first instant and are counted", () => {
  const walls = ["01:00", "02:00", "03:00"].map((text) => Date.parse(`${AUTUMN}T${text}Z`));
  const { startsMs, ambiguous } = settled(walls, {});
  assertEquals(new Date(startsMs[1]).toISOString(), "2024-10-27T00:00:00.000Z");
  assertEquals(ambiguous, 1);
});
