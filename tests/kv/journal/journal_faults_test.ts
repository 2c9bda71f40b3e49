import { type JournaledKv, openJournal } from "../../../kv/journal/journal.ts";
import type { JournalSpaces } from "../../../kv/journal/entries.ts";
import type { FlushRules } from "../../../kv/journal/flush_plan.ts";
import { encodeDone } from "../../../kv/journal/stored_record.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import {
  type Access,
  CommitFault,
  cutAfter,
  type Fate,
  strictKv,
  type StrictPlan,
} from "../../support/strict_kv.ts";
import { isThorough } from "../../support/thorough.ts";

const SPACES: JournalSpaces = {
  log: { isFlushed: false },
  mark: { isFlushed: true },
  sum: { isFlushed: true },
};
const BYTES = Uint8Array.of(1, 2, 3);
const SUM = ["sum", "a"];

function refuseRecords({ kind, space }: Access): void {
  if (kind === "get" && space === "journal") throw new Error("records cannot be read");
}

/** All entries of the journaled spaces, without versions. */
async function contentOf(kv: Pick<Deno.Kv, "list">): Promise<[Deno.KvKey, unknown][]> {
  const all: [Deno.KvKey, unknown][] = [];
  for (const space of Object.keys(SPACES)) {
    for await (const { key, value } of kv.list({ prefix: [space] })) all.push([key, value]);
  }
  return all;
}

async function recordCount(database: Deno.Kv): Promise<number> {
  return (await Array.fromAsync(database.list({ prefix: ["journal"] }))).length;
}

async function sumOf({ kv }: JournaledKv): Promise<bigint | undefined> {
  return (await kv.get<Deno.KvU64>(SUM)).value?.value;
}

for (const fate of ["unanswered", "lost"] as const) {
  Deno.test(`after a commit that is ${fate}, nothing is accepted until its record can be read`, async () => {
    using database = await Deno.openKv(":memory:");
    const plan: StrictPlan = {};
    const journal = await openJournal(strictKv(database, plan), SPACES);
    const { kv } = journal;
    await kv.atomic().sum(SUM, 5n).commit();
    const before = await kv.get(SUM);
    Object.assign(plan, { fate: () => fate, before: refuseRecords });
    const uncertain = kv.atomic().sum(SUM, 1n).set(["log", "a", 1], BYTES).set(["cold"], 1);
    await assertRejects(() => uncertain.commit(), CommitFault);
    delete plan.fate;
    // Nothing is accepted while it is unknown whether the commit happened: later ones may depend on it.
    const next = () => kv.atomic().sum(SUM, 10n).commit();
    await assertRejects(next, Error, "records cannot be read");
    await assertRejects(() => journal.flush(1_000_000), Error, "records cannot be read");
    delete plan.before;
    const happened = fate === "unanswered";
    const checked = await kv.atomic().check(before).sum(SUM, 100n).commit();
    assertEquals(checked.ok, !happened);
    await next();
    // First 5; then either 1, if that commit happened, or 100, whose check then holds; then 10.
    assertEquals(await sumOf(journal), happened ? 16n : 115n);
    assertEquals((await kv.get(["log", "a", 1])).value, happened ? BYTES : null);
    assertEquals((await kv.get(["cold"])).value, happened ? 1 : null);
    assertEquals(await contentOf((await openJournal(database, SPACES)).kv), await contentOf(kv));
  });
}

Deno.test("a sum after an uncertain commit adds to what that commit left", async () => {
  using database = await Deno.openKv(":memory:");
  const plan: StrictPlan = {};
  const journal = await openJournal(strictKv(database, plan), SPACES);
  await journal.kv.atomic().sum(SUM, 5n).commit();
  Object.assign(plan, { fate: () => "unanswered", before: refuseRecords });
  await assertRejects(() => journal.kv.atomic().sum(SUM, 1n).commit(), CommitFault);
  delete plan.fate;
  delete plan.before;
  await journal.kv.atomic().sum(SUM, 10n).commit();
  assertEquals(await sumOf(journal), 16n);
});

Deno.test("a flush resolves an uncertain commit that no other commit follows", async () => {
  using database = await Deno.openKv(":memory:");
  const plan: StrictPlan = {};
  const journal = await openJournal(strictKv(database, plan), SPACES);
  Object.assign(plan, { fate: () => "unanswered", before: refuseRecords });
  await assertRejects(() => journal.kv.atomic().sum(SUM, 1n).commit(), CommitFault);
  delete plan.fate;
  delete plan.before;
  await journal.flush(0);
  assertEquals(await sumOf(journal), 1n);
});

Deno.test("a commit of several records is applied completely or not at all, even if its answer is lost", async () => {
  const values = ["a", "b", "c"].map((name) => new Uint8Array(30_000).fill(name.charCodeAt(0)));
  for (const fate of ["happens", "unanswered", "lost"] as const) {
    using database = await Deno.openKv(":memory:");
    const plan: StrictPlan = { fate: () => fate };
    const { kv } = await openJournal(strictKv(database, plan), SPACES);
    const op = kv.atomic();
    values.forEach((value, index) => op.set(["log", "a", index], value));
    await op.commit().catch((error) => assert(error instanceof CommitFault && fate === "lost"));
    const expected: [Deno.KvKey, unknown][] = fate === "lost"
      ? []
      : values.map((value, index) => [["log", "a", index], value]);
    assertEquals(await contentOf(kv), expected);
    assertEquals(await contentOf((await openJournal(database, SPACES)).kv), expected);
    // 90,000 bytes need two records of at most 65,000.
    assertEquals(await recordCount(database), fate === "lost" ? 0 : 2);
  }
});

/** Fills a journal with 451 records: flushed and retained entries, some of each deleted again. */
async function filled(database: Deno.Kv): Promise<void> {
  await database.atomic().set(["mark", "old", 1], true).set(["mark", "old", 2], true).commit();
  const { kv } = await openJournal(database, SPACES);
  for (let number = 1; number <= 400; number++) {
    const op = kv.atomic().sum(["sum", `s${number % 170}`], 1n);
    op.set(["log", `a${number % 3}`, number], Uint8Array.of(number & 255));
    await op.set(["mark", `m${number}`, 1], BYTES).commit();
  }
  for (let number = 1; number <= 50; number++) {
    await kv.atomic().delete(["mark", `m${number}`, 1]).delete(["log", `a${number % 3}`, number])
      .commit();
  }
  await kv.atomic().delete(["mark", "old", 1]).commit();
}

Deno.test("a process that is killed at any commit of a flush leaves the same entries", async () => {
  using whole = await Deno.openKv(":memory:");
  await filled(whole);
  const expected = await contentOf((await openJournal(whole, SPACES)).kv);
  // 350 marks, one from before the journal, 170 sums and 350 retained entries.
  assertEquals(expected.length, 350 + 1 + 170 + 350);
  let commits = Infinity;
  for (let cut = 1; cut <= commits + 1; cut++) {
    const fates = ["lost", "unanswered", "happens"] satisfies Fate[];
    // The number of commits is found where one happens.
    for (const last of isThorough ? fates : [fates[cut % 2], fates[2]]) {
      using database = await Deno.openKv(":memory:");
      await filled(database);
      const plan: StrictPlan = {};
      const strict = strictKv(database, plan);
      const journal = await openJournal(strict, SPACES);
      plan.fate = cutAfter(cut, last);
      await journal.flush(0).catch((error) => assert(error instanceof CommitFault));
      if (last === "happens" && strict.commits() < cut) commits = strict.commits();
      assertEquals(await contentOf(journal.kv), expected, `cut at ${cut}, before it is reopened`);
      const again = await openJournal(database, SPACES);
      assertEquals(await contentOf(again.kv), expected, `cut at ${cut}, which ${last}`);
      await again.flush(0);
      assertEquals(await contentOf(again.kv), expected, `cut at ${cut}, flushed again`);
    }
  }
  // Entries are flushed in portions of 150, records deleted in portions of 200.
  assert(commits >= 6, `${commits} commits to cut at`);
});

Deno.test("flushed entries are in the database, and no record is left when nothing is retained", async () => {
  using database = await Deno.openKv(":memory:");
  await filled(database);
  const { kv, flush } = await openJournal(database, SPACES);
  const expected = await contentOf(kv);
  await flush(0);
  const retained = expected.filter(([key]) => key[0] === "log");
  assertEquals(await contentOf(database), expected.filter((entry) => !retained.includes(entry)));
  for await (const { key } of kv.list({ prefix: ["log"] })) await kv.delete(key);
  // A record is dated by the flush before it: now they are new, 40 s later they are old.
  await flush(1_000);
  assert(await recordCount(database) > 0);
  await flush(41_000);
  assertEquals(await recordCount(database), 0);
  assertEquals(await contentOf(database), await contentOf(kv));
});

Deno.test("the older half of a journal that is too large is flushed, however new it is", async () => {
  using database = await Deno.openKv(":memory:");
  const rules: FlushRules = { flushAfterMs: 40_000, journalMaxBytes: 195_000 };
  const { kv, flush } = await openJournal(database, SPACES, rules);
  await flush(0);
  const setMarks = async (count: number, from: number) => {
    for (let number = from; number < from + count; number++) {
      await kv.set(["mark", "a", number], new Uint8Array(10_000));
    }
  };
  // 19 records of about 10,020 bytes are within the limit, 20 exceed it.
  await setMarks(19, 0);
  await flush(1);
  assertEquals([await recordCount(database), (await contentOf(database)).length], [19, 0]);
  await setMarks(1, 19);
  await flush(2);
  assertEquals([await recordCount(database), (await contentOf(database)).length], [10, 10]);
  assertEquals((await contentOf(kv)).length, 20);
});

Deno.test("records that are done do not come back after a second crash either", async () => {
  using database = await Deno.openKv(":memory:");
  const rules: FlushRules = { flushAfterMs: 40_000, journalMaxBytes: 100_000 };
  const { kv } = await openJournal(database, SPACES, rules);
  for (let number = 1; number <= 20; number++) {
    await kv.set(["mark", "a", number], new Uint8Array(10_000));
  }
  // The process was killed while it deleted the first 19 of 20 records, whose entries are gone.
  await database.set(["journal", 0], encodeDone(19));
  // The next one flushes the older half, as the journal is too large, and is killed too.
  await (await openJournal(database, SPACES, rules)).flush(0);
  const expected: [Deno.KvKey, unknown][] = [[["mark", "a", 20], new Uint8Array(10_000)]];
  assertEquals(await contentOf((await openJournal(database, SPACES)).kv), expected);
  assertEquals(await recordCount(database), 1);
});

Deno.test("commits during a flush are neither lost nor undone", async () => {
  for (let round = 0; round < 5; round++) {
    using database = await Deno.openKv(":memory:");
    await filled(database);
    const { kv, flush } = await openJournal(database, SPACES);
    const flushing = flush(0);
    for (let number = 1; number <= 170; number++) {
      const op = kv.atomic().sum(["sum", `s${number % 170}`], 1n);
      await op.delete(["mark", `m${number + 50}`, 1]).commit();
    }
    await flushing;
    // 170 sums of 2 or 3 got one more each, and 170 of 350 marks were deleted.
    const sums = await Array.fromAsync(kv.list<Deno.KvU64>({ prefix: ["sum"] }));
    assertEquals(sums.reduce((sum, { value }) => sum + value.value, 0n), 570n);
    assertEquals((await Array.fromAsync(kv.list({ prefix: ["mark"] }))).length, 1 + 350 - 170);
    await flush(100_000);
    await flush(200_000);
    assertEquals(await contentOf((await openJournal(database, SPACES)).kv), await contentOf(kv));
  }
});
