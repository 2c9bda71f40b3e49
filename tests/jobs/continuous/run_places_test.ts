import { createRunPlaces, type RunPlace } from "../../../jobs/continuous/run_places.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { never } from "../../support/file_store_box.ts";

/** Runs that ask for places, and where they are. */
function openRuns(workers: number) {
  const places = createRunPlaces(workers);
  const begun: string[] = [];
  const running = new Map<string, RunPlace>();
  return {
    async ask(name: string, mayBeHere = true, signal = never) {
      places.enter(mayBeHere, signal).then((place) => {
        begun.push(`${name} ${place.isInWorker ? "there" : "here"}`);
        running.set(name, place);
      }, () => begun.push(`${name} gave up`));
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

Deno.test("a run that is aborted while it waits gives up its turn at once, and no place is lost", async () => {
  const runs = openRuns(1);
  const aborter = new AbortController();
  for (const name of ["a", "b", "c"]) await runs.ask(name);
  await runs.ask("aborted", false, aborter.signal);
  await runs.ask("long", false);
  aborter.abort();
  for (let turn = 0; turn < 5; turn++) await null;
  assertEquals(runs.begun.slice(3), ["aborted gave up"]);
  await runs.end("a");
  assertEquals(runs.begun.slice(4), ["long there"]);
  await runs.end("b");
  await runs.ask("after", false, aborter.signal);
  await runs.ask("next", false);
  assertEquals(runs.begun.slice(5), ["after gave up", "next there"]);
});

Deno.test("a run that is aborted while it waits gets the reason", async () => {
  const places = createRunPlaces(1);
  const aborter = new AbortController();
  for (let run = 0; run < 3; run++) await places.enter(false, never);
  const waiting = assertRejects(() => places.enter(false, aborter.signal), DOMException);
  const reason = new DOMException("The round is over", "TimeoutError");
  aborter.abort(reason);
  assert(await waiting === reason);
});
