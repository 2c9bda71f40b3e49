import { createDialect, type DialectOptions } from "../../../data/imports/dialect_options.ts";
import type { Dialect } from "../../../data/imports/dialect.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { createTimeReader, readTime } from "../../../data/imports/upload_time.ts";
import { assertEquals } from "../../support/assert.ts";

const BERLIN = { timezone: "Europe/Berlin", timestampFormat: "dd.MM.yyyy HH:mm" };
const encoder = new TextEncoder();

function dialectOf(options: DialectOptions): Dialect {
  const result = createDialect(PROFILES.meter, options);
  if ("dialect" in result) return result.dialect;
  throw new Error(JSON.stringify(result.problems));
}

/** The instant of a text as ISO, or the rule it breaks. */
function read(options: DialectOptions, text: string): string {
  const time = readTime(dialectOf(options), text, 0);
  return "rule" in time ? time.rule : new Date(time.timeMs).toISOString();
}

/** The instant of two halves, read from bytes. */
function readHalves(first: string, second: string, options: DialectOptions): string {
  const time = createTimeReader(dialectOf({ ...options, timestamp: ["a", "b"] }));
  const halves = [second, first].map((text) => encoder.encode(text));
  const ends = halves.map((bytes, at) =>
    time.takeHalf(at === 1, bytes, { start: 0, end: bytes.length })
  );
  if (ends.includes(-1)) return "too long";
  const timeMs = time.instant();
  return Number.isNaN(timeMs) ? "none" : new Date(timeMs).toISOString();
}

Deno.test("a time without an offset is in the zone, or in UTC without a zone", () => {
  assertEquals(read({}, "2024-07-01 12:00"), "2024-07-01T12:00:00.000Z");
  assertEquals(read(BERLIN, "01.07.2024 12:00"), "2024-07-01T10:00:00.000Z");
  assertEquals(read(BERLIN, "01.01.2024 12:00"), "2024-01-01T11:00:00.000Z");
});

Deno.test("a time with an offset keeps it in any zone", () => {
  const timezone = "Europe/Berlin";
  assertEquals(read({ timezone }, "2024-07-01T12:00:00Z"), "2024-07-01T12:00:00.000Z");
  assertEquals(read({ timezone }, "2024-07-01T12:00-04:00"), "2024-07-01T16:00:00.000Z");
  assertEquals(read({ timezone, timestampFormat: "unix" }, "0"), "1970-01-01T00:00:00.000Z");
});

Deno.test("a time that the clock shows twice is the earlier one; a skipped one is refused", () => {
  // The clock of Berlin goes back at 01:00 UTC on 27 October 2024, and forward at 01:00 UTC on 31 March.
  assertEquals(read(BERLIN, "27.10.2024 02:30"), "2024-10-27T00:30:00.000Z");
  assertEquals(read(BERLIN, "27.10.2024 03:00"), "2024-10-27T02:00:00.000Z");
  assertEquals(
    read(BERLIN, "31.03.2024 02:30"),
    "a time that the clocks of Europe/Berlin show; they skip this one",
  );
  assertEquals(read(BERLIN, "31.03.2024 03:00"), "2024-03-31T01:00:00.000Z");
});

Deno.test("a time that is too old or past the year 9999 breaks a rule, by its instant", () => {
  assertEquals(read(BERLIN, "01.01.1970 00:59"), "1970-01-01T00:00:00Z or later");
  assertEquals(read(BERLIN, "01.01.1970 01:00"), "1970-01-01T00:00:00.000Z");
  const oldestMs = Date.UTC(2000, 0, 1);
  assertEquals(readTime(dialectOf(BERLIN), "01.01.2000 00:59", oldestMs), {
    rule: "2000-01-01T00:00:00Z or later",
  });
  const first = readTime(dialectOf(BERLIN), "01.01.2000 01:00", oldestMs);
  assertEquals("timeMs" in first && first.timeMs, oldestMs);
  const end = "a time before the year 10000";
  assertEquals(read({ timezone: "America/New_York" }, "9999-12-31T19:00"), end);
  assertEquals(
    read({ timezone: "America/New_York" }, "9999-12-31T18:59:59.999"),
    "9999-12-31T23:59:59.999Z",
  );
});

Deno.test("the rule of a wrong time is the form it should have", () => {
  assertEquals(read(BERLIN, "2024-07-01 12:00"), "a time as dd.MM.yyyy HH:mm");
  assertEquals(
    read({ timestampFormat: "unix_ms" }, ""),
    "a time in milliseconds since 1970; a record without a time, such as a total, is not a reading",
  );
});

Deno.test("two halves are one time, whichever is first in the record", () => {
  assertEquals(readHalves("01.07.2024", "12:00", BERLIN), "2024-07-01T12:00:00.000Z");
  assertEquals(readHalves("2024-07-01", "12:00:00.5+02:00", {}), "2024-07-01T10:00:00.500Z");
});

Deno.test("halves that are not a time together, or are longer than one, are refused", () => {
  assertEquals(readHalves("01.07.2024", "", BERLIN), "none");
  assertEquals(readHalves("", "12:00", BERLIN), "none");
  assertEquals(readHalves("01.07.2024", "12:00 ", BERLIN), "none");
  assertEquals(readHalves("01.07.2024", "12:00\0", BERLIN), "none");
  assertEquals(readHalves("01.07.2024 12:00", "", BERLIN), "none");
  assertEquals(readHalves("01.07.2024", "x".repeat(100), BERLIN), "none");
  assertEquals(readHalves("01.07.2024", "x".repeat(101), BERLIN), "too long");
});

Deno.test("a longer half of the previous record leaves nothing behind", () => {
  const time = createTimeReader(dialectOf({ ...BERLIN, timestamp: ["a", "b"] }));
  const take = (isFirst: boolean, text: string) => {
    const bytes = encoder.encode(text);
    time.takeHalf(isFirst, bytes, { start: 0, end: bytes.length });
  };
  take(true, "01.07.2024 and more");
  take(false, "12:00:00");
  assertEquals(time.instant(), NaN);
  take(true, "01.07.2024");
  take(false, "12:00");
  assertEquals(time.instant(), Date.UTC(2024, 6, 1, 12));
  assertEquals(time.wall(), { wallMs: Date.UTC(2024, 6, 1, 12), offsetMs: NaN });
});
