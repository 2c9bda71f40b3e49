import { createCronTimes, cronProblem } from "../../../data/schedules/cron.ts";
import { createRunTimes, nextTimes, type Timing } from "../../../data/schedules/run_times.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const BERLIN = "Europe/Berlin", NEW_YORK = "America/New_York";
const LORD_HOWE = "Australia/Lord_Howe", KATHMANDU = "Asia/Kathmandu";

/** The first moments of 2026 and 2027 on the clock of each zone. Lord Howe has summer then. */
const YEARS: Readonly<Record<string, readonly [string, string]>> = {
  [BERLIN]: ["2026-01-01T00:00+01:00", "2027-01-01T00:00+01:00"],
  [NEW_YORK]: ["2026-01-01T00:00-05:00", "2027-01-01T00:00-05:00"],
  [LORD_HOWE]: ["2026-01-01T00:00+11:00", "2027-01-01T00:00+11:00"],
  [KATHMANDU]: ["2026-01-01T00:00+05:45", "2027-01-01T00:00+05:45"],
};

function timesBetween(timing: Timing, from: string, to: string): string[] {
  const times = createRunTimes(timing);
  const found: string[] = [];
  for (let atMs = times.after(Date.parse(from) - 1); atMs !== null && atMs < Date.parse(to);) {
    found.push(new Date(atMs).toISOString().slice(0, 16));
    atMs = times.after(atMs);
  }
  return found;
}

/**
 * Runs in 2026 by hand: 365 days; Berlin skips 02:00 to 03:00 on March 29 and shows it twice on October
 * 25; New York skips that hour on March 8 and shows 01:00 to 02:00 twice on November 1; Lord Howe shows
 * 01:30 to 02:00 twice on April 5 and skips 02:00 to 02:30 on October 4; Kathmandu never changes.
 */
const COUNTS: readonly (readonly [string, Readonly<Record<string, number>>])[] = [
  // One a day, in a gap, in a repeated hour, and elsewhere.
  ["30 2 * * *", { [BERLIN]: 365, [NEW_YORK]: 365, [LORD_HOWE]: 365, [KATHMANDU]: 365 }],
  ["45 1 * * *", { [BERLIN]: 365, [NEW_YORK]: 365, [LORD_HOWE]: 365, [KATHMANDU]: 365 }],
  // 4 x 365 = 1460. Where the hour is skipped, one run instead of four; on Lord Howe Island the run for
  // 02:00 and 02:15 is that of 02:30.
  ["*/15 2 * * *", { [BERLIN]: 1457, [NEW_YORK]: 1457, [LORD_HOWE]: 1458, [KATHMANDU]: 1460 }],
  ["0,30 2 * * *", { [BERLIN]: 729, [NEW_YORK]: 729, [LORD_HOWE]: 729, [KATHMANDU]: 730 }],
  ["0 6 1 * *", { [BERLIN]: 12, [NEW_YORK]: 12, [LORD_HOWE]: 12, [KATHMANDU]: 12 }],
  ["0 0 L * *", { [BERLIN]: 12, [NEW_YORK]: 12, [LORD_HOWE]: 12, [KATHMANDU]: 12 }],
  // January 1 is a Thursday, the only day of the week with 53 in this year.
  ["0 6 * * MON", { [BERLIN]: 52, [NEW_YORK]: 52, [LORD_HOWE]: 52, [KATHMANDU]: 52 }],
  ["0 6 * * 4", { [BERLIN]: 53, [NEW_YORK]: 53, [LORD_HOWE]: 53, [KATHMANDU]: 53 }],
  // Either day counts: 12 + 52, less the Fridays in February, March and November that are a 13th.
  ["0 12 13 * FRI", { [BERLIN]: 61, [NEW_YORK]: 61, [LORD_HOWE]: 61, [KATHMANDU]: 61 }],
  ["0 0 29 2 *", { [BERLIN]: 0, [NEW_YORK]: 0, [LORD_HOWE]: 0, [KATHMANDU]: 0 }],
];

for (const [cron, counts] of COUNTS) {
  Deno.test(`${cron} runs as often in 2026 as counted by hand in four zones`, () => {
    for (const [zone, count] of Object.entries(counts)) {
      const [from, to] = YEARS[zone];
      assertEquals(timesBetween({ zone, cron }, from, to).length, count, zone);
    }
  });
}

/** Runs of local days whose clocks change: `[zone, expression, from, to, runs]`. */
const DAYS = [
  // With * for the hours, runs follow elapsed time: as many as the day has hours.
  [BERLIN, "0 * * * *", "2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00", 23],
  [BERLIN, "0 * * * *", "2026-10-25T00:00+02:00", "2026-10-26T00:00+01:00", 25],
  [NEW_YORK, "0 * * * *", "2026-03-08T00:00-05:00", "2026-03-09T00:00-04:00", 23],
  [NEW_YORK, "0 * * * *", "2026-11-01T00:00-04:00", "2026-11-02T00:00-05:00", 25],
  // 24.5 hours with 24 full ones on the clock, but 01:30 twice; 23.5 hours without 02:00.
  [LORD_HOWE, "0 * * * *", "2026-04-05T00:00+11:00", "2026-04-06T00:00+10:30", 24],
  [LORD_HOWE, "30 * * * *", "2026-04-05T00:00+11:00", "2026-04-06T00:00+10:30", 25],
  [LORD_HOWE, "0 * * * *", "2026-10-04T00:00+10:30", "2026-10-05T00:00+11:00", 23],
  [LORD_HOWE, "30 * * * *", "2026-10-04T00:00+10:30", "2026-10-05T00:00+11:00", 24],
  [KATHMANDU, "*/20 * * * *", "2026-10-04T00:00+05:45", "2026-10-05T00:00+05:45", 72],
] as const;

Deno.test("an expression with * for the hours runs as often as a day has such times", () => {
  for (const [zone, cron, from, to, count] of DAYS) {
    assertEquals(timesBetween({ zone, cron }, from, to).length, count, `${zone} ${cron} ${from}`);
  }
});

Deno.test("a skipped time runs once, right after the gap; a repeated one runs the first time", () => {
  const around = (zone: string, cron: string, from: string) =>
    nextTimes(createRunTimes({ zone, cron }), Date.parse(from), 3)
      .map((atMs) => new Date(atMs).toISOString().slice(0, 16));
  // 03:00 of summer time is 01:00 UTC.
  assertEquals(around(BERLIN, "30 2 * * *", "2026-03-28T12:00Z"), [
    "2026-03-29T01:00",
    "2026-03-30T00:30",
    "2026-03-31T00:30",
  ]);
  assertEquals(around(BERLIN, "0-59/20 2 * * *", "2026-03-28T12:00Z"), [
    "2026-03-29T01:00",
    "2026-03-30T00:00",
    "2026-03-30T00:20",
  ]);
  assertEquals(around(BERLIN, "30 2 * * *", "2026-10-24T12:00Z"), [
    "2026-10-25T00:30",
    "2026-10-26T01:30",
    "2026-10-27T01:30",
  ]);
  // 02:30 of summer time (+11:00) is 15:30 UTC of the day before.
  assertEquals(around(LORD_HOWE, "15 2 * * *", "2026-10-03T12:00Z")[0], "2026-10-03T15:30");
  assertEquals(around(NEW_YORK, "30 1 * * *", "2026-10-31T12:00Z").slice(0, 2), [
    "2026-11-01T05:30",
    "2026-11-02T06:30",
  ]);
});

Deno.test("upTo() has the last times up to an instant, inclusive, the earliest first", () => {
  const times = createCronTimes("0 6 * * *", "UTC");
  const upTo = (text: string) =>
    times.upTo(Date.parse(text), 2).map((atMs) => new Date(atMs).toISOString());
  const [first, second, third] = [1, 2, 3].map((day) => `2026-01-0${day}T06:00:00.000Z`);
  assertEquals(upTo("2026-01-03T06:00:00.000Z"), [second, third]);
  assertEquals(upTo("2026-01-03T06:00:00.001Z"), [second, third]);
  assertEquals(upTo("2026-01-03T05:59:59.999Z"), [first, second]);
});

Deno.test("an offset is a zone too", () => {
  assertEquals(
    timesBetween({ zone: "+05:30", cron: "0 6 * * *" }, "2026-01-01T00:00Z", "2026-01-02T00:00Z"),
    ["2026-01-01T00:30"],
  );
});

const WRONG = [
  ["", "five fields"],
  ["* * * *", "five fields"],
  ["61 * * *", "it has 4"],
  ["", "it has 0"],
  ["0 * * * * *", "five fields"],
  ["@daily", "five fields"],
  ["61 25 * * *", "must have a minute of 0 to 59 and an hour of 0 to 23"],
  ["60 * * * *", "a minute of 0 to 59"],
  ["* 24 * * *", "an hour of 0 to 23"],
  ["* * 0 * *", "a day of the month of 1 to 31"],
  ["* * 32 * *", "a day of the month"],
  ["* * * 13 *", "a month of 1 to 12"],
  ["* * * * 8", "a day of the week of 0 to 7"],
  ["x * * * *", "a minute"],
  ["*/0 * * * *", "a minute"],
  ["5/5 * * * *", "a minute"],
  ["10-5 * * * *", "a minute"],
  ["2026-01-01T00:00:00 * * * *", "a minute"],
] as const;

Deno.test("a wrong expression is refused with the field that is wrong", () => {
  for (const [cron, part] of WRONG) {
    const problem = cronProblem(cron);
    assert(problem?.includes(part), `${cron}: ${problem}`);
  }
  for (const cron of ["0 6 1 * *", " 0  6 * * 7 ", "*/5 8-18 * JAN-MAR mon-fri", "0 0 * * FRI#2"]) {
    assertEquals(cronProblem(cron), null, cron);
  }
});
