import { Temporal } from "../../support/temporal.ts";
import fc from "fast-check";
import {
  compactDayText,
  daysInMonth,
  instantText,
  parseInstant,
  parseWallTime,
  utcMs,
} from "../../../data/time/time_text.ts";
import { assertEquals } from "../../support/assert.ts";

// Well-known numbers: the first tick of .NET is Unix second -62135596800, the year 9999 ends at 253402300799.
const YEAR_1_MS = -62_135_596_800_000;
const YEAR_9999_END_MS = 253_402_300_799_999;

const anyTime = fc.integer({ min: 0, max: YEAR_9999_END_MS });

Deno.test("parseInstant() reads the examples of RFC 3339, 5.8", () => {
  assertEquals(parseInstant("1985-04-12T23:20:50.52Z"), Date.UTC(1985, 3, 12, 23, 20, 50, 520));
  // "equivalent to 1996-12-20T00:39:57Z in UTC"
  assertEquals(parseInstant("1996-12-19T16:39:57-08:00"), Date.UTC(1996, 11, 20, 0, 39, 57));
  // Noon in the Netherlands of 1937 was 11:40:27.87 UTC by this offset.
  assertEquals(
    parseInstant("1937-01-01T12:00:27.87+00:20"),
    Date.UTC(1937, 0, 1, 11, 40, 27, 870),
  );
});

Deno.test("parseInstant() reads the leap seconds of RFC 3339, 5.8, as the second after them", () => {
  const next = Date.UTC(1991, 0, 1);
  assertEquals(parseInstant("1990-12-31T23:59:60Z"), next);
  assertEquals(parseInstant("1990-12-31T15:59:60-08:00"), next);
  assertEquals(parseInstant("1991-01-01T05:44:60+05:45"), next);
  assertEquals(parseInstant("19901231T235960.5Z"), next + 500);
  assertEquals(parseInstant("1990-12-31T23:59:60"), next);
});

Deno.test("parseInstant() refuses a second 60 that does not end a UTC day", () => {
  const wrong = [
    "1990-12-31T23:58:60Z",
    "1990-12-31T22:59:60Z",
    "1990-12-31T23:59:60+01:00",
    "1990-12-31T23:58:60",
    "1990-12-31T23:59:61Z",
  ];
  assertEquals(wrong.filter((text) => parseInstant(text) !== null), []);
});

Deno.test("parseInstant() reads the basic format of ISO 8601", () => {
  const noon = Date.UTC(2026, 1, 7, 12);
  const forms = ["20260207T120000Z", "20260207T1200Z", "20260207T120000", "20260207t133000+0130"];
  assertEquals(forms.filter((form) => parseInstant(form) !== noon), []);
  assertEquals(parseInstant("20260207T120000.25Z"), noon + 250);
  const wrong = [
    "20260207",
    "20260207120000",
    "20260230T120000Z",
    "2026-0207T120000Z",
    "20260207 120000",
  ];
  assertEquals(wrong.filter((text) => parseInstant(text) !== null), []);
});

Deno.test("parseInstant() accepts every form of 2024-02-29T10:00:00Z", () => {
  const forms = [
    "2024-02-29T10:00:00Z",
    "2024-02-29T10:00:00z",
    "2024-02-29t10:00:00Z",
    "2024-02-29 10:00:00",
    "2024-02-29T10:00:00",
    "2024-02-29T10:00",
    "2024-02-29T10:00Z",
    "2024-02-29T10:00:00.0Z",
    "2024-02-29T10:00:00,000Z",
    "2024-02-29T10:00:00.000999999Z",
    "2024-02-29T12:00:00+02:00",
    "2024-02-29T12:00:00+0200",
    "2024-02-29T12:00:00+02",
    "2024-02-29T04:30:00-0530",
    "2024-02-29T10:00:00-00:00",
    "2024-03-01T09:59:00+23:59",
    "2024-02-28T23:00-11:00",
  ];
  // 19,782 days after 1970-01-01 (54 years, 13 leap days before 2024, 59 days): 19724 - 1 + 59.
  const expected = 19_782 * 86_400_000 + 10 * 3_600_000;
  assertEquals(forms.filter((form) => parseInstant(form) !== expected), []);
});

Deno.test("parseInstant() cuts a fraction off at the millisecond", () => {
  const fractions = { ".5": 500, ".05": 50, ",123": 123, ".1239": 123, ".999999999": 999 };
  for (const [fraction, milli] of Object.entries(fractions)) {
    assertEquals(parseInstant(`1970-01-01T00:00:00${fraction}Z`), milli);
  }
});

Deno.test("parseInstant() refuses text that is not a time", () => {
  const wrong = [
    "",
    "2024-01-01",
    "2023-02-29T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "2024-13-01T00:00:00Z",
    "2024-00-01T00:00:00Z",
    "2024-01-00T00:00:00Z",
    "2024-04-31T00:00:00Z",
    "2024-01-01T24:00:00Z",
    "2024-01-01T23:60:00Z",
    "2024-01-01T00:00:00.Z",
    "2024-01-01T00:00.5Z",
    "2024-01-01T00:00:00+24:00",
    "2024-01-01T00:00:00+02:60",
    "2024-01-01T00:00:00+2",
    "2024-01-01T00:00:00 Z",
    "2024-01-01T00:00:00Z ",
    "2024-01-01T00:00:00Z\n",
    "2024-01-01T00:00:00ZZ",
    "24-01-01T00:00:00Z",
    "02024-01-01T00:00:00Z",
    "-2024-01-01T00:00:00Z",
    "２０２４-01-01T00:00:00Z",
    "1704067200000",
    "yesterday",
  ];
  assertEquals(wrong.filter((text) => parseInstant(text) !== null), []);
});

Deno.test("parseInstant() agrees with Temporal about any time at any offset", () => {
  const offsetMinutes = fc.integer({ min: -1_439, max: 1_439 });
  const inside = fc.integer({ min: 86_400_000, max: YEAR_9999_END_MS - 86_400_000 });
  fc.assert(fc.property(inside, offsetMinutes, (timeMs, minutes) => {
    const clock = new Date(timeMs + minutes * 60_000).toISOString().slice(0, -1);
    const size = Math.abs(minutes);
    const offset = [Math.floor(size / 60), size % 60].map((part) => String(part).padStart(2, "0"));
    const text = `${clock}${minutes < 0 ? "-" : "+"}${offset.join(":")}`;
    assertEquals(Temporal.Instant.from(text).epochMilliseconds, timeMs);
    assertEquals(parseInstant(text), timeMs);
  }));
});

Deno.test("parseWallTime() keeps the clock as written and the offset next to it", () => {
  // 2024-01-01 is day 19,723: 54 years of 365 days and 13 leap days.
  const wallMs = 19_723 * 86_400_000 + 90 * 60_000;
  const table: [text: string, offsetMs: number][] = [
    ["2024-01-01T01:30", NaN],
    ["2024-01-01 01:30:00.0009", NaN],
    ["2024-01-01T01:30:00Z", 0],
    ["2024-01-01T01:30:00z", 0],
    ["2024-01-01T01:30:00-00:00", 0],
    ["2024-01-01T01:30:00+01:00", 3_600_000],
    ["2024-01-01T01:30:00-0330", -12_600_000],
    ["2024-01-01T01:30:00+14", 50_400_000],
  ];
  for (const [text, offsetMs] of table) {
    assertEquals(parseWallTime(text), { wallMs, offsetMs }, text);
  }
});

Deno.test("parseWallTime() accepts a clock whose instant parseInstant() refuses, and no other form", () => {
  const edge = "0000-01-01T00:00:00+00:01";
  assertEquals(parseInstant(edge), null);
  assertEquals(parseWallTime(edge), { wallMs: -62_167_219_200_000, offsetMs: 60_000 });
  const wrong = [
    "",
    "2024-01-01",
    "2023-02-29T00:00",
    "2024-01-01T24:00",
    "2024-01-01T00:00+24:00",
  ];
  assertEquals(wrong.filter((text) => parseWallTime(text) !== null), []);
});

Deno.test("instantText() writes milliseconds only if there are any", () => {
  assertEquals(instantText(0), "1970-01-01T00:00:00Z");
  assertEquals(instantText(1), "1970-01-01T00:00:00.001Z");
  assertEquals(instantText(500), "1970-01-01T00:00:00.500Z");
  assertEquals(instantText(1_704_067_200_000), "2024-01-01T00:00:00Z");
  assertEquals(instantText(YEAR_9999_END_MS), "9999-12-31T23:59:59.999Z");
});

Deno.test("instantText() of any time reads back as the same time, here and in Temporal", () => {
  fc.assert(fc.property(anyTime, (timeMs) => {
    assertEquals(parseInstant(instantText(timeMs)), timeMs);
    assertEquals(Temporal.Instant.from(instantText(timeMs)).epochMilliseconds, timeMs);
  }));
});

Deno.test("compactDayText() names the UTC day", () => {
  assertEquals(compactDayText(0), "19700101");
  assertEquals(compactDayText(1_704_067_199_999), "20231231");
  assertEquals(compactDayText(1_704_067_200_000), "20240101");
});

Deno.test("utcMs() handles years below 100 and both ends of the calendar", () => {
  assertEquals(utcMs(1, 1, 1), YEAR_1_MS);
  assertEquals(utcMs(1970, 1, 1), 0);
  assertEquals(utcMs(9999, 12, 31), YEAR_9999_END_MS - 86_399_999);
  assertEquals(utcMs(50, 3, 1), Temporal.Instant.from("0050-03-01T00:00Z").epochMilliseconds);
});

Deno.test("daysInMonth() follows the Gregorian rule of leap years", () => {
  const months = Array.from({ length: 12 }, (_, index) => daysInMonth(2023, index + 1));
  assertEquals(months, [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]);
  const februaries = [1900, 2000, 2023, 2024, 2100, 2400].map((year) => daysInMonth(year, 2));
  assertEquals(februaries, [28, 29, 28, 29, 28, 29]);
});
