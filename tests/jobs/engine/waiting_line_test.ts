import { createWaitingLine } from "../../../jobs/engine/waiting_line.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";

Deno.test("those that wait stand in the order of their arrival until they are started", async () => {
  const line = createWaitingLine<string, number>();
  const [a, b, c] = ["a", "b", "c"].map((wish) => line.wait(wish, undefined));
  assertEquals([...line].map(({ wish }) => wish), ["a", "b", "c"]);
  [...line][1].start(2);
  assertEquals([await b, line.size], [2, 2]);
  for (const one of line) one.start(one.wish.length);
  assertEquals([await a, await c, line.size], [1, 1, 0]);
});

Deno.test("whoever is aborted leaves the line with the reason, and the others are told", async () => {
  let left = 0;
  const line = createWaitingLine<string, void>(() => left++);
  const abort = new AbortController();
  const first = line.wait("first", abort.signal);
  const second = line.wait("second", undefined);
  const reason = new Error("enough");
  abort.abort(reason);
  assertEquals(await assertRejects(() => first, Error), reason);
  assertEquals([left, [...line].map(({ wish }) => wish)], [1, ["second"]]);
  for (const one of line) one.start();
  await second;
});

Deno.test("an abort after the start changes nothing", async () => {
  let left = 0;
  const line = createWaitingLine<void, string>(() => left++);
  const abort = new AbortController();
  const waits = line.wait(undefined, abort.signal);
  for (const one of line) one.start("place");
  assertEquals(await waits, "place");
  abort.abort();
  assertEquals([left, line.size], [0, 0]);
});
