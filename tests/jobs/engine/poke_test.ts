import { startDuties } from "../../../jobs/engine/duty_loop.ts";
import { createPokes } from "../../../jobs/engine/poke.ts";
import { assertEquals } from "../../support/assert.ts";
import { pause } from "../../support/process.ts";

Deno.test("a duty that is poked does a round at once, also if it is poked during a round", async () => {
  using kv = await Deno.openKv(":memory:");
  const pokes = createPokes();
  let rounds = 0;
  const deps = { kv, now: Date.now, log: () => {}, isExclusive: true, owner: "me" };
  const loop = startDuties(deps, [{
    name: "duty",
    everyMs: 3_600_000,
    pokes,
    round() {
      rounds++;
      if (rounds === 2) pokes.poke();
      return Promise.resolve();
    },
  }]);
  while (rounds < 1) await pause(1);
  pokes.poke();
  while (rounds < 3) await pause(1);
  await pause(10);
  assertEquals(rounds, 3);
  await loop.stop();
});

Deno.test("a wait ends with its rest, a poke or the signal, and leaves nothing at the signal", async () => {
  const pokes = createPokes();
  const stop = new AbortController();
  const { any } = AbortSignal;
  // Some versions of Deno keep a reference to each signal that is made of a lasting one.
  AbortSignal.any = () => {
    throw new TypeError("a signal is made of others");
  };
  try {
    let ended = 0;
    const untilEnd = (signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener("abort", () => {
          ended++;
          resolve();
        });
      });
    await pokes.wait(() => Promise.resolve(), stop.signal);
    const poked = pokes.wait(untilEnd, stop.signal);
    pokes.poke();
    await poked;
    assertEquals([ended, pokes.take()], [1, true]);
    const stopped = pokes.wait(untilEnd, stop.signal);
    stop.abort();
    await stopped;
    assertEquals(ended, 2);
    await pokes.wait(untilEnd, stop.signal);
    assertEquals(ended, 2);
  } finally {
    AbortSignal.any = any;
  }
});
