import { batchesOf, joinSpans, wholeWindows } from "../../../data/continuous/spans.ts";
import { planLength, startPlan } from "../../../data/continuous/window.ts";
import { assertEquals } from "../../support/assert.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

Deno.test("joinSpans() joins spans that touch or overlap, and drops empty ones", () => {
  const spans = [[30, 40], [0, 10], [10, 12], [11, 20], [25, 25], [32, 35]]
    .map(([fromMs, toMs]) => ({ fromMs, toMs }));
  assertEquals(joinSpans(spans), [{ fromMs: 0, toMs: 20 }, { fromMs: 30, toMs: 40 }]);
});

Deno.test("batchesOf() covers a span in order with batches that end at midnight, a month of minutes at most", () => {
  const span = { fromMs: DAY_MS - HOUR_MS, toMs: 100 * DAY_MS + HOUR_MS };
  // 31 days (the partial first day counts as one), 31, 31, and the rest.
  assertEquals([...batchesOf(startPlan(60_000), span)], [
    { fromMs: span.fromMs, toMs: 31 * DAY_MS },
    { fromMs: 31 * DAY_MS, toMs: 62 * DAY_MS },
    { fromMs: 62 * DAY_MS, toMs: 93 * DAY_MS },
    { fromMs: 93 * DAY_MS, toMs: span.toMs },
  ]);
  assertEquals([...batchesOf(startPlan(1_000), { fromMs: 0, toMs: 2 * DAY_MS })].length, 2);
  assertEquals([...batchesOf(startPlan(60_000), { fromMs: 5, toMs: 5 })], []);
});

Deno.test("batchesOf() ends a batch where windows become shorter", () => {
  // Days until the day after the third, seconds from then on.
  const plan = planLength(startPlan(DAY_MS), 1_000, 3 * DAY_MS);
  const batches = [...batchesOf(plan, { fromMs: 0, toMs: 6 * DAY_MS })];
  assertEquals(batches.map(({ toMs }) => toMs / DAY_MS), [4, 5, 6]);
});

Deno.test("wholeWindows() widens a span to the windows of its first and last moment", () => {
  const plan = startPlan(HOUR_MS);
  const wide = wholeWindows(plan, { fromMs: HOUR_MS + 1, toMs: 3 * HOUR_MS });
  assertEquals(wide, { fromMs: HOUR_MS, toMs: 3 * HOUR_MS });
  assertEquals(wholeWindows(plan, { fromMs: 5, toMs: HOUR_MS + 1 }).toMs, 2 * HOUR_MS);
});
