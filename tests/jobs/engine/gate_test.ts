import { createGate } from "../../../jobs/engine/gate.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";

/** Work that runs until it is ended. */
function createWork(log: string[], name: string) {
  const { promise, resolve } = Promise.withResolvers<void>();
  return {
    end: resolve,
    async run() {
      log.push(name);
      await promise;
    },
  };
}

/** Lets everything run that is not held up. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("a gate lets as much work run as it has room for, first come, first served", async () => {
  const log: string[] = [];
  const gate = createGate(2);
  const works = ["a", "b", "c", "d"].map((name) => createWork(log, name));
  const all = works.map((work) => gate.enter(work.run));
  await turn();
  assertEquals([log.join(""), gate.waiting()], ["ab", 2]);
  works[1].end();
  await turn();
  assertEquals([log.join(""), gate.waiting()], ["abc", 1]);
  works.forEach(({ end }) => end());
  await Promise.all(all);
  assertEquals(log.join(""), "abcd");
});

Deno.test("work that fails makes room as well", async () => {
  const gate = createGate(1);
  await assertRejects(() => gate.enter(() => Promise.reject(new Error("no"))), Error);
  assertEquals(await gate.enter(() => Promise.resolve(1)), 1);
});

Deno.test("work that is aborted while it waits never starts, and holds up nothing", async () => {
  const log: string[] = [];
  const gate = createGate(1);
  const aborter = new AbortController();
  const reason = new DOMException("cancelled", "AbortError");
  const [a, b, c] = ["a", "b", "c"].map((name) => createWork(log, name));
  const running = [gate.enter(a.run, aborter.signal)];
  const waiting = gate.enter(b.run, aborter.signal);
  running.push(gate.enter(c.run));
  aborter.abort(reason);
  assert(await assertRejects(() => waiting, DOMException) === reason);
  assert(await assertRejects(() => gate.enter(b.run, aborter.signal), DOMException) === reason);
  assertEquals(gate.waiting(), 1);
  // What runs is not aborted here.
  a.end();
  c.end();
  await Promise.all(running);
  assertEquals(log.join(""), "ac");
});
