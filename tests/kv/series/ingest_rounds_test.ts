import fc from "fast-check";
import { createIngest } from "../../../kv/series/ingest.ts";
import { createSeriesStore } from "../../../kv/series/store.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { DAY, METER, meterPage, readLines } from "../../support/series.ts";
import { type Fate, strictKv } from "../../support/strict_kv.ts";
import { until } from "../../support/until.ts";

/** A database whose commits wait until they are released. */
async function openHeld() {
  const kv = await Deno.openKv(":memory:");
  const held: { ids: string[]; release: () => void }[] = [];
  const atomic = kv.atomic.bind(kv);
  kv.atomic = () => {
    const op = atomic();
    const ids: string[] = [];
    const { set } = op;
    const commit = op.commit.bind(op);
    return Object.assign(op, {
      set(...args: Parameters<typeof set>) {
        if (args[0][0] === "segment") ids.push(String(args[0][2]));
        return set.apply(op, args);
      },
      async commit() {
        await new Promise<void>((release) => held.push({ ids, release }));
        return await commit();
      },
    });
  };
  return { kv, held };
}

Deno.test("several commits are in progress at a time, but only one of each series", async () => {
  const { kv, held } = await openHeld();
  using _ = kv;
  const ingest = createIngest({ kv, writer: "w", ingestRounds: 3 });
  const added: Promise<void>[] = [];
  const add = async (id: string, value: string, commits: number) => {
    added.push(ingest.add({ ...METER, id }, meterPage([DAY, value])));
    await until(() => Promise.resolve(held.length === commits));
  };
  await add("a", "1", 1);
  await add("a", "2", 1);
  await add("b", "1", 2);
  await add("b", "2", 2);
  await add("c", "1", 3);
  await add("d", "1", 3);
  assertEquals(held.map(({ ids }) => ids), [["a"], ["b"], ["c"]]);
  held[1].release();
  await until(() => Promise.resolve(held.length === 4));
  // What waits for a commit of its series does not keep others from theirs.
  assertEquals(held[3].ids, ["b", "d"]);
  for (const { release } of held) release();
  await until(() => Promise.resolve(held.length === 5));
  assertEquals(held[4].ids, ["a"]);
  held[4].release();
  await Promise.all(added);
  await ingest.stop();
  const store = createSeriesStore({ kv, now: () => DAY });
  for (const id of ["a", "b"]) {
    assertEquals(await readLines(store, { ...METER, id }), [`${DAY} 2,2,2,2`]);
  }
});

const schedule = fc.record({
  ids: fc.array(fc.constantFrom("a", "b", "c", "d", "e"), { minLength: 1, maxLength: 40 }),
  rounds: fc.integer({ min: 1, max: 4 }),
  turns: fc.infiniteStream(fc.integer({ min: 0, max: 4 })),
  fates: fc.infiniteStream(fc.constantFrom<Fate>("happens", "happens", "happens", "unanswered")),
});

Deno.test("with commits that end in any order, the reading that was added last is the one that stays", async () => {
  await fc.assert(
    fc.asyncProperty(schedule, async ({ ids, rounds, turns, fates }) => {
      const pause = async (most: number) => {
        for (let left = most; left > 0; left--) await new Promise((resolve) => setTimeout(resolve));
      };
      using kv = strictKv(await Deno.openKv(":memory:"), {
        before: () => pause(turns.next().value),
        // Each commit is tried three times.
        fate: ({ number }) => number % 2 === 0 ? fates.next().value : "happens",
      });
      const ingest = createIngest({ kv, writer: "w", ingestRounds: rounds });
      const last = new Map<string, number>();
      const added: Promise<void>[] = [];
      for (const [index, id] of ids.entries()) {
        last.set(id, index);
        added.push(ingest.add({ ...METER, id }, meterPage([DAY, String(index)])));
        if (index % 3 === 0) await pause(turns.next().value);
      }
      await ingest.stop();
      await Promise.all(added);
      const store = createSeriesStore({ kv, now: () => DAY });
      for (const [id, index] of last) {
        const lines = await readLines(store, { ...METER, id });
        assertEquals(lines, [`${DAY} ${Array(4).fill(index).join(",")}`]);
      }
      assert(last.size > 0);
    }),
    { numRuns: 12 },
  );
});
