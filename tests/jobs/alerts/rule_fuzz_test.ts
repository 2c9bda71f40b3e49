import fc from "fast-check";
import type { Condition } from "../../../data/alerts/rule.ts";
import { createDevice } from "../../../kv/devices/devices.ts";
import { ALL, openAlertRig, START_MS } from "../../support/alert_rig.ts";
import { assertEquals } from "../../support/assert.ts";
import { amount } from "../../support/thorough.ts";

/** All times are whole steps, so that a plain evaluator can look at each of them. */
const STEP = 10_000;

type State = "ok" | "pending" | "firing";

/** Whether a condition holds at a time, from all readings up to it; null before the first one. */
function holdsAt(
  condition: Condition,
  readings: ReadonlyMap<number, number>,
  timeMs: number,
): boolean | null {
  const known = [...readings].filter(([atMs]) => atMs <= timeMs).sort(([one], [two]) => two - one);
  if (condition.type === "no_data") {
    return known.length === 0 ? null : timeMs - known[0][0] >= condition.forMs;
  }
  for (const [atMs, value] of known) {
    if (condition.type === "above") {
      if (value > condition.limit) return true;
      if (value <= condition.clearAt) return false;
    } else if (condition.type === "below") {
      if (value < condition.limit) return true;
      if (value >= condition.clearAt) return false;
    } else if (condition.type === "change") {
      const partner = known.findLast(([other]) =>
        other < atMs && other >= atMs - condition.withinMs
      );
      if (partner === undefined) continue;
      const rise = value - partner[1];
      const size = { rise, fall: -rise, any: Math.abs(rise) }[condition.direction];
      return size > condition.by && timeMs < atMs + condition.withinMs;
    }
  }
  return known.length === 0 ? null : false;
}

/** How many steps in a row, back from one, have a value. */
function lengthBack(values: readonly unknown[], from: number): number {
  let length = 0;
  while (from - length >= 0 && values[from - length] === values[from]) length++;
  return length;
}

/** The next state, from whether the condition held at each step so far. */
function nextState(
  before: State,
  held: readonly (boolean | null)[],
  { forMs, holdMs }: { forMs: number; holdMs: number },
): State {
  const now = held.length - 1;
  if (held[now] === null) return before;
  const lastedMs = (lengthBack(held, now) - 1) * STEP;
  if (held[now] === false) {
    return before === "firing" && lastedMs < holdMs ? "firing" : "ok";
  }
  if (lastedMs >= forMs) return "firing";
  if (before !== "firing") return "pending";
  const pauseEnd = now - lengthBack(held, now);
  const pauseMs = pauseEnd >= 0 && held[pauseEnd] === false ? lengthBack(held, pauseEnd) * STEP : 0;
  return pauseMs > 0 && pauseMs >= holdMs ? "pending" : "firing";
}

const steps = (most: number) => fc.integer({ min: 0, max: most }).map((count) => count * STEP);
const value = fc.integer({ min: 0, max: 10 });

const limits = fc.record({
  type: fc.constantFrom("above", "below"),
  one: value,
  other: value,
  forMs: steps(8),
})
  .map(({ type, one, other, forMs }): Condition => {
    const [low, high] = [Math.min(one, other), Math.max(one, other)];
    return type === "above"
      ? { type: "above", metric: "soc_percent", limit: high, clearAt: low, forMs }
      : { type: "below", metric: "soc_percent", limit: low, clearAt: high, forMs };
  });

const changes = fc.record({
  direction: fc.constantFrom("rise", "fall", "any"),
  by: fc.integer({ min: 1, max: 6 }),
  withinMs: steps(8).map((ms) => ms + STEP),
  forMs: steps(4),
}).map((one): Condition => ({ type: "change", metric: "soc_percent", ...one }));

const silences = steps(12).map((ms): Condition => ({ type: "no_data", forMs: ms + STEP }));

/** What happens before a step: readings that are up to so many steps old, and perhaps a crash. */
const happening = fc.record({
  readings: fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), value), { maxLength: 3 }),
  isCrash: fc.boolean(),
  silentSteps: fc.integer({ min: 1, max: 6 }),
});

Deno.test("states and messages are those of a plain evaluator that looks at every step, whatever comes late", async () => {
  const rules = fc.oneof(limits, changes, silences);
  const script = fc.array(happening, { minLength: 3, maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(rules, steps(4), script, async (condition, holdMs, happenings) => {
      using rig = await openAlertRig();
      const device = { profile: "battery", nowMs: START_MS, serviceOfflineAfterMs: 600_000 };
      await createDevice(rig.kv, "a", device);
      await rig.setRule({ scope: { kind: "device", ...ALL }, condition, resolveAfterMs: holdMs });
      await rig.round();
      const readings = new Map<number, number>();
      const told: string[] = [];
      let state: State = "ok";
      let at = 0;
      for (const { readings: more, isCrash, silentSteps } of happenings) {
        const batch = more.map(([age, value]): [number, number] => [rig.now() - age * STEP, value]);
        const latest = new Map(batch);
        for (const [atMs, value] of latest) readings.set(atMs, value);
        if (latest.size > 0) await rig.write("a", [...latest]);
        if (isCrash) rig.restart();
        for (let step = 0; step < silentSteps; step++) {
          await rig.pass(STEP, STEP);
          at++;
          const held = Array.from(
            { length: at + 21 },
            (_, index) => holdsAt(condition, readings, START_MS + (index - 20) * STEP),
          );
          const needed = condition.type === "no_data" ? 0 : condition.forMs;
          // Values that come are also judged as of the look before; a process that has just started had none.
          const isLate = step === 0 && latest.size > 0 && !isCrash && condition.type !== "no_data";
          for (const known of isLate ? [held.slice(0, -1), held] : [held]) {
            const next = nextState(state, known, { forMs: needed, holdMs });
            if (state !== "firing" && next === "firing") told.push("firing a");
            if (state === "firing" && next !== "firing") told.push("resolved a");
            state = next;
          }
          const stored: State = (await rig.states()).a ?? "ok";
          assertEquals([at, stored, await rig.told()], [at, state, told]);
        }
      }
    }),
    { numRuns: amount({ quick: 12, thorough: 150 }) },
  );
});
