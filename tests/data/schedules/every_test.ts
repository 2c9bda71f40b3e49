import { approximateMs, parseDuration } from "../../../data/schedules/duration.ts";
import { createRunTimes, defaultAnchorMs, nextTimes } from "../../../data/schedules/run_times.ts";
import { assertEquals } from "../../support/assert.ts";

function texts(
  every: string,
  zone: string,
  anchor: string,
  after: string,
  count: number,
): string[] {
  const times = createRunTimes({ every, zone, anchorMs: Date.parse(anchor) });
  return nextTimes(times, Date.parse(after), count)
    .map((atMs) => new Date(atMs).toISOString().slice(0, 16));
}

/** Runs in the local year 2026, from its first moment on. */
const COUNTS = [
  ["P1D", 365],
  ["P1W", 53],
  ["P1M", 12],
  ["P3M", 4],
  ["P1Y", 1],
  ["P2D", 183],
  ["PT1H", 8_760],
  ["PT12H", 730],
  // 8760 / 7 = 1251.4, and the first one.
  ["PT7H", 1_252],
] as const;

const ZONES = [
  ["Europe/Berlin", "+01:00"],
  ["America/New_York", "-05:00"],
  ["Australia/Lord_Howe", "+11:00"],
  ["Asia/Kathmandu", "+05:45"],
] as const;

for (const [every, count] of COUNTS) {
  Deno.test(`${every} runs as often in 2026 as counted by hand in four zones`, () => {
    for (const [zone, offset] of ZONES) {
      const anchorMs = Date.parse(`2026-01-01T00:00${offset}`);
      const times = createRunTimes({ every, zone, anchorMs });
      const endMs = Date.parse(`2027-01-01T00:00${offset}`);
      assertEquals(times.upTo(endMs - 1, 10_000).length, count, zone);
      // What after() finds is the same.
      const [last] = times.upTo(endMs - 1, 1);
      assertEquals((times.after(last) ?? 0) >= endMs, true);
    }
  });
}

Deno.test("days follow the clock, and hours follow elapsed time", () => {
  assertEquals(texts("P1D", "Europe/Berlin", "2026-03-27T23:00Z", "2026-03-27T23:00Z", 3), [
    "2026-03-28T23:00",
    "2026-03-29T22:00",
    "2026-03-30T22:00",
  ]);
  assertEquals(texts("PT24H", "Europe/Berlin", "2026-03-27T23:00Z", "2026-03-27T23:00Z", 3), [
    "2026-03-28T23:00",
    "2026-03-29T23:00",
    "2026-03-30T23:00",
  ]);
  // A day and twelve hours: two days later at the same clock, and 24 hours.
  assertEquals(texts("P1DT12H", "UTC", "2026-01-01T00:00Z", "2026-01-01T00:00Z", 2), [
    "2026-01-02T12:00",
    "2026-01-04T00:00",
  ]);
});

Deno.test("a month without the day of the anchor runs on its last day, and the next one on the day", () => {
  assertEquals(texts("P1M", "UTC", "2026-01-31T06:00Z", "2026-01-31T06:00Z", 4), [
    "2026-02-28T06:00",
    "2026-03-31T06:00",
    "2026-04-30T06:00",
    "2026-05-31T06:00",
  ]);
  assertEquals(texts("P1Y", "UTC", "2024-02-29T00:00Z", "2026-12-01T00:00Z", 2), [
    "2027-02-28T00:00",
    "2028-02-29T00:00",
  ]);
});

Deno.test("a day whose time is skipped runs right after the gap, and a repeated time the first time", () => {
  assertEquals(texts("P1D", "Europe/Berlin", "2026-03-28T01:30Z", "2026-03-28T01:30Z", 2), [
    "2026-03-29T01:00",
    "2026-03-30T00:30",
  ]);
  assertEquals(texts("P1D", "Australia/Lord_Howe", "2026-04-03T14:45Z", "2026-04-04T00:00Z", 2), [
    // 01:45 of April 5, first with +11:00; then +10:30.
    "2026-04-04T14:45",
    "2026-04-05T15:15",
  ]);
});

Deno.test("nothing runs before the anchor", () => {
  assertEquals(texts("P1D", "UTC", "2026-06-01T00:00Z", "2026-01-01T00:00Z", 2), [
    "2026-06-01T00:00",
    "2026-06-02T00:00",
  ]);
  const times = createRunTimes({ every: "P1D", zone: "UTC", anchorMs: 1_000 });
  assertEquals(times.upTo(999, 5), []);
});

Deno.test("no run is planned after the year 9999", () => {
  assertEquals(texts("P10Y", "UTC", "9989-06-01T00:00Z", "9980-01-01T00:00Z", 5), [
    "9989-06-01T00:00",
    "9999-06-01T00:00",
  ]);
  assertEquals(texts("P1D", "UTC", "9999-12-30T06:00Z", "9999-12-01T00:00Z", 5), [
    "9999-12-30T06:00",
    "9999-12-31T06:00",
  ]);
});

Deno.test("without a start, days begin at midnight, weeks on Monday, months and years in January", () => {
  const anchor = (every: string, zone: string) => {
    const duration = parseDuration(every);
    const anchorMs = duration && defaultAnchorMs(duration, zone, Date.parse("2026-08-05T10:20Z"));
    return new Date(anchorMs ?? NaN).toISOString().slice(0, 16);
  };
  assertEquals(anchor("P1D", "Europe/Berlin"), "2026-08-04T22:00");
  assertEquals(anchor("PT15M", "Asia/Kathmandu"), "2026-08-04T18:15");
  // August 5 is a Wednesday.
  assertEquals(anchor("P2W", "UTC"), "2026-08-03T00:00");
  assertEquals(anchor("P3M", "UTC"), "2026-01-01T00:00");
  assertEquals(anchor("P1Y", "America/New_York"), "2026-01-01T05:00");
});

Deno.test("durations are whole numbers in the order of ISO 8601", () => {
  assertEquals(parseDuration("P1Y2M3W4DT5H6M7S"), {
    months: 14,
    days: 25,
    ms: 5 * 3_600_000 + 6 * 60_000 + 7_000,
  });
  for (const text of ["", "P", "PT", "P1", "1D", "P1D1M", "P-1D", "P1.5D", "PT1D", "P1DT", "p1d"]) {
    assertEquals(parseDuration(text), null, text);
  }
  // 400 years of the Gregorian calendar have 146,097 days.
  assertEquals(approximateMs({ months: 4_800, days: 0, ms: 0 }), 146_097 * 86_400_000);
});
