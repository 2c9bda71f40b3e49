import { watchAnswers } from "../../kv/answer_watch.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

Deno.test("waitingMs() is the age of the oldest call without an answer, and the database works as before", async () => {
  using database = await Deno.openKv(":memory:");
  let nowMs = 0;
  const { kv, waitingMs } = watchAnswers(database, () => nowMs);
  const calls: (() => Promise<unknown>)[] = [
    () => kv.set(["a"], 1),
    () => kv.get(["a"]),
    () => kv.getMany([["a"], ["b"]]),
    () => kv.atomic().check({ key: ["b"], versionstamp: null }).set(["b"], 2).commit(),
    () => kv.list({ prefix: [] }).next(),
    () => kv.delete(["c"]),
  ];
  for (const call of calls) {
    assertEquals(waitingMs(), 0);
    const answer = call();
    nowMs += 300;
    const later = kv.get(["b"]);
    nowMs += 100;
    assertEquals(waitingMs(), 400);
    await Promise.all([answer, later]);
  }
  assertEquals(waitingMs(), 0);
  const entries = await Array.fromAsync(kv.list({ prefix: [] }));
  assertEquals(entries.map(({ key, value }) => [key, value]), [[["a"], 1], [["b"], 2]]);
});

/** Watches a database that answers no `get()` before `answer` is called. */
function watchSilentReads(database: Deno.Kv, elapsedMs: () => number) {
  const { prototype } = Deno.Kv;
  const { get } = prototype;
  const { promise, resolve } = Promise.withResolvers<Deno.KvEntryMaybe<unknown>>();
  prototype.get = () => promise as Promise<never>;
  try {
    const answer = () => resolve({ key: ["a"], value: null, versionstamp: null });
    return { ...watchAnswers(database, elapsedMs), answer };
  } finally {
    prototype.get = get;
  }
}

Deno.test("a call without an answer counts only since another one had its answer", async () => {
  using database = await Deno.openKv(":memory:");
  let nowMs = 0;
  const { kv, waitingMs, answer } = watchSilentReads(database, () => nowMs);
  const stuck = kv.get(["a"]);
  nowMs += 5_000;
  assertEquals(waitingMs(), 5_000);
  await kv.set(["b"], 1);
  assertEquals(waitingMs(), 0);
  nowMs += 2_000;
  assertEquals(waitingMs(), 2_000);
  await kv.list({ prefix: [] }).next();
  nowMs += 700;
  const later = kv.get(["a"]);
  nowMs += 100;
  assertEquals(waitingMs(), 800);
  answer();
  await Promise.all([stuck, later]);
  assertEquals(waitingMs(), 0);
});

Deno.test("a call that fails is no answer", async () => {
  using database = await Deno.openKv(":memory:");
  let nowMs = 0;
  const { kv, waitingMs, answer } = watchSilentReads(database, () => nowMs);
  const stuck = kv.get(["a"]);
  nowMs += 5_000;
  // A value has at most 64 KiB.
  await assertRejects(() => kv.set(["b"], new Uint8Array(70_000)), TypeError);
  assertEquals(waitingMs(), 5_000);
  answer();
  await stuck;
});
