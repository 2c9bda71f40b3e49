import { AppError } from "../../data/app_error.ts";
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

Deno.test("a stop gives a database up that is away: its calls fail, those without an answer and those to come", async () => {
  using database = await Deno.openKv(":memory:");
  let nowMs = 0;
  using watched = watchSilentReads(database, () => nowMs);
  const { kv, giveUpAfter } = watched;
  const stuck = [kv.get(["a"]), kv.get(["b"])];
  nowMs = 5_000;
  giveUpAfter(10);
  for (const call of stuck) await assertUnavailable(() => call);
  await assertUnavailable(() => kv.set(["c"], 1));
  await assertUnavailable(() => kv.atomic().set(["c"], 1).commit());
  await assertUnavailable(() => kv.list({ prefix: [] }).next());
});

Deno.test("a connection without answers counts while another one works, and a stop gives up", async () => {
  using database = await Deno.openKv(":memory:");
  using other = await Deno.openKv(":memory:");
  let nowMs = 0;
  using watched = watchSilentReads(database, () => nowMs);
  const { kv, also, waitingMs, giveUpAfter } = watched;
  const working = also(other);
  const stuck = kv.get(["a"]);
  nowMs = 5_000;
  await working.set(["b"], 1);
  assertEquals(waitingMs(), 5_000);
  giveUpAfter(10);
  await assertUnavailable(() => stuck);
  await assertUnavailable(() => working.get(["b"]));
});

Deno.test("a stop does not give up a database that answers, until it is away", async () => {
  using database = await Deno.openKv(":memory:");
  let nowMs = 0;
  using watched = watchSilentReads(database, () => nowMs);
  const { kv, giveUpAfter } = watched;
  const stuck = kv.get(["a"]);
  nowMs = 10_000;
  await kv.set(["b"], 1);
  giveUpAfter(1);
  // Several looks.
  await new Promise((resolve) => setTimeout(resolve, 200));
  await kv.set(["b"], 2);
  nowMs += 10_000;
  await assertUnavailable(() => stuck);
});

async function assertUnavailable(call: () => Promise<unknown>): Promise<void> {
  const error = await assertRejects(call, AppError);
  assertEquals(error.code, "DATABASE_UNAVAILABLE");
}
