import fc from "fast-check";
import { openDatabaseFile } from "../../../kv/database_file.ts";
import { openKv } from "../../../kv/opened_kv.ts";
import { blockKey, listBlocksBack } from "../../../kv/series/blocks.ts";
import { readBlocksOfMany } from "../../../kv/series/file_blocks.ts";
import { headKey } from "../../../kv/series/heads.ts";
import { assertEquals } from "../../support/assert.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";
import { amount } from "../../support/thorough.ts";

const DAY_MS = 86_400_000;

/** Values that a text could not hold: zeros, and bytes that are no UTF-8. */
const bytes = fc.uint8Array({ minLength: 0, maxLength: 400 });
const block = fc.record({ at: fc.integer({ min: 0, max: 30 * DAY_MS }), bytes });
const id = fc.string({
  minLength: 1,
  maxLength: 8,
  unit: fc.constantFrom("a", "z", "-", "é", "𝄞"),
});
const someSeries = fc.dictionary(id, fc.array(block, { maxLength: 12 }), { maxKeys: 6 });

Deno.test("blocks of many series that are read from a file together are those of a list of each", async () => {
  await fc.assert(
    fc.asyncProperty(
      someSeries,
      fc.integer({ min: 0, max: 31 * DAY_MS }),
      fc.integer({ min: 1, max: 10 }),
      async (stored, toMs, limit) => {
        await using folder = await makeTempFolder();
        await using opened = await openKv(`${folder.path}/kv.sqlite3`);
        const { kv } = opened;
        for (const [id, blocks] of Object.entries(stored)) {
          const op = kv.atomic().set(headKey({ profile: "site", id }), { generation: 1 });
          for (const { at, bytes } of blocks) op.set(blockKey({ profile: "site", id }, at), bytes);
          await op.commit();
        }
        using file = openDatabaseFile(opened.databasePath!);
        const ids = Object.keys(stored);
        const found = readBlocksOfMany(file, "site", [...ids, "none", "no\0thing"], {
          toMs,
          limit,
        });
        assertEquals([...found.keys()].toSorted(), ids.toSorted());
        for (const id of ids) {
          const ref = { profile: "site", id };
          const all = await Array.fromAsync(listBlocksBack(kv, ref, { toMs, batchSize: 100 }));
          const { versionstamp, blocks } = found.get(id)!;
          const plain = (list: typeof blocks) =>
            list.map(({ startMs, bytes }) => [startMs, [...bytes]]);
          assertEquals(plain(blocks), plain(all.slice(0, limit)));
          assertEquals(versionstamp, (await kv.get(headKey(ref))).versionstamp);
        }
      },
    ),
    { numRuns: amount({ quick: 12, thorough: 200 }) },
  );
});

Deno.test("a series whose blocks cannot be told apart is not read together with others", async () => {
  await using folder = await makeTempFolder();
  await using opened = await openKv(`${folder.path}/kv.sqlite3`);
  const { kv } = opened;
  await kv.atomic()
    .set(headKey({ profile: "site", id: "a" }), 1)
    .set(blockKey({ profile: "site", id: "a" }, 5), "no bytes")
    .set(headKey({ profile: "site", id: "b" }), 1)
    .set(blockKey({ profile: "site", id: "b" }, 5), new Uint8Array([0, 1]))
    .commit();
  using file = openDatabaseFile(opened.databasePath!);
  const found = readBlocksOfMany(file, "site", ["a", "b"], { toMs: 6, limit: 2 });
  assertEquals([...found.keys()], ["b"]);
});
