import { openJournal } from "../../../kv/journal/journal.ts";
import type { JournalSpaces } from "../../../kv/journal/entries.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import {
  CommitFault,
  createRandom,
  randomFates,
  strictKv,
  type StrictPlan,
} from "../../support/strict_kv.ts";
import { amount } from "../../support/thorough.ts";

/** Random sequences that are tried. */
const SEEDS = amount({ quick: 1, thorough: 10 });

const SPACES: JournalSpaces = {
  log: { isFlushed: false },
  mark: { isFlushed: true },
  sum: { isFlushed: true },
};

const SELECTORS: readonly Deno.KvListSelector[] = [
  { prefix: ["log"] },
  { prefix: ["log", "a"] },
  { prefix: ["mark"] },
  { prefix: ["mark", "b"], start: ["mark", "b", 2] },
  { prefix: ["mark", "b"], end: ["mark", "b", 3] },
  { start: ["mark", "a"], end: ["mark", "b\0"] },
  { prefix: ["sum"] },
  { prefix: ["sum"], start: ["sum", "b"] },
  { prefix: ["cold"] },
];

const OPTIONS: readonly Deno.KvListOptions[] = [
  {},
  { limit: 3 },
  { reverse: true },
  { limit: 2, reverse: true, batchSize: 1 },
];

type Mutation = (op: Deno.AtomicOperation) => unknown;

/** Everything that a database returns, without versions. */
async function contentOf(kv: Deno.Kv): Promise<unknown[]> {
  const all: unknown[] = [];
  for (const selector of SELECTORS) {
    for (const options of OPTIONS) {
      const entries = await Array.fromAsync(kv.list(selector, options));
      all.push(entries.map(({ key, value }) => [key, value]));
    }
  }
  const keys = [["log", "a", 1], ["cold", "a", 1], ["mark", "b", 2], ["sum", "a"], [
    "cold",
    "b",
    2,
  ]];
  const together = await kv.getMany<unknown[]>(keys);
  for (const [index, key] of keys.entries()) {
    const entry = await kv.get(key);
    assertEquals(together[index], entry);
    all.push([entry.value, entry.versionstamp === null]);
  }
  return all;
}

/** A commit on one to five keys out of a few, and a key that it checks. */
function randomCommit(random: () => number): { mutations: Mutation[]; checked: Deno.KvKey } {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
  const keyOf = (
    space: string,
  ): Deno.KvKey => [
    space,
    pick(["a", "b", "ä\u{1f600}"]),
    pick(space === "log" ? [1, 2, 3] : [1, 2, 3, "1"]),
  ];
  const mutations = Array.from({ length: 1 + Math.floor(random() * 5) }, (): Mutation => {
    const key = keyOf(pick(["log", "log", "mark", "cold"]));
    const sumKey = ["sum", pick(["a", "b", "c"])];
    const bytes = Uint8Array.of(Math.floor(random() * 256), 7);
    const act = random();
    if (act < 0.05) return (op) => op.delete(["log", "a", 0]);
    if (act < 0.3) return (op) => op.delete(key);
    if (act < 0.5) return (op) => op.sum(sumKey, 3n);
    if (act < 0.55) return (op) => op.delete(sumKey);
    if (act < 0.7 && key[0] !== "log") return (op) => op.set(key, true);
    return (op) => op.set(key, bytes);
  });
  mutations.push((op) => op.sum(["sum", "d"], 1n));
  return { mutations, checked: keyOf(pick(["log", "mark", "cold"])) };
}

Deno.test("a database with a journal returns what one without does, after any commits, faults and restarts", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = createRandom(seed);
    const plan: StrictPlan = {};
    using plain = await Deno.openKv(":memory:");
    using database = await Deno.openKv(":memory:");
    const faulty = strictKv(database, plan);
    // Entries from before there was a journal. The first of these keys is never set again.
    for (const kv of [plain, database]) {
      await kv.atomic().set(["log", "a", 0], true).set(["mark", "b", 2], true)
        .sum(["sum", "a"], 5n).commit();
    }
    let journal = await openJournal(faulty, SPACES);
    let nowMs = 0;
    for (let step = 0; step < 60; step++) {
      const act = random();
      plan.fate = randomFates(seed * 1_000 + step, 0.15);
      if (act < 0.1) {
        journal = await openJournal(database, SPACES).then(() => openJournal(faulty, SPACES));
      } else if (act < 0.25) await journal.flush(nowMs += 25_000).catch(rethrowUnlessFault);
      else {
        const { mutations, checked } = randomCommit(random);
        const isStale = random() < 0.2;
        const ask = async (kv: Deno.Kv): Promise<boolean> => {
          const { key, versionstamp } = await kv.get(checked);
          const wanted = isStale ? "00000000000000000001" : versionstamp;
          const op = kv.atomic().check({ key, versionstamp: wanted });
          mutations.forEach((mutation) => mutation(op));
          return (await op.commit()).ok;
        };
        // The journal finds a commit that happened by its record, even if the answer was lost.
        const isDone = await ask(journal.kv).catch(rethrowUnlessFault);
        if (isDone !== "fault") assertEquals([isDone, await ask(plain)], [!isStale, !isStale]);
      }
      delete plan.fate;
      const own = await contentOf(journal.kv);
      (await contentOf(plain)).forEach((expected, index) =>
        assertEquals(own[index], expected, `seed ${seed}, step ${step}`)
      );
    }
  }
});

Deno.test("a commit is applied on top of an uncertain commit before it", async () => {
  const plan: StrictPlan = {};
  using database = await Deno.openKv(":memory:");
  const { kv } = await openJournal(strictKv(database, plan), SPACES);
  const before = await kv.get(["mark", "a"]);
  // The commit happens, its answer is lost, and its record cannot be read either.
  plan.fate = () => "unanswered";
  plan.before = ({ kind }) => {
    if (kind === "get") throw new CommitFault("The database does not answer");
  };
  await assertRejects(
    () => kv.atomic().sum(["sum", "a"], 3n).set(["mark", "a"], true).commit(),
    CommitFault,
  );
  delete plan.fate;
  delete plan.before;
  const added = await kv.atomic().sum(["sum", "a"], 4n).commit();
  assertEquals(added.ok, true);
  assertEquals((await kv.get(["sum", "a"])).value, new Deno.KvU64(7n));
  assertEquals((await kv.get(["mark", "a"])).value, true);
  const late = await kv.atomic().check(before).delete(["mark", "a"]).commit();
  assertEquals(late.ok, false);
});

Deno.test("a check takes into account an uncertain commit before it", async () => {
  const plan: StrictPlan = {};
  using database = await Deno.openKv(":memory:");
  const { kv } = await openJournal(strictKv(database, plan), SPACES);
  const before = await kv.get(["mark", "a"]);
  plan.fate = () => "unanswered";
  plan.before = ({ kind }) => {
    if (kind === "get") throw new CommitFault("The database does not answer");
  };
  await assertRejects(() => kv.set(["mark", "a"], true), CommitFault);
  delete plan.fate;
  delete plan.before;
  const late = await kv.atomic().check(before).set(["mark", "a"], Uint8Array.of(1)).commit();
  assertEquals(late.ok, false);
});

Deno.test("records beyond 48 MB are flushed early, but not rewritten for their retained entries", async () => {
  using database = await Deno.openKv(":memory:");
  const { kv, flush } = await openJournal(database, SPACES);
  const records = async () =>
    (await Array.fromAsync(database.list({ prefix: ["journal"] }))).map(({ key }) => key[1]);
  await flush(0);
  // 850 × 60,000 bytes = 51 MB.
  const bytes = new Uint8Array(60_000);
  for (let number = 1; number <= 850; number++) await kv.set(["log", "a", number], bytes);
  const staying = await records();
  await flush(1_000);
  assertEquals(await records(), staying);
  for (let number = 1; number <= 850; number++) await kv.delete(["log", "a", number]);
  // Deletions are records too, so the older half of the records is the one that held the bytes.
  await flush(2_000);
  assertEquals((await records()).length, 850);
});

Deno.test("a flush that is aborted leaves the rest to the next one", async () => {
  using database = await Deno.openKv(":memory:");
  const { kv, flush } = await openJournal(database, SPACES);
  await kv.set(["mark", "a"], true);
  await flush(0, AbortSignal.abort());
  const state = async () => [
    (await database.get(["mark", "a"])).value,
    (await Array.fromAsync(database.list({ prefix: ["journal"] }))).length,
    (await kv.get(["mark", "a"])).value,
  ];
  assertEquals(await state(), [null, 1, true]);
  await flush(1);
  assertEquals(await state(), [true, 0, true]);
});

Deno.test("a flush goes on soon after a commit that took an hour", async () => {
  using database = await Deno.openKv(":memory:");
  const { kv, flush } = await openJournal(database, SPACES);
  for (let number = 0; number < 400; number++) await kv.set(["mark", "a", number], true);
  const { now } = performance;
  let hours = 0;
  performance.now = () => ++hours * 3_600_000;
  try {
    await flush(1);
  } finally {
    performance.now = now;
  }
  assert(hours > 2);
  assertEquals((await Array.fromAsync(database.list({ prefix: ["journal"] }))).length, 0);
});

function rethrowUnlessFault(error: unknown): "fault" {
  if (error instanceof CommitFault) return "fault";
  throw error;
}
