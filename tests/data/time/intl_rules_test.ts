import { changingRules, intlRules } from "../../../data/time/intl_rules.ts";
import { hasTemporal, temporalRules } from "../../../data/time/temporal_rules.ts";
import type { ZoneRules } from "../../../data/time/zone_rules.ts";
import { assert, assertEquals, assertExists } from "../../support/assert.ts";
import { isThorough } from "../../support/thorough.ts";

const HOUR_MS = 3_600_000;
/** Zones in which a rule is rare: short ones, steps of half hours, left out days, dates to 2086. */
const RARE = ["America/Recife", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca"];

/** The changes of a zone in a span, each with its offset in hours. */
function* changes(rules: ZoneRules, fromMs: number, toMs: number): Generator<string> {
  let timeMs: number | null = fromMs;
  for (;;) {
    timeMs = rules.changeAfter(timeMs);
    if (timeMs === null || timeMs >= toMs) return;
    yield `${new Date(timeMs).toISOString()} ${rules.offsetAt(timeMs) / HOUR_MS}`;
  }
}

function rulesOf(zone: string): ZoneRules {
  const rules = intlRules(zone);
  assertExists(rules, zone);
  return rules;
}

Deno.test("Intl finds the changes of Paris and New York, to the second", () => {
  // EU: last Sundays of March and October, 01:00 UTC. USA: 02:00 by the clock.
  const year = [Date.UTC(2024, 0, 1), Date.UTC(2025, 0, 1)] as const;
  assertEquals([...changes(rulesOf("Europe/Paris"), ...year)], [
    "2024-03-31T01:00:00.000Z 2",
    "2024-10-27T01:00:00.000Z 1",
  ]);
  assertEquals([...changes(rulesOf("america/new_york"), ...year)], [
    "2024-03-10T07:00:00.000Z -4",
    "2024-11-03T06:00:00.000Z -5",
  ]);
});

Deno.test("Intl finds summer time of a week, and solar time with its seconds", () => {
  const recife = rulesOf("America/Recife");
  assertEquals([...changes(recife, Date.UTC(2000, 0, 1), Date.UTC(2001, 0, 1))], [
    "2000-02-27T02:00:00.000Z -3",
    "2000-10-08T03:00:00.000Z -2",
    "2000-10-15T02:00:00.000Z -3",
  ]);
  // Paris was 9 minutes and 21 seconds ahead of Greenwich.
  assertEquals(rulesOf("Europe/Paris").offsetAt(Date.UTC(1850, 0, 1)), 561_000);
  assertEquals(rulesOf("Europe/Paris").offsetAt(-1e15), 561_000);
  assertEquals(rulesOf("America/New_York").offsetAt(Date.UTC(1850, 0, 1)), -17_762_000);
});

Deno.test("a change counts for the look back, not for the look ahead, at its very moment", () => {
  const changeMs = Date.UTC(2024, 2, 31, 1), nextMs = Date.UTC(2024, 9, 27, 1);
  const paris = rulesOf("Europe/Paris");
  assertEquals(paris.changeUpTo(changeMs), changeMs);
  assertEquals(paris.changeUpTo(changeMs - 0.5), Date.UTC(2023, 9, 29, 1));
  assertEquals(paris.changeAfter(changeMs), nextMs);
  assertEquals(paris.changeAfter(changeMs - 1), changeMs);
  assertEquals(paris.offsetAt(changeMs - 1), HOUR_MS);
});

Deno.test("a zone that has stopped to change has a last change and no next one, in any year", () => {
  // Japan ended summer time in 1951: Sunday 9 September, 01:00 by the clock, UTC+10.
  const tokyo = rulesOf("Asia/Tokyo"), lastMs = Date.UTC(1951, 8, 8, 15);
  for (const year of [1960, 2024, 2500, 9999]) {
    const timeMs = Date.UTC(year, 5, 1);
    assertEquals(tokyo.changeUpTo(timeMs), lastMs, String(year));
    assertEquals(tokyo.changeAfter(timeMs), null, String(year));
  }
  assertEquals(tokyo.changeUpTo(Date.UTC(1801, 0, 1)), null);
  // The last Sundays of 9999 are 28 March and 31 October.
  const paris = rulesOf("Europe/Paris");
  assertEquals(paris.changeAfter(Date.UTC(9999, 0, 1)), Date.UTC(9999, 2, 28, 1));
  assertEquals(paris.changeUpTo(Date.UTC(9999, 11, 1)), Date.UTC(9999, 9, 31, 1));
});

Deno.test("a fixed offset never changes, and only names of UTC are UTC", () => {
  for (const [zone, hours] of [["+05:30", 5.5], ["-0930", -9.5], ["+14", 14], ["-00:00", 0]]) {
    const rules = rulesOf(String(zone));
    assert(Object.is(rules.offsetAt(0), Number(hours) * HOUR_MS), String(zone));
    assertEquals([rules.changeAfter(0), rules.changeUpTo(0), rules.isUtc], [null, null, false]);
  }
  for (const zone of ["UTC", "etc/utc", "Zulu", "GMT", "Etc/Greenwich"]) {
    assert(rulesOf(zone).isUtc);
  }
  for (const zone of ["Europe/London", "Africa/Abidjan", "Etc/GMT+1"]) assert(!rulesOf(zone).isUtc);
});

Deno.test("a year is read once, with 74 looks, or 75 if it is a leap year", () => {
  let looks = 0;
  const rules = changingRules(() => (looks++, HOUR_MS));
  assertEquals(rules.changeUpTo(Date.UTC(2024, 5, 1)), null);
  // 1800 to 2024: one before each year, then one every 5 days, and one more in the 55 leap years.
  assertEquals(looks, 225 * 74 + 55);
  assertEquals(rules.changeUpTo(Date.UTC(2020, 5, 1)), null);
  assertEquals(rules.changeUpTo(Date.UTC(1900, 5, 1)), null);
  assertEquals(looks, 225 * 74 + 55);
});

/** Names of the IANA database, and what is none though Intl knows it. */
const NAMES = [
  ...["EST", "PST8PDT", "CET", "ROK", "W-SU", "GB-Eire", "Etc/GMT-14", "Africa/Asmera", "GMT+0"],
  ...["PST", "act", "IST", "SystemV/EST5", "US/Pacific-New", "Factory", "Etc/Unknown", "GMT+1"],
  ...["", "+1", "+24:00", "+01:60", "+01:00:00", "\u221201:00", " UTC", "Europe/Paris\n", "Mars"],
];

Deno.test("Intl and Temporal know the same names", { ignore: !hasTemporal() }, () => {
  const known = NAMES.filter((name) => intlRules(name) !== null);
  assertEquals(known, NAMES.filter((name) => temporalRules(name) !== null));
  assertEquals(known.length, 9);
});

Deno.test("Intl and Temporal give the same changes of zones", { ignore: !hasTemporal() }, () => {
  const zones = isThorough ? Intl.supportedValuesOf("timeZone") : RARE;
  const spans = isThorough ? [[1800, 2140], [9990, 10_001]] : [[1995, 2030], [9990, 10_001]];
  let count = 0;
  for (const zone of zones) {
    const rules = temporalRules(zone);
    assertExists(rules);
    for (const [fromYear, toYear] of spans) {
      const fromMs = Date.UTC(fromYear, 0, 1), toMs = Date.UTC(toYear, 0, 1);
      const found = [...changes(rulesOf(zone), fromMs, toMs)];
      assertEquals(found, [...changes(rules, fromMs, toMs)], zone);
      assertEquals(rulesOf(zone).changeUpTo(toMs), rules.changeUpTo(toMs), zone);
      count += found.length;
    }
    assertEquals(rulesOf(zone).isUtc, rules.isUtc, zone);
  }
  assert(count > 100, `${count} changes`);
});

Deno.test("a year far away costs as much as the next ones: dates repeat like weekdays", () => {
  let looks = 0;
  const paris = rulesOf("Europe/Paris");
  const counted = changingRules((timeMs) => (looks++, paris.offsetAt(timeMs)));
  // The last Sundays of March 2400 to 2403, 01:00 UTC: 2400 has a 29 February, 2300 has none.
  const days = [26, 25, 31, 30];
  for (const [at, day] of days.entries()) {
    const found = counted.changeAfter(Date.UTC(2400 + at, 0, 1));
    assertEquals(found, Date.UTC(2400 + at, 2, day, 1), String(2400 + at));
  }
  assertEquals(counted.changeAfter(Date.UTC(2300, 0, 1)), Date.UTC(2300, 2, 25, 1));
  for (let year = 2130; year < 9999; year += 7) counted.changeAfter(Date.UTC(year, 0, 1));
  assert(looks < 28 * 140, `${looks} looks`);
});
