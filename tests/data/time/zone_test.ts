import { hasTemporal } from "../../../data/time/temporal_rules.ts";
import { Temporal } from "../../support/temporal.ts";
import fc from "fast-check";
import {
  createLocalClock,
  isTimeZone,
  type LocalClock,
  localDaySpan,
} from "../../../data/time/zone.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { amount } from "../../support/thorough.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const YEAR_9999_END_MS = 253_402_300_799_999;
/** All zones; every 20th where Temporal is a package, which is some 50 times slower. */
const ZONES = Intl.supportedValuesOf("timeZone").filter((_, at) => hasTemporal() || at % 20 === 0);

/** The wall time of a text, as Date.UTC would count it. */
function wall(text: string): number {
  return Date.parse(`${text}Z`);
}

/** The instants of wall times on a clock, or "skipped". */
function instants(zone: string, texts: readonly string[]): string[] {
  const clock = createLocalClock(zone);
  return texts.map((text) => {
    const timeMs = clock.toUtcMs(wall(text));
    return timeMs !== timeMs ? "skipped" : new Date(timeMs).toISOString();
  });
}

/** A day of a zone as text, and how many hours it has. */
function dayText(zone: string, date: string): [from: string, to: string, hours: number] {
  const span = localDaySpan(zone, date);
  assert(span !== null, date);
  const [from, to] = [span.fromMs, span.toMs].map((timeMs) => new Date(timeMs).toISOString());
  return [from.slice(0, 16), to.slice(0, 16), (span.toMs - span.fromMs) / HOUR_MS];
}

/** Checks rows of wall time and instant, in both orders. */
function assertInstants(zone: string, rows: readonly [wall: string, instant: string][]): void {
  for (const order of [rows, rows.toReversed()]) {
    const found = instants(zone, order.map(([text]) => text));
    assertEquals(found.map((text, index) => [order[index][0], text]), order.map((row) => [...row]));
  }
}

/** The instant of a wall time in Temporal: the earlier one, NaN if it is skipped. */
function temporalMs(zone: string, wallMs: number): number {
  const text = new Date(wallMs).toISOString().slice(0, -1);
  const plain = Temporal.PlainDateTime.from(text);
  const zoned = plain.toZonedDateTime(zone, { disambiguation: "earlier" });
  return zoned.toPlainDateTime().equals(plain) ? zoned.epochMilliseconds : NaN;
}

/** The instant of any wall time in Temporal. */
function compatibleMs(zone: string, wallMs: number): number {
  const plain = Temporal.PlainDateTime.from(new Date(wallMs).toISOString().slice(0, -1));
  return plain.toZonedDateTime(zone, { disambiguation: "compatible" }).epochMilliseconds;
}

/** The instant of a wall time in Temporal, null if it is skipped or shown twice. */
function onlyMs(zone: string, wallMs: number): number | null {
  const text = new Date(wallMs).toISOString().slice(0, -1);
  const plain = Temporal.PlainDateTime.from(text);
  try {
    return plain.toZonedDateTime(zone, { disambiguation: "reject" }).epochMilliseconds;
  } catch {
    return null;
  }
}

Deno.test("the clock of Paris skips 2024-03-31 02:30 and reads 2024-10-27 02:30 as summer time", () => {
  // CET is UTC+1, CEST UTC+2; both changes are at 01:00 UTC.
  assertInstants("Europe/Paris", [
    ["2024-03-31T01:59:59.999", "2024-03-31T00:59:59.999Z"],
    ["2024-03-31T02:00:00.000", "skipped"],
    ["2024-03-31T02:30:00.000", "skipped"],
    ["2024-03-31T02:59:59.999", "skipped"],
    ["2024-03-31T03:00:00.000", "2024-03-31T01:00:00.000Z"],
    ["2024-07-01T12:00:00.000", "2024-07-01T10:00:00.000Z"],
    ["2024-10-27T01:59:59.999", "2024-10-26T23:59:59.999Z"],
    ["2024-10-27T02:30:00.000", "2024-10-27T00:30:00.000Z"],
    ["2024-10-27T02:59:59.999", "2024-10-27T00:59:59.999Z"],
    ["2024-10-27T03:00:00.000", "2024-10-27T02:00:00.000Z"],
  ]);
});

Deno.test("a clock knows days that a zone left out, and changes at midnight", () => {
  // Samoa went from UTC-10 to UTC+14 at the end of 29 December.
  assertInstants("Pacific/Apia", [
    ["2011-12-29T23:59:59.000", "2011-12-30T09:59:59.000Z"],
    ["2011-12-30T00:00:00.000", "skipped"],
    ["2011-12-30T23:59:59.000", "skipped"],
    ["2011-12-31T00:00:00.000", "2011-12-30T10:00:00.000Z"],
  ]);
  // Kwajalein left 21 August 1993 out the same way, from UTC-12 to UTC+12.
  assertInstants("Pacific/Kwajalein", [
    ["1993-08-20T12:00:00.000", "1993-08-21T00:00:00.000Z"],
    ["1993-08-21T12:00:00.000", "skipped"],
    ["1993-08-22T12:00:00.000", "1993-08-22T00:00:00.000Z"],
  ]);
  // Brazil went from UTC-3 to UTC-2 at midnight, and back at midnight.
  assertInstants("America/Sao_Paulo", [
    ["2018-02-17T22:59:59.000", "2018-02-18T00:59:59.000Z"],
    ["2018-02-17T23:30:00.000", "2018-02-18T01:30:00.000Z"],
    ["2018-02-18T00:00:00.000", "2018-02-18T03:00:00.000Z"],
    ["2018-11-03T23:59:59.000", "2018-11-04T02:59:59.000Z"],
    ["2018-11-04T00:00:00.000", "skipped"],
    ["2018-11-04T01:00:00.000", "2018-11-04T03:00:00.000Z"],
    ["2024-11-03T00:30:00.000", "2024-11-03T03:30:00.000Z"],
  ]);
});

Deno.test("a clock knows changes by half an hour and by two hours, and offsets in quarters", () => {
  // Lord Howe: UTC+10:30 and +11. Troll: UTC+0 and +2. Nepal: +5:30, since 1986 +5:45.
  assertInstants("Australia/Lord_Howe", [
    ["2024-04-07T01:45:00.000", "2024-04-06T14:45:00.000Z"],
    ["2024-04-07T02:00:00.000", "2024-04-06T15:30:00.000Z"],
    ["2024-10-06T02:15:00.000", "skipped"],
    ["2024-10-06T02:30:00.000", "2024-10-05T15:30:00.000Z"],
  ]);
  assertInstants("Antarctica/Troll", [
    ["2024-03-31T01:30:00.000", "skipped"],
    ["2024-03-31T02:59:00.000", "skipped"],
    ["2024-03-31T03:00:00.000", "2024-03-31T01:00:00.000Z"],
    ["2024-10-27T01:30:00.000", "2024-10-26T23:30:00.000Z"],
    ["2024-10-27T02:59:00.000", "2024-10-27T00:59:00.000Z"],
    ["2024-10-27T03:00:00.000", "2024-10-27T03:00:00.000Z"],
  ]);
  assertInstants("Asia/Kathmandu", [
    ["1985-12-31T23:59:00.000", "1985-12-31T18:29:00.000Z"],
    ["1986-01-01T00:10:00.000", "skipped"],
    ["1986-01-01T00:15:00.000", "1985-12-31T18:30:00.000Z"],
    ["2024-01-01T00:00:00.000", "2023-12-31T18:15:00.000Z"],
  ]);
});

Deno.test("the clock of London is an hour ahead from 1968 to 1971", () => {
  assertInstants("Europe/London", [
    ["1968-01-15T12:00:00.000", "1968-01-15T12:00:00.000Z"],
    ["1970-01-01T00:30:00.000", "1969-12-31T23:30:00.000Z"],
    ["1970-01-01T01:00:00.000", "1970-01-01T00:00:00.000Z"],
    ["1971-10-31T02:30:00.000", "1971-10-31T01:30:00.000Z"],
    ["1971-10-31T03:00:00.000", "1971-10-31T03:00:00.000Z"],
    ["1972-01-15T12:00:00.000", "1972-01-15T12:00:00.000Z"],
  ]);
});

Deno.test("the clock of Casablanca goes back for Ramadan", () => {
  // UTC+1, but UTC+0 from 10 March to 14 April 2024; changes at 03:00 and 02:00 by the clock.
  assertInstants("Africa/Casablanca", [
    ["2024-03-10T01:30:00.000", "2024-03-10T00:30:00.000Z"],
    ["2024-03-10T02:30:00.000", "2024-03-10T01:30:00.000Z"],
    ["2024-03-10T03:00:00.000", "2024-03-10T03:00:00.000Z"],
    ["2024-04-14T02:30:00.000", "skipped"],
    ["2024-04-14T03:00:00.000", "2024-04-14T02:00:00.000Z"],
  ]);
});

Deno.test("a clock without changes subtracts its offset, at any time", () => {
  const texts = ["0001-01-01T00:00:00", "1970-01-01T00:00:00", "9999-12-31T23:59:59.999"];
  const walls = texts.map(wall);
  for (const [zone, hours] of [["UTC", 0], ["+01:00", 1], ["-0930", -9.5], ["Etc/GMT+5", -5]]) {
    const clock = createLocalClock(String(zone));
    const found = walls.map((wallMs) => clock.toUtcMs(wallMs));
    assertEquals(found, walls.map((wallMs) => wallMs - Number(hours) * HOUR_MS), String(zone));
  }
});

Deno.test("a clock follows its rule up to the year 9999, and the sun before zones", () => {
  // The last Sundays of 9999 are 28 March and 31 October. Solar time in Paris is 9:21 ahead of UTC.
  assertInstants("Europe/Paris", [
    ["1850-01-01T00:09:21.000", "1850-01-01T00:00:00.000Z"],
    ["9999-03-28T02:30:00.000", "skipped"],
    ["9999-10-31T02:30:00.000", "9999-10-31T00:30:00.000Z"],
    ["9999-12-31T23:59:59.999", "9999-12-31T22:59:59.999Z"],
  ]);
  assertInstants("America/New_York", [["9999-12-31T23:59:59.999", "+010000-01-01T04:59:59.999Z"]]);
});

Deno.test("a clock returns NaN for what is not a time, and terminates", () => {
  const clock = createLocalClock("Europe/Paris");
  assertEquals([NaN, Infinity].map((wallMs) => clock.toUtcMs(wallMs)), [NaN, NaN]);
  assertEquals(clock.toUtcMs(0), -HOUR_MS);
});

Deno.test("every change of every zone from 1970 to 2045 is that of Temporal, to the millisecond", () => {
  const wrong: string[] = [];
  let changes = 0;
  for (const zone of ZONES) {
    const clock = createLocalClock(zone);
    for (const { beforeMs, afterMs } of changesOf(zone)) {
      changes++;
      for (const edgeMs of [beforeMs, afterMs]) {
        for (const wallMs of [edgeMs - 1, edgeMs, (beforeMs + afterMs) / 2]) {
          if (!Object.is(clock.toUtcMs(wallMs), temporalMs(zone, wallMs))) {
            wrong.push(`${zone} ${new Date(wallMs).toISOString()}`);
          }
        }
      }
    }
  }
  assertEquals(wrong, []);
  assert(changes > 20 * ZONES.length, `${changes} changes`);
});

Deno.test("a clock agrees with Temporal about wall times of any zone, in any order", () => {
  const clocks = new Map<string, LocalClock>();
  const zones = fc.constantFrom(...ZONES);
  const times = fc.oneof(
    fc.integer({ min: 0, max: Date.UTC(2040, 0, 1) }),
    fc.integer({ min: 0, max: YEAR_9999_END_MS }),
  );
  const nearby = fc.oneof(
    fc.integer({ min: -2 * HOUR_MS, max: 2 * HOUR_MS }),
    fc.integer({ min: -8, max: 8 }).map((quarters) => quarters * HOUR_MS / 4),
    fc.integer({ min: -2 * DAY_MS, max: 2 * DAY_MS }),
  );
  fc.assert(
    fc.property(zones, fc.array(fc.tuple(times, nearby), { maxLength: 8 }), (zone, picks) => {
      const kept = clocks.get(zone) ?? createLocalClock(zone);
      clocks.set(zone, kept);
      for (const [timeMs, distanceMs] of picks) {
        const wallMs = nextChangeMs(zone, timeMs) + distanceMs;
        const expected = temporalMs(zone, wallMs);
        assertEquals(kept.toUtcMs(wallMs), expected, `${zone} ${wallMs}`);
        const only = onlyMs(zone, wallMs);
        if (only !== null) assertEquals(expected, only, `${zone} ${wallMs}`);
        assertEquals(kept.toCompatibleMs(wallMs), compatibleMs(zone, wallMs), `${zone} ${wallMs}`);
      }
    }),
    { numRuns: amount({ quick: 150, thorough: 1_500 }) },
  );
});

Deno.test("the wall time of an instant gives that instant, or an earlier one with the same wall time", () => {
  const zones = fc.constantFrom(...ZONES);
  const times = fc.integer({ min: 0, max: Date.UTC(2040, 0, 1) });
  fc.assert(fc.property(zones, times, (zone, timeMs) => {
    const zoned = Temporal.Instant.fromEpochMilliseconds(timeMs).toZonedDateTimeISO(zone);
    const found = createLocalClock(zone).toUtcMs(timeMs + zoned.offsetNanoseconds / 1_000_000);
    const again = Temporal.Instant.fromEpochMilliseconds(found).toZonedDateTimeISO(zone);
    assert(found <= timeMs);
    assert(again.toPlainDateTime().equals(zoned.toPlainDateTime()));
  }));
});

Deno.test("isTimeZone() accepts IANA names and fixed offsets, and nothing else", () => {
  const right = ["Europe/Paris", "europe/paris", "UTC", "Etc/GMT+1", "+01:00", "-0330", "+14"];
  assertEquals(right.filter((text) => !isTimeZone(text)), []);
  assertEquals(ZONES.filter((zone) => !isTimeZone(zone)), []);
  const wrong = [
    "",
    " UTC",
    "Mars/Phobos",
    "Europe",
    "GMT+1",
    "+1",
    "+24:00",
    "+01:00:00",
    "2024-01-01T00:00Z",
    "2024-01-01T00:00+01:00[Europe/Paris]",
    "Europe/Paris\n",
    "__proto__",
  ];
  assertEquals(wrong.filter(isTimeZone), []);
});

Deno.test("createLocalClock() refuses text that is not a zone", () => {
  assertThrows(
    () => createLocalClock("Mars/Phobos"),
    RangeError,
    "Cannot make a clock as the zone must be an IANA name or an offset such as +01:00: Mars/Phobos",
  );
});

Deno.test("a day has 24 hours, and 23 or 25 if the clock changes", () => {
  const days: [string, string, ...ReturnType<typeof dayText>][] = [
    ["UTC", "2026-02-01", "2026-02-01T00:00", "2026-02-02T00:00", 24],
    ["+05:30", "2024-02-29", "2024-02-28T18:30", "2024-02-29T18:30", 24],
    ["Asia/Tokyo", "1970-01-01", "1969-12-31T15:00", "1970-01-01T15:00", 24],
    ["Europe/Paris", "2024-03-31", "2024-03-30T23:00", "2024-03-31T22:00", 23],
    ["Europe/Paris", "2024-10-27", "2024-10-26T22:00", "2024-10-27T23:00", 25],
    ["America/New_York", "2026-03-08", "2026-03-08T05:00", "2026-03-09T04:00", 23],
    ["America/New_York", "2026-11-01", "2026-11-01T04:00", "2026-11-02T05:00", 25],
    ["Australia/Lord_Howe", "2024-04-07", "2024-04-06T13:00", "2024-04-07T13:30", 24.5],
    ["Europe/Paris", "9999-12-31", "9999-12-30T23:00", "9999-12-31T23:00", 24],
  ];
  for (const [zone, date, ...expected] of days) assertEquals(dayText(zone, date), expected, zone);
});

Deno.test("a day without midnight begins later, and one that was left out is empty", () => {
  // Brazil's clocks went from 00:00 to 01:00, UTC-3 to UTC-2.
  const saoPaulo = dayText("America/Sao_Paulo", "2018-11-04");
  assertEquals(saoPaulo, ["2018-11-04T03:00", "2018-11-05T02:00", 23]);
  const days = ["2011-12-29", "2011-12-30", "2011-12-31"];
  assertEquals(days.map((date) => dayText("Pacific/Apia", date)), [
    ["2011-12-29T10:00", "2011-12-30T10:00", 24],
    ["2011-12-30T10:00", "2011-12-30T10:00", 0],
    ["2011-12-30T10:00", "2011-12-31T10:00", 24],
  ]);
});

Deno.test("an hour that a clock repeats across midnight belongs to the later day", () => {
  // Until 2011 Newfoundland's clocks went from 00:01 to 23:01 of the day before.
  assertEquals(dayText("America/St_Johns", "2006-10-28"), [
    "2006-10-28T02:30",
    "2006-10-29T02:30",
    24,
  ]);
  assertEquals(dayText("America/St_Johns", "2006-10-29"), [
    "2006-10-29T02:30",
    "2006-10-30T03:30",
    25,
  ]);
});

Deno.test("localDaySpan() returns null for text that is not a day", () => {
  const texts = ["", "2024-02-30", "2023-02-29", "2024-13-01", "2024-00-01", "2024-01-00"];
  texts.push(
    "10000-01-01",
    "2024-1-1",
    "20240101",
    "2024-01-01T00:00",
    "2024-01-01 ",
  );
  texts.push("+002024-01-01", "2024-01-01[u-ca=gregory]", "2024-01-01\n", "today");
  assertEquals(texts.filter((text) => localDaySpan("Europe/Paris", text) !== null), []);
});

Deno.test("localDaySpan() refuses text that is not a zone", () => {
  for (const zone of ["Mars/Phobos", "", "2024-01-01T00:00+01:00[Europe/Paris]"]) {
    assertThrows(
      () => localDaySpan(zone, "2024-01-01"),
      RangeError,
      `Cannot find a day as the zone must be an IANA name or an offset such as +01:00: ${zone}`,
    );
  }
});

Deno.test("days of any zone join, and the first instant of a wall time is in the span of its date", () => {
  const zones = fc.constantFrom(...ZONES);
  const times = fc.integer({ min: DAY_MS, max: Date.UTC(2040, 0, 1) });
  fc.assert(
    fc.property(zones, times, (zone, timeMs) => {
      const local = Temporal.Instant.fromEpochMilliseconds(timeMs).toZonedDateTimeISO(zone);
      const date = local.toPlainDate();
      const [span, after] = [date, date.add({ days: 1 })].map((day) =>
        localDaySpan(zone, day.toString())
      );
      assert(span !== null && after !== null);
      assertEquals(span.toMs, after.fromMs);
      const first = createLocalClock(zone).toUtcMs(wall(`${date}T${local.toPlainTime()}`));
      assert(span.fromMs <= first && first < span.toMs, `${zone} ${local}`);
    }),
    { numRuns: amount({ quick: 125, thorough: 500 }) },
  );
});

/** The wall times just before and at each change of a zone from 1970 to 2045. */
function* changesOf(zone: string): Generator<{ beforeMs: number; afterMs: number }> {
  let last = new Temporal.ZonedDateTime(0n, zone);
  for (;;) {
    const change = last.getTimeZoneTransition("next");
    if (change === null || change.year > 2045) return;
    const { epochMilliseconds } = change;
    yield {
      beforeMs: epochMilliseconds + last.offsetNanoseconds / 1_000_000,
      afterMs: epochMilliseconds + change.offsetNanoseconds / 1_000_000,
    };
    last = change;
  }
}

/** The wall time of the next change of a zone after a time; that time if there is none. */
function nextChangeMs(zone: string, timeMs: number): number {
  const time = Temporal.Instant.fromEpochMilliseconds(timeMs).toZonedDateTimeISO(zone);
  const change = time.getTimeZoneTransition("next") ?? time;
  return Math.min(
    change.epochMilliseconds + change.offsetNanoseconds / 1_000_000,
    YEAR_9999_END_MS - 3 * DAY_MS,
  );
}

/** The stretch of a wall time: where it begins and ends, and its offsets in hours. */
function stretchText(zone: string, text: string): string {
  const { fromMs, endMs, offsetMs, laterOffsetMs } = createLocalClock(zone).stretchAt(wall(text));
  const [from, end] = [fromMs, endMs].map((wallMs) => new Date(wallMs).toISOString().slice(0, 16));
  return `${from} ${end} ${offsetMs / HOUR_MS} ${laterOffsetMs / HOUR_MS}`;
}

Deno.test("a stretch of wall time is shown once, twice, or not at all", () => {
  const zone = "Europe/Amsterdam";
  const winter = "2023-10-29T03:00 2024-03-31T02:00 1 1";
  const skipped = "2024-03-31T02:00 2024-03-31T03:00 1 2";
  const summer = "2024-03-31T03:00 2024-10-27T02:00 2 2";
  const twice = "2024-10-27T02:00 2024-10-27T03:00 2 1";
  assertEquals(stretchText(zone, "2024-01-15T12:00"), winter);
  assertEquals(stretchText(zone, "2024-03-31T01:59"), winter);
  assertEquals(stretchText(zone, "2024-03-31T02:00"), skipped);
  assertEquals(stretchText(zone, "2024-03-31T02:59"), skipped);
  assertEquals(stretchText(zone, "2024-03-31T03:00"), summer);
  assertEquals(stretchText(zone, "2024-10-27T01:59"), summer);
  assertEquals(stretchText(zone, "2024-10-27T02:00"), twice);
  assertEquals(stretchText(zone, "2024-10-27T02:59"), twice);
});

Deno.test("a zone that never changes its clock is one stretch", () => {
  const { fromMs, endMs, offsetMs, laterOffsetMs } = createLocalClock("+05:30").stretchAt(0);
  assertEquals([fromMs, endMs], [-Infinity, Infinity]);
  assertEquals([offsetMs, laterOffsetMs], [5.5 * HOUR_MS, 5.5 * HOUR_MS]);
});
