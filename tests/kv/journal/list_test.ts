import { openJournal } from "../../../kv/journal/journal.ts";
import type { JournalSpaces } from "../../../kv/journal/entries.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { createRandom } from "../../support/strict_kv.ts";
import { amount } from "../../support/thorough.ts";

const SPACES: JournalSpaces = { log: { isFlushed: false }, mark: { isFlushed: true } };
/** Several times as many as a list reads from the journal at once. */
const IDS = 900;

const idOf = (number: number) => `id${String(number).padStart(3, "0")}`;

const SELECTORS: readonly Deno.KvListSelector[] = ["log", "mark"].flatMap((space) => [
  { prefix: [space] },
  { prefix: [space], start: [space, idOf(100)] },
  { prefix: [space], end: [space, idOf(700), 1] },
  { start: [space, idOf(50)], end: [space, idOf(850)] },
]);

const OPTIONS: readonly Deno.KvListOptions[] = [
  {},
  { reverse: true },
  { limit: 450 },
  { limit: 200, reverse: true },
  { limit: 1 },
];

/** Changes between two flushes. */
const CHANGES = amount({ quick: 250, thorough: 600 });

Deno.test("a long list of a database with a journal equals that of one without", async () => {
  const random = createRandom(3);
  using plain = await Deno.openKv(":memory:");
  using database = await Deno.openKv(":memory:");
  const { kv, flush } = await openJournal(database, SPACES);
  for (let round = 1; round <= 6; round++) {
    for (let change = 0; change < CHANGES; change++) {
      const key = [
        random() < 0.5 ? "log" : "mark",
        idOf(Math.floor(random() * IDS)),
        change % 2,
      ];
      // The last rounds delete more than they set, and much of that has been flushed by then.
      const isGone = random() < (round > 4 ? 0.8 : 0.2);
      const value = Uint8Array.of(round, change % 256);
      for (const each of [plain, kv]) {
        if (isGone) await each.delete(key);
        else await each.set(key, value);
      }
    }
    await flush(round * 30_000);
    for (const selector of SELECTORS) {
      for (const options of OPTIONS) {
        const contentOf = async (each: Deno.Kv) =>
          (await Array.fromAsync(each.list(selector, options))).map((
            { key, value },
          ) => [key, value]);
        assertEquals(
          await contentOf(kv),
          await contentOf(plain),
          JSON.stringify([round, selector, options]),
        );
      }
    }
  }
});

Deno.test("a list of all key spaces is refused, because the database alone would leave some out", async () => {
  using database = await Deno.openKv(":memory:");
  const { kv } = await openJournal(database, SPACES);
  assertThrows(() => kv.list({ prefix: [] }), TypeError, "some are in the journal");
});
