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
