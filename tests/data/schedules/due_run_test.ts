import { type CatchUp, planDueRun } from "../../../data/schedules/due_run.ts";
import { isHandled, withHandled } from "../../../data/schedules/handled.ts";
import { createRunTimes } from "../../../data/schedules/run_times.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const times = createRunTimes({ every: "PT1H", zone: "UTC", anchorMs: 0 });
const HOUR_MS = 3_600_000, MINUTE_MS = 60_000;

/** What a schedule of every hour does at a time, whose next planned time is hour 10. */
function plan(catchUp: CatchUp, nowMs: number, delayMs = 0) {
  const { missed, runMs, nextMs } = planDueRun(times, {
    nextMs: 10 * HOUR_MS,
    nowMs,
    delayMs,
    catchUp,
  });
  const hours = (ms: number | null) => ms === null ? null : ms / HOUR_MS;
  return [
    missed && [hours(missed.firstMs), hours(missed.lastMs), missed.count],
    hours(runMs),
    hours(nextMs),
  ];
}

Deno.test("a time that was due up to five minutes ago runs, whatever catch_up says", () => {
  for (const catchUp of ["none", "last", "all"] as const) {
    assertEquals(plan(catchUp, 10 * HOUR_MS), [null, 10, 11]);
    assertEquals(plan(catchUp, 10 * HOUR_MS + 5 * MINUTE_MS), [null, 10, 11]);
    assertEquals(plan(catchUp, 10 * HOUR_MS - 1), [null, null, 10]);
  }
});

Deno.test("one that was due earlier is missed with none, and runs late with last and all", () => {
  const nowMs = 10 * HOUR_MS + 5 * MINUTE_MS + 1;
  assertEquals(plan("none", nowMs), [[10, 10, 1], null, 11]);
  assertEquals(plan("last", nowMs), [null, 10, 11]);
  assertEquals(plan("all", nowMs), [null, 10, 11]);
});

Deno.test("of several, the last or all run; those that are not late yet run as planned", () => {
  // At 13:02, the hours 10 to 12 are late and 13 is not.
  const nowMs = 13 * HOUR_MS + 2 * MINUTE_MS;
  assertEquals(plan("none", nowMs), [[10, 12, 3], 13, 14]);
  assertEquals(plan("last", nowMs), [[10, 11, 2], 12, 13]);
  assertEquals(plan("all", nowMs), [null, 10, 11]);
});

Deno.test("a delay moves what is due and what is late", () => {
  const nowMs = 13 * HOUR_MS + 2 * MINUTE_MS;
  assertEquals(plan("none", nowMs, HOUR_MS), [[10, 11, 2], 12, 13]);
  assertEquals(plan("none", 10 * HOUR_MS + 59 * MINUTE_MS, HOUR_MS), [null, null, 10]);
});

Deno.test("at most 100 late times run, and missed ones are counted as far as 100", () => {
  const nowMs = 5_000 * HOUR_MS + 30 * MINUTE_MS;
  // Hours 10 to 5000 are late: 4,991. The last 100 begin with hour 4901.
  assertEquals(plan("all", nowMs), [[10, 4_900, 100], 4_901, 4_902]);
  const { missed } = planDueRun(times, {
    nextMs: 10 * HOUR_MS,
    nowMs,
    delayMs: 0,
    catchUp: "all",
  });
  assertEquals(missed?.isMore, true);
});

Deno.test("what has run is kept as stretches, and joins the stretch that ends before it", () => {
  let handled = withHandled([], 1, null);
  handled = withHandled(handled, 2, 1);
  handled = withHandled(handled, 3, 2);
  assertEquals(handled, [[1, 3]]);
  // 5 ran after 4 was missed.
  handled = withHandled(handled, 5, null);
  assertEquals(handled, [[1, 3], [5, 5]]);
  assert(!isHandled(handled, 4) && isHandled(handled, 2) && isHandled(handled, 5));
});

Deno.test("of more than 20 stretches, the earliest two become one, so that nothing runs twice", () => {
  let handled = withHandled([], 0, null);
  for (let ms = 10; ms <= 200; ms += 10) handled = withHandled(handled, ms, null);
  assertEquals([handled.length, handled[0]], [20, [0, 10]]);
  for (let ms = 0; ms <= 200; ms += 10) assert(isHandled(handled, ms));
  assert(!isHandled(handled, 15));
});
