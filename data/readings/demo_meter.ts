/**
 * A demo household: one-minute readings that look real and are the same every time.
 *
 * @module
 */

import { DAY_MS, dayStartMs, MINUTE_MS } from "../limits.ts";
import type { Page, Span } from "./page.ts";

/** The demo meter's id. */
export const DEMO_METER_ID = "123";
/** Its first reading: 2024-01-01T00:00:00Z, epoch milliseconds. */
export const DEMO_FROM_MS = 1_704_067_200_000;

const MINUTES_A_DAY = 1_440;
/** Typical load above the base load by hour of the day, on workdays and at weekends, kW. */
const WORKDAY_KW = [
  .06,
  .04,
  .03,
  .03,
  .05,
  .18,
  .62,
  .85,
  .52,
  .30,
  .26,
  .32,
  .48,
  .38,
  .28,
  .30,
  .48,
  .86,
  1.28,
  1.42,
  1.22,
  .92,
  .52,
  .18,
];
const WEEKEND_KW = [
  .12,
  .07,
  .05,
  .04,
  .04,
  .06,
  .18,
  .42,
  .74,
  .86,
  .82,
  .88,
  1.05,
  .92,
  .74,
  .68,
  .76,
  .98,
  1.24,
  1.36,
  1.18,
  .96,
  .64,
  .30,
];

/**
 * Generates the readings of a span, one page per UTC day. Power is a base load plus a fridge, meals,
 * evenings and more heating in winter; energy = power / 60; current = power × 1000 / voltage.
 *
 * A day depends only on its date, so a reading is the same in every span that contains it.
 */
export function* demoReadings(span: Span): Generator<Page> {
  for (let dayMs = dayStartMs(span.fromMs); dayMs < span.toMs; dayMs += DAY_MS) {
    const first = Math.max(0, Math.ceil((span.fromMs - dayMs) / MINUTE_MS));
    const end = Math.min(MINUTES_A_DAY, Math.ceil((span.toMs - dayMs) / MINUTE_MS));
    if (end > first) yield demoDay(dayMs, first, end);
  }
}

function demoDay(dayMs: number, first: number, end: number): Page {
  const day = Math.round(dayMs / DAY_MS);
  const random = createRandom(day);
  // 1970-01-01 was a Thursday.
  const weekday = (day + 4) % 7;
  const shape = weekday === 0 || weekday === 6 ? WEEKEND_KW : WORKDAY_KW;
  const winter = 0.5 + 0.5 * Math.cos((day % 365.2425 - 20) / 365.2425 * 2 * Math.PI);
  const busy = 0.8 + 0.4 * random();
  const timesMs = new Float64Array(end - first);
  const [energy, power, voltage, current] = [1, 2, 3, 4].map(() => new Float64Array(end - first));
  let load = 0;
  for (let minute = 0; minute < end; minute++) {
    load = nextApplianceKw(load, random);
    const noise = random(), sway = random();
    if (minute < first) continue;
    const kw = 0.09 + fridgeKw(day * MINUTES_A_DAY + minute) + 0.35 * winter +
      shapeAt(shape, minute) * busy * (0.75 + 0.35 * winter) * (0.85 + 0.3 * noise) + load;
    const volts = 2300 +
      Math.round(25 * (sway - 0.5) - 12 * kw + 18 * shapeAt(shape, minute - 720));
    const watts = Math.round(kw * 1000);
    const row = minute - first;
    timesMs[row] = dayMs + minute * MINUTE_MS;
    energy[row] = Math.round(watts * 1000 / 60);
    power[row] = watts;
    voltage[row] = volts;
    current[row] = Math.round(watts * 1000 / volts);
  }
  return {
    timesMs,
    columns: [
      { scale: 6, values: energy },
      { scale: 3, values: power },
      { scale: 1, values: voltage },
      { scale: 2, values: current },
    ],
  };
}

/** A kettle, oven or washing machine switches on now and then and runs for some minutes. */
function nextApplianceKw(kw: number, random: () => number): number {
  const chance = random();
  if (kw > 0) return chance < 0.12 ? 0 : kw;
  return chance < 0.008 ? 0.6 + 1.8 * chance / 0.008 : 0;
}

/** A compressor of 90 W that runs 14 minutes of every 45. */
function fridgeKw(minute: number): number {
  return minute % 45 < 14 ? 0.09 : 0;
}

/** The load at a minute, interpolated linearly between full hours. */
function shapeAt(shape: readonly number[], minute: number): number {
  const ofDay = (minute + MINUTES_A_DAY) % MINUTES_A_DAY;
  const hour = Math.floor(ofDay / 60);
  const share = ofDay / 60 - hour;
  return shape[hour] * (1 - share) + shape[(hour + 1) % 24] * share;
}

/** Pseudorandom numbers in [0, 1), the same for the same seed (Marsaglia's xorshift32). */
function createRandom(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 0x1_0000_0000;
  };
}
