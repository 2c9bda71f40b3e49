import {
  BUCKET_LENGTHS,
  type BucketLength,
  createCalendarBuckets,
} from "../../../data/time/calendar_buckets.ts";
import { localPeriodAt } from "../../../data/time/zone.ts";
import { assert, assertEquals } from "../../support/assert.ts";

/** Zone, length and a time; then the bucket that it is in, by the zone's rules of 2024. */
const BUCKETS: readonly [string, BucketLength, string, string, string][] = [
  // Berlin shows 02:00 to 03:00 twice on 27 October, and leaves it out on 31 March.
  ["Europe/Berlin", "1h", "2024-10-27T00:30Z", "2024-10-27T00:00Z", "2024-10-27T01:00Z"],
  ["Europe/Berlin", "1h", "2024-10-27T01:30Z", "2024-10-27T01:00Z", "2024-10-27T02:00Z"],
  ["Europe/Berlin", "1d", "2024-10-27T01:30Z", "2024-10-26T22:00Z", "2024-10-27T23:00Z"],
  ["Europe/Berlin", "1w", "2024-03-31T12:00Z", "2024-03-24T23:00Z", "2024-03-31T22:00Z"],
  ["Europe/Berlin", "1mo", "2024-03-01T00:00Z", "2024-02-29T23:00Z", "2024-03-31T22:00Z"],
  ["Europe/Berlin", "1y", "2024-07-01T00:00Z", "2023-12-31T23:00Z", "2024-12-31T23:00Z"],
  // Half an hour off UTC.
  ["Asia/Kolkata", "1h", "2024-01-01T00:10Z", "2023-12-31T23:30Z", "2024-01-01T00:30Z"],
  // 02:00 becomes 02:30, so the hour is half as long; and 02:00 becomes 01:30 again.
  ["Australia/Lord_Howe", "1h", "2024-10-05T15:40Z", "2024-10-05T15:30Z", "2024-10-05T16:00Z"],
  ["Australia/Lord_Howe", "1h", "2024-04-06T14:40Z", "2024-04-06T14:00Z", "2024-04-06T15:00Z"],
  ["Australia/Lord_Howe", "1h", "2024-04-06T15:10Z", "2024-04-06T15:00Z", "2024-04-06T15:30Z"],
  // 02:45 becomes 03:45: the hour of 02:00 goes on until 04:00.
  ["Pacific/Chatham", "1h", "2024-09-28T14:05Z", "2024-09-28T13:15Z", "2024-09-28T14:15Z"],
  // Midnight is left out on 8 September.
  ["America/Santiago", "1d", "2024-09-08T12:00Z", "2024-09-08T04:00Z", "2024-09-09T03:00Z"],
];

for (const [zone, length, time, from, to] of BUCKETS) {
  Deno.test(`the bucket of ${length} in ${zone} that has ${time} is from ${from} to ${to}`, () => {
    const bucket = createCalendarBuckets(zone, length)(Date.parse(time));
    assertEquals(bucket, { fromMs: Date.parse(from), toMs: Date.parse(to) });
  });
}

Deno.test("buckets of every length join over a year, in zones with unusual clocks", () => {
  const endMs = Date.UTC(2025, 0, 20);
  for (const zone of ["Europe/Berlin", "Australia/Lord_Howe", "Pacific/Chatham", "Africa/Cairo"]) {
    for (const length of BUCKET_LENGTHS.filter((name) => name !== "1m" && name !== "5m")) {
      const bucketAt = createCalendarBuckets(zone, length);
      let bucket = bucketAt(Date.UTC(2023, 11, 20));
      while (bucket.toMs < endMs) {
        const next = bucketAt(bucket.toMs);
        assertEquals(next.fromMs, bucket.toMs, `${zone} ${length}`);
        assert(next.toMs > next.fromMs);
        assertEquals(bucketAt(next.toMs - 1), next);
        bucket = next;
      }
    }
  }
});

Deno.test("days and weeks are those of the calendar around every change of the clock", () => {
  // Apia left out a day in 2011; Havana and Azores set their clocks back over midnight.
  const zones = ["UTC", "Pacific/Apia", "America/Havana", "Atlantic/Azores", "Asia/Kathmandu"];
  for (const zone of zones) {
    for (const [length, unit] of [["1d", "day"], ["1w", "week"]] as const) {
      const bucketAt = createCalendarBuckets(zone, length);
      for (let timeMs = Date.UTC(2011, 8, 1); timeMs < Date.UTC(2013, 0, 1); timeMs += 17_999_000) {
        assertEquals(bucketAt(timeMs), localPeriodAt(zone, timeMs, unit), `${zone} ${timeMs}`);
      }
    }
  }
});
