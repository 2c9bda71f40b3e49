import fc from "fast-check";
import { withKnownJobs } from "../../../kv/jobs/known_jobs.ts";
import { wrapKv } from "../../../kv/wrapped_kv.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { amount } from "../../support/thorough.ts";

const A: Deno.KvKey = ["job", "a"];

/** A database whose reads are counted. */
function countedGets(kv: Deno.Kv) {
  let count = 0;
  const counted = wrapKv(kv, {
    get(key) {
      count++;
      return kv.get(key);
    },
  });
  return { counted, gets: () => count };
}

Deno.test("a job that is asked for again is read again only after a commit that may have changed it", async () => {
  using database = await Deno.openKv(":memory:");
  const { counted, gets } = countedGets(database);
  const kv = withKnownJobs(counted);
  /** How many reads it takes to ask three times; each answer is that of the database. */
  async function cost(key = A): Promise<number> {
    const before = gets();
    for (let i = 0; i < 3; i++) assertEquals(await kv.get(key), await database.get(key));
    return gets() - before;
  }
  // What is not there is looked for each time.
  assertEquals(await cost(), 3);
  const changes: (() => Promise<unknown>)[] = [
    () => kv.set(A, 1),
    () => kv.atomic().set(["other", "a"], 1).set(A, 2).commit(),
    () => kv.atomic().mutate({ type: "set", key: A, value: 3 }).commit(),
    // It fails, but whoever asks cannot know.
    () => kv.atomic().check({ key: A, versionstamp: null }).set(A, 4).commit(),
  ];
  for (const change of changes) {
    await change();
    assertEquals(await cost(), 1);
    assertEquals(await cost(), 0);
  }
  await kv.atomic().set(["job", "b"], 1).set(["due", "a"], 1).commit();
  assertEquals(await cost(), 0);
  assertEquals(await cost(["job", "b"]), 1);
  // Other key spaces are read each time.
  assertEquals(await cost(["due", "a"]), 3);
  await kv.atomic().delete(A).commit();
  assertEquals(await cost(), 3);
  await kv.set(A, 5);
  await kv.delete(A);
  assertEquals(await cost(), 3);
});

Deno.test("only some jobs are remembered", async () => {
  using database = await Deno.openKv(":memory:");
  const { counted, gets } = countedGets(database);
  const kv = withKnownJobs(counted);
  for (let id = 0; id < 200; id++) {
    await kv.set(["job", `${id}`], id);
    await kv.get(["job", `${id}`]);
  }
  const before = gets();
  for (let id = 0; id < 200; id++) assertEquals((await kv.get(["job", `${id}`])).value, id);
  assert(gets() - before > 100);
});

Deno.test("whoever asks after a read or commit was answered finds at least that, however they overlap", async () => {
  const steps = fc.array(
    fc.record({
      what: fc.constantFrom("get", "get", "look", "set", "fail"),
      before: fc.nat(3),
      after: fc.nat(3),
      pause: fc.nat(2),
    }),
    { minLength: 4, maxLength: 30 },
  );
  const turns = async (count: number) => {
    for (let i = 0; i < 3 * count; i++) await null;
  };
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      let stored = 0, answered = 0, last = 0;
      /** How long the call that is made now takes before and after the database does it. */
      let delays = { before: 0, after: 0 };
      const slow = async <T>(act: () => T): Promise<T> => {
        const { before, after } = delays;
        await turns(before);
        const result = act();
        await turns(after);
        return result;
      };
      const entryOf = (key: Deno.KvKey) => ({ key, value: stored, versionstamp: `${stored}` });
      let staged = 0;
      const op = {
        set: (_: Deno.KvKey, value: number) => (staged = value, op),
        delete: () => op,
        mutate: () => op,
        commit() {
          const value = staged;
          return slow(() => {
            stored = Math.max(stored, Math.abs(value));
            if (value < 0) throw new Error("The answer is lost");
            return { ok: true };
          });
        },
      };
      const kv = withKnownJobs({
        get: (key: Deno.KvKey) => slow(() => entryOf(key)),
        getMany: (keys: Deno.KvKey[]) => slow(() => keys.map(entryOf)),
        atomic: () => op,
      } as unknown as Deno.Kv);
      const calls: Promise<unknown>[] = [];
      for (const { what, pause, ...next } of script) {
        delays = next;
        if (what === "get") {
          const least = answered;
          calls.push(
            kv.get<number>(A).then(({ value }) => {
              assert(Number(value) >= least, `${value} < ${least}`);
            }),
          );
        } else {
          last++;
          const value = what === "fail" ? -last : last;
          const done = kv.atomic().set(A, value).commit();
          calls.push(done.then(() => answered = Math.max(answered, value), () => {}));
        }
        await turns(pause);
      }
      await Promise.all(calls);
      assertEquals((await kv.get(A)).value as number, stored);
    }),
    { numRuns: amount({ quick: 300, thorough: 5_000 }) },
  );
});
