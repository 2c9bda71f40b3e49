import { joinSpans, piecesOf, wholeWindows } from "../../../data/continuous/spans.ts";
import { planLength, startPlan } from "../../../data/continuous/window.ts";
import { assertEquals } from "../../support/assert.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

Deno.test("spans that touch or overlap become one, and empty ones are left out", () => {
  const spans = [[30, 40], [0, 10], [10, 12], [11, 20], [25, 25], [32, 35]]
    .map(([fromMs, toMs]) => ({ fromMs, toMs }));
  assertEquals(joinSpans(spans), [{ fromMs: 0, toMs: 20 }, { fromMs: 30, toMs: 40 }]);
});

Deno.test("pieces cover a span in order, end at midnight, and have a month of minutes at most", () => {
  const span = { fromMs: DAY_MS - HOUR_MS, toMs: 100 * DAY_MS + HOUR_MS };
  // From the first day, which counts as one: 31 days, 31, 31 and what is left.
  assertEquals([...piecesOf(startPlan(60_000), span)], [
    { fromMs: span.fromMs, toMs: 31 * DAY_MS },
    { fromMs: 31 * DAY_MS, toMs: 62 * DAY_MS },
    { fromMs: 62 * DAY_MS, toMs: 93 * DAY_MS },
    { fromMs: 93 * DAY_MS, toMs: span.toMs },
  ]);
  assertEquals([...piecesOf(startPlan(1_000), { fromMs: 0, toMs: 2 * DAY_MS })].length, 2);
  assertEquals([...piecesOf(startPlan(60_000), { fromMs: 5, toMs: 5 })], []);
});

Deno.test("a piece does not go on where windows become shorter", () => {
  // Days until the day after the third, seconds from then on.
  const plan = planLength(startPlan(DAY_MS), 1_000, 3 * DAY_MS);
  const pieces = [...piecesOf(plan, { fromMs: 0, toMs: 6 * DAY_MS })];
  assertEquals(pieces.map(({ toMs }) => toMs / DAY_MS), [4, 5, 6]);
});

Deno.test("a span is widened to the windows that its first and last moment lie in", () => {
  const plan = startPlan(HOUR_MS);
  const wide = wholeWindows(plan, { fromMs: HOUR_MS + 1, toMs: 3 * HOUR_MS });
  assertEquals(wide, { fromMs: HOUR_MS, toMs: 3 * HOUR_MS });
  assertEquals(wholeWindows(plan, { fromMs: 5, toMs: HOUR_MS + 1 }).toMs, 2 * HOUR_MS);
});
