import { assertEquals } from "../support/assert.ts";
import {
  type Change,
  changesOf,
  changesTable,
  gotWorse,
  improvementOf,
  type Measured,
} from "./compare.ts";

const YEAR: Measured = { part: "export", what: "a year", ours: 100, unit: "ms" };
const JOBS: Measured = { part: "jobs", what: "500 exports", ours: 100, unit: "jobs/s" };

function changeOf(unit: string, before: number, now: number): Change {
  const bests = { bestBefore: before, bestNow: now };
  return { part: "export", what: "a year", unit, before, now, ...bests };
}

Deno.test("changesOf() pairs figures by part, text and unit, and takes the median of the runs", () => {
  const before = [100, 110, 300].map((ours) => ({ ...YEAR, ours }));
  const now = [50, 60, 40].map((ours) => ({ ...YEAR, ours }));
  assertEquals(changesOf([...before, JOBS], now), [
    { ...changeOf("ms", 110, 50), bestBefore: 100, bestNow: 40 },
  ]);
  const rates = [10, 20, 30].map((ours) => ({ ...JOBS, ours }));
  assertEquals(changesOf(rates, rates).map(({ bestNow }) => bestNow), [30]);
  assertEquals(changesOf([YEAR], [{ ...YEAR, unit: "s" }]), []);
  assertEquals(changesOf([YEAR], [{ ...YEAR, part: "formats" }]), []);
});

Deno.test("changesOf() leaves out what only one of both has", () => {
  assertEquals(changesOf([YEAR], [JOBS]), []);
});

Deno.test("an improvement is above 1 for shorter times, smaller amounts and higher rates", () => {
  assertEquals(improvementOf(changeOf("ms", 200, 100)), 2);
  assertEquals(improvementOf(changeOf("MB", 200, 250)), 0.8);
  assertEquals(improvementOf(changeOf("jobs/s", 20, 30)), 1.5);
});

Deno.test("a figure got worse if it is more than 10% slower, longer or larger", () => {
  const isWorse = (unit: string, now: number) => gotWorse(changeOf(unit, 100, now));
  assertEquals([109, 110, 111].map((now) => isWorse("ms", now)), [false, false, true]);
  assertEquals([109, 111].map((now) => isWorse("MB", now)), [false, true]);
  assertEquals([91, 90, 89].map((now) => isWorse("readings/s", now)), [false, false, true]);
  assertEquals(isWorse("ms", 10), false);
});

Deno.test("a figure whose best run is as good as before did not get worse: the machine was busy", () => {
  const change = changeOf("ms", 100, 200);
  assertEquals(gotWorse({ ...change, bestBefore: 90, bestNow: 95 }), false);
  assertEquals(gotWorse({ ...change, bestBefore: 90, bestNow: 180 }), true);
  const rate = changeOf("jobs/s", 100, 50);
  assertEquals(gotWorse({ ...rate, bestBefore: 110, bestNow: 108 }), false);
});

Deno.test("the table of changes names the revision and marks what got worse", () => {
  const rows = changesTable([changeOf("ms", 100, 50), changeOf("jobs/s", 100, 50)], "v0.10.0")
    .split("\n").map((line) => line.trim().split(/ {2,}/));
  assertEquals(rows[0], ["figure", "v0.10.0", "now", "better by"]);
  assertEquals(rows.slice(2), [
    ["export: a year", "100 ms", "50 ms", "2 ×"],
    ["export: a year", "100 jobs/s", "50 jobs/s", "0.50 ×", "WORSE"],
  ]);
});
