import fc from "fast-check";
import { createLocalBuckets } from "../../../data/time/local_buckets.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { amount } from "../../support/thorough.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const ZONES = Intl.supportedValuesOf("timeZone");

/** The bucket of a time as `from/to`, to the minute. */
function bucketText(zone: string, lengthMs: number, time: string): string {
  const { fromMs, toMs } = createLocalBuckets(zone, lengthMs)(Date.parse(time));
  return [fromMs, toMs].map((timeMs) => new Date(timeMs).toISOString().slice(0, 16)).join("/");
}

Deno.test("a bucket of a day is the local day, of 24, 23 or 25 hours", () => {
  // Amsterdam is an hour ahead of UTC in winter, two in summer; clocks change at 01:00 UTC.
  const zone = "Europe/Amsterdam";
  assertEquals(
    ["2024-01-31T23:30:00Z", "2024-03-31T12:00:00Z", "2024-10-27T22:59:59.999Z"]
      .map((time) => bucketText(zone, DAY_MS, time)),
    [
      "2024-01-31T23:00/2024-02-01T23:00",
      "2024-03-30T23:00/2024-03-31T22:00",
      "2024-10-26T22:00/2024-10-27T23:00",
    ],
  );
});

Deno.test("hours begin at whole local hours, also half an hour off those of UTC", () => {
  // Kolkata is 5:30 ahead: 12:10Z is 17:40.
  assertEquals(
    bucketText("Asia/Kolkata", HOUR_MS, "2024-01-31T12:10:00Z"),
    "2024-01-31T11:30/2024-01-31T12:30",
  );
});

Deno.test("an hour that the clock shows twice is two buckets", () => {
  const zone = "Europe/Amsterdam";
  // 02:30 in summer time, then 02:30 in winter time.
  assertEquals(
    ["2024-10-27T00:30:00Z", "2024-10-27T01:30:00Z"]
      .map((time) => bucketText(zone, HOUR_MS, time)),
    ["2024-10-27T00:00/2024-10-27T01:00", "2024-10-27T01:00/2024-10-27T02:00"],
  );
});

Deno.test("the last hour of a day of 24 and a half hours is half an hour", () => {
  // Lord Howe went from +11:00 to +10:30 on 7 April 2024.
  assertEquals(
    bucketText("Australia/Lord_Howe", HOUR_MS, "2024-04-07T13:10:00Z"),
    "2024-04-07T13:00/2024-04-07T13:30",
  );
});

Deno.test("a time lies in its bucket where a clock is set back over midnight", () => {
  // Until 2011 Newfoundland's clocks went from 00:01 to 23:01 of the day before.
  assertEquals(
    bucketText("America/St_Johns", DAY_MS, "2006-10-29T02:45:00Z"),
    "2006-10-29T02:30/2006-10-30T03:30",
  );
});

Deno.test("buckets of any zone hold their times, join and never overlap", () => {
  const times = fc.integer({ min: 0, max: Date.UTC(2040, 0, 1) });
  const length = fc.constantFrom(60_000, 15 * 60_000, HOUR_MS, DAY_MS);
  fc.assert(
    fc.property(fc.constantFrom(...ZONES), length, times, (zone, lengthMs, timeMs) => {
      const bucketAt = createLocalBuckets(zone, lengthMs);
      const bucket = bucketAt(timeMs);
      assert(bucket.fromMs <= timeMs && timeMs < bucket.toMs);
      assertEquals(bucketAt(bucket.fromMs), bucket);
      assertEquals(bucketAt(bucket.toMs - 1), bucket);
      assertEquals(bucketAt(bucket.toMs).fromMs, bucket.toMs);
    }),
    { numRuns: amount({ quick: 125, thorough: 500 }) },
  );
});
