import fc from "fast-check";
import { DEMO_FROM_MS, demoReadings } from "../../../data/readings/demo_meter.ts";
import { clipPage, concatPages, type Page, type Span } from "../../../data/readings/page.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
} from "../../support/assert.ts";
import { type Row, rowsOf } from "../../support/pages.ts";

const DAY_MS = 86_400_000;
const YEAR: Span = { fromMs: DEMO_FROM_MS, toMs: DEMO_FROM_MS + 366 * DAY_MS };
const METRICS = PROFILES.meter.metrics.map(({ name }) => name);

/** The values of a metric of a page as numbers. */
function valuesOf(page: Page, name: string): number[] {
  const { scale, values } = page.columns[METRICS.indexOf(name)];
  return Array.from(values, (mantissa) => mantissa / 10 ** scale);
}

function rowsOfSpan(span: Span): Row[] {
  return [...demoReadings(span)].flatMap(rowsOf);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Mean power between two hours on the days of 2024 that a condition selects. */
function meanPowerKw(hours: [number, number], isPicked: (day: Date) => boolean): number {
  const days = [...demoReadings(YEAR)].filter(({ timesMs }) => isPicked(new Date(timesMs[0])));
  return mean(
    days.flatMap((page) => valuesOf(page, "power_kw").slice(hours[0] * 60, hours[1] * 60)),
  );
}

function dailyKwh(): { day: Date; energyKwh: number }[] {
  return Array.from(demoReadings(YEAR), (page) => ({
    day: new Date(page.timesMs[0]),
    energyKwh: valuesOf(page, "energy_kwh").reduce((sum, value) => sum + value, 0),
  }));
}

function isWorkday(day: Date): boolean {
  return day.getUTCDay() >= 1 && day.getUTCDay() <= 5;
}

Deno.test("the demo meter starts in 2024 and has every minute, with one page per UTC day", () => {
  assertEquals(DEMO_FROM_MS, Date.UTC(2024, 0, 1));
  const pages = [...demoReadings(YEAR)];
  assertEquals(pages.length, 366);
  const times = concatPages(pages).timesMs;
  assert(times.every((timeMs, minute) => timeMs === DEMO_FROM_MS + minute * 60_000));
  assertEquals(times.length, 366 * 1_440);
});

Deno.test("the demo meter is the same every time, and different on every day", () => {
  const span = { fromMs: DEMO_FROM_MS, toMs: DEMO_FROM_MS + 2 * DAY_MS };
  assertEquals(rowsOfSpan(span), rowsOfSpan(span));
  const [first, second] = Array.from(demoReadings(span), (page) => valuesOf(page, "power_kw"));
  const alike = first.filter((powerKw, minute) => powerKw === second[minute]);
  assertLess(alike.length, 144, "minutes of 1,440 that are alike on two days");
});

Deno.test("the demo meter has 6 decimals of energy, and 3, 1 and 2 of the other metrics", () => {
  const rows = rowsOfSpan({ fromMs: DEMO_FROM_MS, toMs: DEMO_FROM_MS + DAY_MS });
  for (const [, energy, power, voltage, current] of rows) {
    assertMatch(energy, /^0\.\d{1,6}$/);
    assertMatch(power, /^\d\.?\d{0,3}$/);
    assertMatch(voltage, /^\d{3}\.?\d?$/);
    assertMatch(current, /^\d{1,2}\.?\d{0,2}$/);
  }
});

Deno.test("energy is power / 60 and current is power × 1000 / voltage, rounded", () => {
  const rows = rowsOfSpan({ fromMs: DEMO_FROM_MS, toMs: DEMO_FROM_MS + 30 * DAY_MS });
  for (const [, ...texts] of rows) {
    const [energy, power, voltage, current] = texts.map(Number);
    // At most half a unit of the last decimal away, plus the error of doubles.
    assert(Math.abs(energy - power / 60) <= 0.5e-6 + 1e-12, `${texts}`);
    assert(Math.abs(current - power * 1_000 / voltage) <= 0.5e-2 + 1e-9, `${texts}`);
  }
});

Deno.test("any span of the demo meter equals the same part of a longer span", () => {
  const wide = { fromMs: DEMO_FROM_MS + 58 * DAY_MS, toMs: DEMO_FROM_MS + 62 * DAY_MS };
  const whole = concatPages([...demoReadings(wide)]);
  const times = fc.integer({ min: wide.fromMs, max: wide.toMs });
  fc.assert(
    fc.property(times, times, (one, other) => {
      const span = { fromMs: Math.min(one, other), toMs: Math.max(one, other) };
      assertEquals(rowsOfSpan(span), rowsOf(clipPage(whole, span)));
    }),
    { numRuns: 25 },
  );
});

Deno.test("a span that contains no full minute has no readings", () => {
  assertEquals([...demoReadings({ fromMs: DEMO_FROM_MS + 1, toMs: DEMO_FROM_MS + 60_000 })], []);
  assertEquals([...demoReadings({ fromMs: DEMO_FROM_MS, toMs: DEMO_FROM_MS })], []);
  const [page] = demoReadings({ fromMs: DEMO_FROM_MS, toMs: DEMO_FROM_MS + 1 });
  assertEquals([...page.timesMs], [DEMO_FROM_MS]);
});

Deno.test("a household uses more in the evening of a workday than at night", () => {
  assertGreater(meanPowerKw([18, 21], isWorkday), 2 * meanPowerKw([1, 4], isWorkday));
});

Deno.test("a household uses more around noon at weekends than on workdays", () => {
  const noon: [number, number] = [9, 15];
  assertGreater(meanPowerKw(noon, (day) => !isWorkday(day)), 1.2 * meanPowerKw(noon, isWorkday));
});

Deno.test("a household uses more in January than in July", () => {
  const meanOf = (month: number) =>
    mean(
      dailyKwh().filter(({ day }) => day.getUTCMonth() === month).map(({ energyKwh }) => energyKwh),
    );
  assertGreater(meanOf(0), 1.2 * meanOf(6));
});

Deno.test("a household uses 2 to 40 kWh on every day of a year", () => {
  const odd = dailyKwh().filter(({ energyKwh }) => !(energyKwh >= 2 && energyKwh <= 40));
  assertEquals(odd, []);
});

Deno.test("the voltage stays within 230 V ± 10 % (EN 50160)", () => {
  const voltages = [...demoReadings(YEAR)].flatMap((page) => valuesOf(page, "voltage_v"));
  assertEquals(voltages.filter((voltage) => !(voltage >= 207 && voltage <= 253)).length, 0);
  assertGreater(new Set(voltages).size, 50);
});
