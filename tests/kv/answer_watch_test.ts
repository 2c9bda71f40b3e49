import { watchAnswers } from "../../kv/answer_watch.ts";
import { assertEquals } from "../support/assert.ts";

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
