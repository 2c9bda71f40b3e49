import fc from "fast-check";
import {
  isWindowLength,
  planLength,
  planWholeDays,
  startPlan,
  windowAt,
  type WindowPlan,
} from "../../../data/continuous/window.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { windowsOfDay } from "../../support/export_windows.ts";

const DAY_MS = 86_400_000;
const at = (text: string) => Date.parse(text);
/** The divisors of 86,400 = 2^7 × 3^3 × 5^2, of which there are 8 × 4 × 3 = 96. */
const DIVISORS = Array.from({ length: 86_400 }, (_, index) => index + 1)
  .filter((seconds) => 86_400 % seconds === 0);

Deno.test("isWindowLength() accepts the 96 whole numbers of seconds that divide a day", () => {
  assertEquals(DIVISORS.length, 96);
  for (const seconds of DIVISORS) assert(isWindowLength(seconds * 1_000), String(seconds));
  for (const lengthMs of [0, -60_000, 7_000, 500, 1_500, 172_800_000, NaN, Infinity]) {
    assert(!isWindowLength(lengthMs), String(lengthMs));
  }
});

Deno.test("startPlan() and planLength() reject a length that does not divide a day", () => {
  const message = "Cannot divide days into windows as their length must divide a day into whole " +
    "seconds: 7000 ms";
  assertThrows(() => startPlan(7_000), RangeError, message);
  assertThrows(() => planLength(startPlan(60_000), 7_000, 0), RangeError, message);
});

Deno.test("windowAt() returns the minute, hour or day that contains a time, in UTC", () => {
  const timeMs = at("2026-02-07T12:34:56.789Z");
  const edges = [60_000, 3_600_000, DAY_MS].map((lengthMs) => {
    const { fromMs, toMs } = windowAt(startPlan(lengthMs), timeMs);
    return [fromMs, toMs].map((ms) => new Date(ms).toISOString());
  });
  assertEquals(edges, [
    ["2026-02-07T12:34:00.000Z", "2026-02-07T12:35:00.000Z"],
    ["2026-02-07T12:00:00.000Z", "2026-02-07T13:00:00.000Z"],
    ["2026-02-07T00:00:00.000Z", "2026-02-08T00:00:00.000Z"],
  ]);
  const plan = startPlan(60_000);
  assertEquals(windowAt(plan, at("2026-02-07T12:35:00Z")).fromMs, at("2026-02-07T12:35:00Z"));
});

Deno.test("windowAt() divides a day without a gap", () => {
  const dayMs = at("2026-02-07T00:00:00Z");
  const windows = windowsOfDay(startPlan(21_600_000), dayMs);
  assertEquals(windows.map(({ fromMs, toMs }) => [fromMs - dayMs, toMs - dayMs]), [
    [0, 21_600_000],
    [21_600_000, 43_200_000],
    [43_200_000, 64_800_000],
    [64_800_000, DAY_MS],
  ]);
});

Deno.test("planLength() applies a change from the next UTC day on and keeps earlier days", () => {
  const plan = planLength(startPlan(3_600_000), 60_000, at("2026-02-07T09:00:00Z"));
  assertEquals(plan, [
    { lengthMs: 3_600_000, fromDayMs: 0 },
    { lengthMs: 60_000, fromDayMs: at("2026-02-08T00:00:00Z") },
  ]);
  const last = windowAt(plan, at("2026-02-07T23:59:59Z"));
  assertEquals(last, { fromMs: at("2026-02-07T23:00:00Z"), toMs: at("2026-02-08T00:00:00Z") });
  assertEquals(windowAt(plan, last.toMs), {
    fromMs: at("2026-02-08T00:00:00Z"),
    toMs: at("2026-02-08T00:01:00Z"),
  });
});

Deno.test("planLength() at midnight applies from the next midnight on", () => {
  const dayMs = at("2026-02-07T00:00:00Z");
  assertEquals(planLength(startPlan(60_000), 1_000, dayMs)[1].fromDayMs, dayMs + DAY_MS);
  assertEquals(planLength(startPlan(60_000), 1_000, dayMs - 1)[1].fromDayMs, dayMs);
});

Deno.test("planLength() returns the same plan if the length already applies", () => {
  const plan = startPlan(60_000);
  assert(planLength(plan, 60_000, 5 * DAY_MS) === plan);
  const changed = planLength(plan, 1_000, 5 * DAY_MS);
  assert(planLength(changed, 1_000, 9 * DAY_MS) === changed);
});

Deno.test("planLength() drops a change of the same day when it is reverted or changed again", () => {
  const plan = startPlan(60_000);
  const changed = planLength(plan, 1_000, 5 * DAY_MS);
  assertEquals(planLength(changed, 60_000, 5 * DAY_MS + 1), plan);
  assertEquals(planLength(changed, 2_000, 5 * DAY_MS + 1), [
    plan[0],
    { lengthMs: 2_000, fromDayMs: 6 * DAY_MS },
  ]);
});

/** Arbitrary plans after some changes, each later than the one before. */
function plans(): fc.Arbitrary<WindowPlan> {
  const length = fc.constantFrom(...DIVISORS.slice(20)).map((seconds) => seconds * 1_000);
  const change = fc.tuple(length, fc.integer({ min: 0, max: 3 * DAY_MS }));
  return fc.tuple(length, fc.array(change, { maxLength: 6 })).map(([first, changes]) => {
    let nowMs = 100 * DAY_MS;
    return changes.reduce<WindowPlan>((plan, [lengthMs, laterMs]) => {
      nowMs += laterMs;
      return planLength(plan, lengthMs, nowMs);
    }, startPlan(first));
  });
}

Deno.test("after any changes, windows follow each other without gap or overlap", () => {
  fc.assert(
    fc.property(plans(), (plan) => {
      let window = windowAt(plan, 99 * DAY_MS + 12_345);
      for (let step = 0; step < 500; step++) {
        const next = windowAt(plan, window.toMs);
        assertEquals(next.fromMs, window.toMs);
        assert(next.toMs > next.fromMs);
        assertEquals(windowAt(plan, next.fromMs), next);
        assertEquals(windowAt(plan, next.toMs - 1), next);
        window = next;
      }
    }),
    { numRuns: 40 },
  );
});

Deno.test("after any changes, the windows of a day have one length", () => {
  fc.assert(
    fc.property(plans(), fc.integer({ min: 98, max: 125 }), (plan, day) => {
      const windows = windowsOfDay(plan, day * DAY_MS);
      assertEquals(windows[0].fromMs, day * DAY_MS);
      assertEquals(windows.at(-1)?.toMs, (day + 1) * DAY_MS);
      assertEquals(new Set(windows.map(({ fromMs, toMs }) => toMs - fromMs)).size, 1);
    }),
    { numRuns: 40 },
  );
});

Deno.test("a change never moves a window of a day that has started", () => {
  fc.assert(
    fc.property(plans(), fc.constantFrom(...DIVISORS), fc.nat(30 * DAY_MS), (plan, seconds, ms) => {
      const nowMs = 120 * DAY_MS + ms;
      const changed = planLength(plan, seconds * 1_000, nowMs);
      const todayMs = Math.floor(nowMs / DAY_MS) * DAY_MS;
      for (const timeMs of [todayMs - 30 * DAY_MS, todayMs - 1, nowMs, todayMs + DAY_MS - 1]) {
        assertEquals(windowAt(changed, timeMs), windowAt(plan, timeMs));
      }
      const next = windowAt(changed, todayMs + DAY_MS);
      assertEquals(next.toMs - next.fromMs, seconds * 1_000);
    }),
    { numRuns: 60 },
  );
});

Deno.test("planWholeDays() makes each day of a span one window and keeps all other windows", () => {
  fc.assert(
    fc.property(
      plans(),
      fc.integer({ min: 0, max: 125 }),
      fc.integer({ min: 1, max: 20 }),
      (plan, day, count) => {
        const span = { fromMs: day * DAY_MS, toMs: (day + count) * DAY_MS };
        const changed = planWholeDays(plan, span);
        for (let one = Math.max(0, day - 3); one < day + count + 3; one++) {
          const dayMs = one * DAY_MS;
          const isInside = one >= day && one < day + count;
          assertEquals(
            windowsOfDay(changed, dayMs),
            isInside ? [{ fromMs: dayMs, toMs: dayMs + DAY_MS }] : windowsOfDay(plan, dayMs),
          );
        }
        assertEquals(windowAt(changed, 500 * DAY_MS), windowAt(plan, 500 * DAY_MS));
      },
    ),
    { numRuns: 40 },
  );
});

Deno.test("planWholeDays() day by day keeps the plan short", () => {
  let plan = startPlan(60_000);
  for (let day = 0; day < 400; day++) {
    plan = planWholeDays(plan, { fromMs: day * DAY_MS, toMs: (day + 1) * DAY_MS });
  }
  assertEquals(plan, [
    { lengthMs: DAY_MS, fromDayMs: 0 },
    { lengthMs: 60_000, fromDayMs: 400 * DAY_MS },
  ]);
});
