import { createRunPlaces, type RunPlace } from "../../../jobs/continuous/run_places.ts";
import { assertEquals } from "../../support/assert.ts";

/** Runs that ask for places, and where they are. */
function openRuns(workers: number) {
  const places = createRunPlaces(workers);
  const begun: string[] = [];
  const running = new Map<string, RunPlace>();
  return {
    async ask(name: string, mayBeHere = true) {
      places.enter(mayBeHere).then((place) => {
        begun.push(`${name} ${place.isInWorker ? "there" : "here"}`);
        running.set(name, place);
      });
      for (let turn = 0; turn < 5; turn++) await null;
    },
    async end(name: string) {
      running.get(name)?.[Symbol.dispose]();
      for (let turn = 0; turn < 5; turn++) await null;
    },
    begun,
  };
}

Deno.test("runs fill the workers, then this thread, and wait for whatever is free first", async () => {
  const runs = openRuns(1);
  for (const name of ["a", "b", "c", "d", "e", "f"]) await runs.ask(name);
  const first = ["a there", "b there", "c there", "d here"];
  assertEquals(runs.begun, first);
  await runs.end("d");
  assertEquals(runs.begun, [...first, "e here"]);
  await runs.end("b");
  assertEquals(runs.begun, [...first, "e here", "f there"]);
  await runs.end("e");
  await runs.ask("g");
  assertEquals(runs.begun.at(-1), "g here");
});

Deno.test("a run with long windows waits for a worker, and others pass it on this thread", async () => {
  const runs = openRuns(1);
  for (const name of ["a", "b", "c"]) await runs.ask(name);
  await runs.ask("long", false);
  await runs.ask("short");
  assertEquals(runs.begun.slice(3), ["short here"]);
  await runs.ask("next");
  await runs.end("short");
  assertEquals(runs.begun.slice(4), ["next here"]);
  await runs.end("a");
  assertEquals(runs.begun.slice(5), ["long there"]);
});

Deno.test("more workers have more places", async () => {
  const runs = openRuns(2);
  for (const name of ["a", "b", "c", "d", "e", "f", "g"]) await runs.ask(name);
  assertEquals(runs.begun.filter((one) => one.endsWith("there")).length, 6);
});

Deno.test("without workers, runs with long windows do not wait for ever", async () => {
  const runs = openRuns(0);
  for (const name of ["a", "b", "c", "d"]) await runs.ask(name, false);
  assertEquals(runs.begun, ["a there", "b there", "c there"]);
  await runs.end("a");
  assertEquals(runs.begun.at(-1), "d there");
});
