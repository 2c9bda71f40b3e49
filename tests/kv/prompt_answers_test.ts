import { withPromptAnswers } from "../../kv/prompt_answers.ts";
import { assertEquals } from "../support/assert.ts";
import { pause } from "../support/process.ts";
import { until } from "../support/until.ts";

/** A database in memory that counts the small reads it gets by itself, and how many of them came first. */
async function openCounted() {
  const database = await Deno.openKv(":memory:");
  const get = database.get.bind(database);
  let prompts = 0;
  database.get = (key, options) => {
    if (key[0] === "prompt") prompts++;
    return get(key, options);
  };
  const silent = Promise.withResolvers<[]>();
  database.getMany = () => silent.promise as Promise<never>;
  let door = Promise.resolve();
  const list = database.list.bind(database);
  database.list = <T>(...args: Parameters<typeof list>) => {
    const entries = list<T>(...args);
    const next = entries.next.bind(entries);
    return Object.assign(entries, { next: () => door.then(next) });
  };
  const kv = withPromptAnswers(database);
  return {
    kv,
    prompts: () => prompts,
    answer: () => silent.resolve([]),
    /** Lets lists wait until the result is called. */
    holdLists(): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      door = promise;
      return resolve;
    },
  };
}

Deno.test("a database with prompt answers works as before", async () => {
  using database = await Deno.openKv(":memory:");
  const kv = withPromptAnswers(database);
  await kv.set(["a"], 1);
  await kv.set(["n"], new Deno.KvU64(5n));
  const absent = { key: ["b"], versionstamp: null };
  const long = {
    bytes: new Uint8Array(2_000),
    deep: [{ text: "x".repeat(50), at: 1n, none: null }],
  };
  const op = kv.atomic().check(absent).set(["b"], long).sum(["n"], 1n).max(["m"], 3n);
  assertEquals((await op.min(["l"], 2n).delete(["a"]).commit()).ok, true);
  assertEquals((await kv.atomic().check(absent).set(["b"], 0).commit()).ok, false);
  assertEquals((await kv.get(["b"])).value, long);
  const entries = await Array.fromAsync(kv.list({ prefix: [] }, { batchSize: 2 }));
  assertEquals(entries.map(({ key }) => key), [["b"], ["l"], ["m"], ["n"]]);
  const values = (await kv.getMany([["n"], ["l"]])).map(({ value }) => value);
  assertEquals(values, [new Deno.KvU64(6n), new Deno.KvU64(2n)]);
  await kv.delete(["b"]);
  assertEquals((await kv.get(["b"])).versionstamp, null);
});

Deno.test("a read goes before a request of 1,024 bytes or more, and before no short one", async () => {
  const { kv, prompts } = await openCounted();
  using _ = kv;
  const requests: [isLong: boolean, request: () => Promise<unknown>][] = [
    [false, () => kv.set(["a"], new Uint8Array(700))],
    [true, () => kv.set(["a"], new Uint8Array(1_024))],
    [true, () => kv.set(["a"], { text: "x".repeat(1_024) })],
    [false, () => kv.atomic().set(["a", "b"], true).sum(["c"], 1n).commit()],
    [true, () => {
      const op = kv.atomic();
      for (let i = 0; i < 50; i++) op.set(["a", i], true);
      return op.commit();
    }],
  ];
  for (const [isLong, request] of requests) {
    const before = prompts();
    const answer = request();
    // Nothing was awaited, so that no time has passed.
    assertEquals(prompts() - before, isLong ? 1 : 0);
    await answer;
  }
});

Deno.test("a read asks for an answer that is outstanding after another one, but only a few do", async () => {
  const { kv, prompts, answer } = await openCounted();
  using _ = kv;
  const stuck = kv.getMany([["a"]]);
  await pause(20);
  // Nothing has arrived that an acknowledgement could be missing for.
  assertEquals(prompts(), 0);
  await kv.get(["a"]);
  await until(() => Promise.resolve(prompts() === 4));
  await pause(100);
  assertEquals(prompts(), 4);
  answer();
  await stuck;
});

Deno.test("reads ask for the list after one with long values", async () => {
  const { kv, prompts, holdLists } = await openCounted();
  using _ = kv;
  await kv.set(["short"], 1);
  await kv.set(["long", 1], new Uint8Array(2_000));
  await Array.fromAsync(kv.list({ prefix: ["long"] }));
  const before = prompts();
  const release = holdLists();
  const short = kv.list({ start: ["short"], end: ["shorter"] }).next();
  await pause(20);
  assertEquals(prompts() - before, 0);
  const long = kv.list({ prefix: ["long"] }).next();
  await until(() => Promise.resolve(prompts() - before === 4));
  release();
  await Promise.all([short, long]);
});

Deno.test("a list that names neither a limit nor a batch reads 200 entries at a time", async () => {
  using database = await Deno.openKv(":memory:");
  const asked: unknown[] = [];
  const list = database.list.bind(database);
  database.list = <T>(...args: Parameters<typeof list>) => {
    asked.push(args[1]);
    return list<T>(...args);
  };
  const kv = withPromptAnswers(database);
  for (const options of [undefined, { reverse: true }, { limit: 2 }, { batchSize: 7 }]) {
    await kv.list({ prefix: [] }, options).next();
  }
  const expected = [{ batchSize: 200 }, { batchSize: 200, reverse: true }, { limit: 2 }, {
    batchSize: 7,
  }];
  assertEquals(asked, expected);
});
