import { Temporal } from "../../support/temporal.ts";
import fc from "fast-check";
import { createBusinessHours, type WeeklySpan } from "../../../data/stores/business_hours.ts";
import {
  measureUptime,
  type OpenTime,
  reportSpan,
  type Uptime,
} from "../../../data/stores/uptime.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { pollsPage } from "./uptime_case.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
const WINDOWS = ["hour", "day", "week"] as const;
const LENGTH_MS = { hour: HOUR_MS, day: DAY_MS, week: WEEK_MS };

/** Any store, and any report on it. */
interface Given {
  readonly zone: string;
  readonly hours: readonly WeeklySpan[] | null;
  readonly polls: readonly (readonly [timeMs: number, isUp: boolean])[];
  readonly asOfMs: number;
  readonly maxHoldMs: number | null;
}

/** Data whose times are multiples of a step. The first poll is not after the end. */
function anyData(zones: readonly string[], stepMs: number): fc.Arbitrary<Given> {
  const steps = (leastMs: number, mostMs: number) =>
    fc.integer({ min: Math.ceil(leastMs / stepMs), max: Math.floor(mostMs / stepMs) })
      .map((count) => count * stepMs);
  const clock = steps(0, DAY_MS - 1);
  const weekly = fc.record({ day: fc.nat({ max: 6 }), startMs: clock, endMs: clock })
    .filter(({ startMs, endMs }) => startMs !== endMs);
  const back = fc.oneof(steps(0, 2 * HOUR_MS), steps(0, 2 * DAY_MS), steps(0, 3 * WEEK_MS));
  return fc.record({
    zone: fc.constantFrom(...zones),
    hours: fc.option(fc.array(weekly, { maxLength: 12 })),
    asOfMs: steps(Date.UTC(2020, 0, 1), Date.UTC(2030, 0, 1)),
    polls: fc.array(fc.tuple(back, fc.boolean()), { minLength: 1, maxLength: 40 }),
    later: fc.array(fc.tuple(steps(1, DAY_MS), fc.boolean()), { maxLength: 3 }),
    maxHoldMs: fc.option(steps(0, 2 * DAY_MS)),
  }).map(({ polls, later, ...given }) => {
    const byTime = new Map(polls.map(([ms, isUp]) => [given.asOfMs - ms, isUp]));
    for (const [ms, isUp] of later) byTime.set(given.asOfMs + ms, isUp);
    return { ...given, polls: [...byTime].toSorted(([a], [b]) => a - b) };
  });
}

function measured({ zone, hours, polls, asOfMs, maxHoldMs }: Given): Uptime {
  const open = createBusinessHours(zone).openSpans(hours, reportSpan(asOfMs));
  const uptime = measureUptime(pollsPage(polls), open, { asOfMs, maxHoldMs });
  assert(uptime !== null);
  return uptime;
}

Deno.test("up + down + unknown is the open time of each window, for any data", () => {
  const zones = Intl.supportedValuesOf("timeZone");
  fc.assert(fc.property(anyData(zones, 1), (given) => {
    const uptime = measured(given);
    for (const window of WINDOWS) {
      const span = { fromMs: given.asOfMs - LENGTH_MS[window], toMs: given.asOfMs };
      const spans = createBusinessHours(given.zone).openSpans(given.hours, span);
      const openMs = spans.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
      const { upMs, downMs, unknownMs } = uptime[window];
      assertEquals(upMs + downMs + unknownMs, openMs, window);
      assert(Math.min(upMs, downMs, unknownMs) >= 0);
      if (given.maxHoldMs === null) assertEquals(unknownMs, 0);
    }
  }));
});

Deno.test("shifting everything by whole weeks changes nothing, in zones without clock changes", () => {
  const zones = ["UTC", "America/Phoenix", "Asia/Kathmandu", "Pacific/Kiritimati"];
  const weeks = fc.integer({ min: -200, max: 200 });
  fc.assert(fc.property(anyData(zones, 1), weeks, (given, count) => {
    const shiftMs = count * WEEK_MS;
    const shifted = {
      ...given,
      asOfMs: given.asOfMs + shiftMs,
      polls: given.polls.map(([ms, isUp]) => [ms + shiftMs, isUp] as const),
    };
    assertEquals(measured(shifted), measured(given));
  }));
});

Deno.test("splitting a span in two changes nothing, while no clocks change", () => {
  const zones = Intl.supportedValuesOf("timeZone");
  const part = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(fc.property(anyData(zones, 1), part, (given, share) => {
    // An edge within a skipped hour moves; the middle of a span does not.
    fc.pre(given.hours !== null && isSteady(given));
    const hours = given.hours.flatMap((span) => splitSpan(span, share));
    assertEquals(measured({ ...given, hours }), measured(given));
  }));
});

/** Whether a zone has one offset on all days that a report covers. */
function isSteady({ zone, asOfMs }: Given): boolean {
  const end = Temporal.Instant.fromEpochMilliseconds(asOfMs).toZonedDateTimeISO(zone)
    .add({ days: 2 });
  const change = end.getTimeZoneTransition("previous");
  return change === null || change.epochMilliseconds < asOfMs - 10 * DAY_MS;
}

/** Splits a weekly span into two that touch, or returns it if there is nothing to split. */
function splitSpan(span: WeeklySpan, share: number): WeeklySpan[] {
  const lengthMs = (span.endMs - span.startMs + DAY_MS) % DAY_MS;
  const atMs = span.startMs + Math.floor(lengthMs * share);
  if (atMs === span.startMs) return [span];
  if (atMs < DAY_MS) {
    return [{ ...span, endMs: atMs }, { ...span, startMs: atMs }];
  }
  const day = (span.day + 1) % 7;
  const rest = atMs - DAY_MS;
  if (rest === 0) return [{ ...span, endMs: DAY_MS }, { day, startMs: 0, endMs: span.endMs }];
  return [{ ...span, endMs: rest }, { day, startMs: rest, endMs: span.endMs }];
}

Deno.test("every quarter of an hour takes the status of the poll that covers it", () => {
  const stepMs = 15 * MINUTE_MS;
  fc.assert(
    fc.property(anyData(["UTC", "Asia/Kolkata"], stepMs), (given) => {
      const uptime = measured(given);
      for (const window of WINDOWS) {
        const sum: Record<keyof OpenTime, number> = { upMs: 0, downMs: 0, unknownMs: 0 };
        for (let back = LENGTH_MS[window]; back > 0; back -= stepMs) {
          // The middle of a quarter: all edges lie between quarters.
          const kind = kindAt(given, given.asOfMs - back + stepMs / 2);
          if (kind !== null) sum[kind] += stepMs;
        }
        assertEquals(uptime[window], sum, window);
      }
    }),
    { numRuns: 60 },
  );
});

/** The status of one moment by the rules, from every poll and every span; null if closed. */
function kindAt(given: Given, timeMs: number): keyof OpenTime | null {
  if (!isOpenAt(given, timeMs)) return null;
  const polls = given.polls.filter(([ms]) => ms <= given.asOfMs);
  const [pollMs, isUp] = polls.findLast(([ms]) => ms <= timeMs) ?? polls[0];
  if (given.maxHoldMs !== null && Math.abs(timeMs - pollMs) > given.maxHoldMs) return "unknownMs";
  return isUp ? "upMs" : "downMs";
}

function isOpenAt({ zone, hours }: Given, timeMs: number): boolean {
  if (hours === null) return true;
  const local = timeMs + (zone === "UTC" ? 0 : 5.5 * HOUR_MS);
  const clockMs = local % DAY_MS;
  // 1970-01-05 was a Monday.
  const today = (Math.floor(local / DAY_MS) - 4) % 7;
  return hours.some(({ day, startMs, endMs }) =>
    endMs > startMs
      ? day === today && clockMs >= startMs && clockMs < endMs
      : (day === today && clockMs >= startMs) || ((day + 1) % 7 === today && clockMs < endMs)
  );
}
