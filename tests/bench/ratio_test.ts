import { assertEquals } from "../support/assert.ts";
import { atLeast, atMost, isMet, ratioOf } from "./figure.ts";
import type { Contestant, RaceResult } from "./race.ts";
import { raceFigures } from "./ratio.ts";

function resultOf(contestant: Partial<Contestant>, runsMs: number[]): RaceResult {
  const run = () => Promise.reject(new Error("not run"));
  return { contestant: { name: "", path: null, run, ...contestant }, runsMs };
}

const OURS = resultOf({ name: "ours" }, [90, 100, 900]);
const PEER = resultOf({ name: "peer", target: atLeast(4) }, [500, 500, 100]);
const LIMIT = resultOf({ name: "limit", target: atMost(3), as: "long" }, [50]);

Deno.test("each other way with a target is a figure next to the median of ours", () => {
  const untargeted = resultOf({ name: "slow" }, [1_000]);
  const figures = raceFigures("a year", [OURS, PEER, untargeted, LIMIT]);
  assertEquals(figures.map(({ ours, unit, other }) => [ours, unit, other]), [
    [100, "ms", { name: "peer", value: 500 }],
    [100, "ms", { name: "limit", value: 50 }],
  ]);
  assertEquals(figures.map(ratioOf), [5, 2]);
  assertEquals(figures.map(isMet), [true, true]);
});

Deno.test("times of races can be rates", () => {
  const [figure] = raceFigures("jobs", [OURS, PEER], { rate: { unit: "jobs/s", perMs: 500_000 } });
  assertEquals([figure.ours, figure.other?.value, ratioOf(figure)], [5_000, 1_000, 5]);
});

Deno.test("without others there is one figure, for comparisons with other revisions", () => {
  assertEquals(raceFigures("a year", [OURS]), [
    { what: "a year", ours: 100, unit: "ms", as: "fast", other: null, target: null },
  ]);
});
