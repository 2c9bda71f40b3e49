import fc from "fast-check";
import { measureOpenTime } from "../../../data/stores/open_time.ts";
import { measureUptime } from "../../../data/stores/uptime.ts";
import { assertEquals } from "../../support/assert.ts";
import { pollsPage } from "./uptime_case.ts";
import { amount } from "../../support/thorough.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const AS_OF_MS = Date.UTC(2024, 4, 6, 12);

/** Hours after a day's start. */
function hours(fromHour: number, toHour: number) {
  return { fromMs: fromHour * HOUR_MS, toMs: toHour * HOUR_MS };
}

Deno.test("the open time of each part is split by the polls in it and before it", () => {
  // Up from 1:00, down from 4:00, up from 5:30; open 2:00 to 6:00; parts of three hours.
  const page = pollsPage([[1 * HOUR_MS, true], [4 * HOUR_MS, false], [5.5 * HOUR_MS, true]]);
  const options = { asOfMs: 6 * HOUR_MS, maxHoldMs: null };
  assertEquals(measureOpenTime(page, [hours(2, 6)], [hours(0, 3), hours(3, 6)], options), [
    { upMs: HOUR_MS, downMs: 0, unknownMs: 0 },
    // 3:00 to 4:00 and 5:30 to 6:00 up.
    { upMs: 1.5 * HOUR_MS, downMs: 1.5 * HOUR_MS, unknownMs: 0 },
  ]);
});

Deno.test("time before the first poll has its status, and time far from polls is unknown", () => {
  const page = pollsPage([[4 * HOUR_MS, false]]);
  const parts = [hours(0, 2), hours(2, 8)];
  const always = [hours(0, 8)];
  assertEquals(
    measureOpenTime(page, always, parts, { asOfMs: 8 * HOUR_MS, maxHoldMs: null }),
    [
      { upMs: 0, downMs: 2 * HOUR_MS, unknownMs: 0 },
      { upMs: 0, downMs: 6 * HOUR_MS, unknownMs: 0 },
    ],
  );
  // It holds from 3:00 to 5:00.
  assertEquals(
    measureOpenTime(page, always, parts, { asOfMs: 8 * HOUR_MS, maxHoldMs: HOUR_MS }),
    [
      { upMs: 0, downMs: 0, unknownMs: 2 * HOUR_MS },
      { upMs: 0, downMs: 2 * HOUR_MS, unknownMs: 4 * HOUR_MS },
    ],
  );
});

Deno.test("a store without a poll up to the end has no open time", () => {
  const page = pollsPage([[5 * HOUR_MS, true]]);
  const options = { asOfMs: 4 * HOUR_MS, maxHoldMs: null };
  assertEquals(measureOpenTime(page, [hours(0, 4)], [hours(0, 4)], options), null);
});

Deno.test("the parts of a day add up to what a report of the last day has, for any polls", () => {
  const back = fc.integer({ min: 0, max: 2 * DAY_MS });
  const polls = fc.uniqueArray(fc.tuple(back, fc.boolean()), {
    minLength: 1,
    maxLength: 12,
    selector: ([ms]) => ms,
  }).map((all) =>
    all.map(([ms, isUp]) => [AS_OF_MS - ms, isUp] as const).toSorted((a, b) => a[0] - b[0])
  );
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: DAY_MS - 1 }), { maxLength: 8 });
  const holds = fc.option(fc.integer({ min: 0, max: DAY_MS }));
  const openings = fc.tuple(fc.nat(DAY_MS), fc.nat(DAY_MS));
  fc.assert(
    fc.property(polls, cuts, holds, openings, (given, at, maxHoldMs, [a, b]) => {
      const startMs = AS_OF_MS - DAY_MS;
      const edges = [0, ...at.toSorted((one, other) => one - other), DAY_MS];
      const parts = edges.slice(1).map((edge, i) => (
        { fromMs: startMs + edges[i], toMs: startMs + edge }
      ));
      const open = a === b
        ? []
        : [{ fromMs: startMs + Math.min(a, b), toMs: startMs + Math.max(a, b) }];
      const page = pollsPage(given);
      const options = { asOfMs: AS_OF_MS, maxHoldMs };
      const sums = { upMs: 0, downMs: 0, unknownMs: 0 };
      for (const { upMs, downMs, unknownMs } of measureOpenTime(page, open, parts, options) ?? []) {
        sums.upMs += upMs;
        sums.downMs += downMs;
        sums.unknownMs += unknownMs;
      }
      assertEquals(sums, measureUptime(page, open, options)?.day);
    }),
    { numRuns: amount({ quick: 100, thorough: 300 }) },
  );
});
