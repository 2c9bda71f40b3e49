import fc from "fast-check";
import {
  RANGE_PATTERN,
  rangeLastMs,
  rangeStartMs,
  rangeStopMs,
} from "../../../data/time/range_text.ts";
import { instantText, parseInstant } from "../../../data/time/time_text.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { inZone } from "../../routes/time_zone.ts";

/** Start, last moment and stop of a text in a zone, as RFC 3339. */
function ends(text: string, zone?: string): (string | null)[] {
  return [rangeStartMs, rangeLastMs, rangeStopMs].map((read) => {
    const timeMs = read(text, zone);
    return timeMs === null ? null : instantText(timeMs);
  });
}

Deno.test("a bare date starts at midnight UTC, its last moment is a millisecond before the next", () => {
  assertEquals(ends("2024-01-31"), [
    "2024-01-31T00:00:00Z",
    "2024-01-31T23:59:59.999Z",
    "2024-02-01T00:00:00Z",
  ]);
  assertEquals(ends("2024-02-29")[2], "2024-03-01T00:00:00Z");
});

Deno.test("a time is itself at either end, whether or not its second is written", () => {
  for (const text of ["2024-01-31T12:00:00Z", "2024-01-31T12:00", "2024-01-31T13:00:00+01:00"]) {
    assertEquals(ends(text), Array(3).fill("2024-01-31T12:00:00Z"));
  }
});

Deno.test("a date in a zone is the day on its clock, of 23 or 25 hours where the clock changes", () => {
  // Amsterdam is an hour ahead of UTC in winter, two in summer; clocks change at 01:00 UTC.
  const days: [zone: string, date: string, start: string, last: string, hours: number][] = [
    ["Europe/Amsterdam", "2024-01-31", "2024-01-30T23:00:00Z", "2024-01-31T22:59:59.999Z", 24],
    ["Europe/Amsterdam", "2024-03-31", "2024-03-30T23:00:00Z", "2024-03-31T21:59:59.999Z", 23],
    ["Europe/Amsterdam", "2024-10-27", "2024-10-26T22:00:00Z", "2024-10-27T22:59:59.999Z", 25],
    ["+05:30", "2024-01-31", "2024-01-30T18:30:00Z", "2024-01-31T18:29:59.999Z", 24],
  ];
  for (const [zone, date, start, last, hours] of days) {
    assertEquals(ends(date, zone).slice(0, 2), [start, last]);
    const lengthMs = (rangeStopMs(date, zone) ?? NaN) - (rangeStartMs(date, zone) ?? NaN);
    assertEquals(lengthMs / 3_600_000, hours);
  }
});

Deno.test("a time without an offset is on the zone's clock, one with an offset is not", () => {
  const zone = "Europe/Amsterdam";
  assertEquals(ends("2024-07-01T00:00:00", zone)[0], "2024-06-30T22:00:00Z");
  assertEquals(ends("2024-07-01T00:00:00Z", zone)[0], "2024-07-01T00:00:00Z");
  assertEquals(ends("2024-07-01T00:00:00-05:00", zone)[0], "2024-07-01T05:00:00Z");
  // 02:30 is skipped on 31 March and shown twice on 27 October.
  assertEquals(ends("2024-03-31T02:30:00", zone)[0], "2024-03-31T01:30:00Z");
  assertEquals(ends("2024-10-27T02:30:00", zone)[0], "2024-10-27T00:30:00Z");
});

Deno.test("a day that a zone left out has no moment: its last one is before its start", () => {
  // Samoa went from 29 to 31 December 2011.
  assertEquals(ends("2011-12-30", "Pacific/Apia"), [
    "2011-12-30T10:00:00Z",
    "2011-12-30T09:59:59.999Z",
    "2011-12-30T10:00:00Z",
  ]);
});

Deno.test("days before 1970 and up to the year 9999 are days", () => {
  assertEquals(ends("1969-12-31")[0], "1969-12-31T00:00:00Z");
  assertEquals(ends("0000-01-01")[0], "0000-01-01T00:00:00Z");
  assertEquals(ends("9999-12-31")[1], "9999-12-31T23:59:59.999Z");
  // They begin before the year 0 or end after 9999 in UTC.
  assertEquals(ends("0000-01-01", "+01:00"), [null, null, null]);
  assertEquals(ends("9999-12-31", "-01:00"), [null, null, null]);
});

Deno.test("text that is neither a date nor a time is refused at both ends", () => {
  const texts = ["", "yesterday", "2024-01", "2024", "20240131", "2024-02-30", "2024-01-31 "];
  texts.push("2024-1-31", "31/01/2024", "2024-01-31T", "2024-01-31Z", "2024-01-31+01:00");
  texts.push("2024-01-31T25:00:00Z", "2024-W05-3", "2024-031", "1704067200");
  for (const text of texts) assertEquals(ends(text), [null, null, null], text);
});

Deno.test("a zone that does not exist is an error", () => {
  for (const text of ["2024-01-31", "2024-01-31T12:00:00"]) {
    assertThrows(() => rangeStartMs(text, "Mars/Phobos"), RangeError);
  }
});

Deno.test("a time is read as parseInstant() reads it, and every accepted text fits the pattern", () => {
  const times = fc.date({ min: new Date(0), max: new Date("9999-12-31"), noInvalidDate: true });
  fc.assert(fc.property(times, (time) => {
    const text = time.toISOString();
    assertEquals(rangeStartMs(text), parseInstant(text));
    for (const one of [text, text.slice(0, 10)]) {
      assert(RANGE_PATTERN.test(one) && rangeStartMs(one) !== null);
    }
  }));
});

for (const zone of ["Australia/Sydney", "Europe/London", "America/Chicago"]) {
  Deno.test(`a bare date is a UTC day, also on a machine in ${zone}`, async () => {
    const found = await inZone(zone, () => ends("2024-07-01"));
    assertEquals(found.slice(0, 2), ["2024-07-01T00:00:00Z", "2024-07-01T23:59:59.999Z"]);
  });
}
