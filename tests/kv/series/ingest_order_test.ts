import fc from "fast-check";
import { createIngest } from "../../../kv/series/ingest.ts";
import { createSeriesStore } from "../../../kv/series/store.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { DAY, METER, meterPage, readLines } from "../../support/series.ts";
import { type Fate, strictKv } from "../../support/strict_kv.ts";

const schedule = fc.record({
  ids: fc.array(fc.constantFrom("a", "b", "c", "d", "e"), { minLength: 1, maxLength: 40 }),
  turns: fc.infiniteStream(fc.integer({ min: 0, max: 4 })),
  fates: fc.infiniteStream(fc.constantFrom<Fate>("happens", "happens", "happens", "unanswered")),
});

Deno.test("with commits that take any time, or whose answers are lost, the reading that was added last is the one that stays", async () => {
  await fc.assert(
    fc.asyncProperty(schedule, async ({ ids, turns, fates }) => {
      const pause = async (most: number) => {
        for (let left = most; left > 0; left--) await new Promise((resolve) => setTimeout(resolve));
      };
      using kv = strictKv(await Deno.openKv(":memory:"), {
        before: () => pause(turns.next().value),
        // Each commit is tried three times.
        fate: ({ number }) => number % 2 === 0 ? fates.next().value : "happens",
      });
      const ingest = createIngest({ kv, writer: "w" });
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
