import { type JournaledKv, openJournal } from "../../../kv/journal/journal.ts";
import type { JournalSpaces } from "../../../kv/journal/entries.ts";
import type { FlushRules } from "../../../kv/journal/log.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import {
  type Access,
  CommitFault,
  cutAfter,
  type Fate,
  strictKv,
  type StrictPlan,
} from "../../support/strict_kv.ts";

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

/** Every entry of the spaces, but for versions. */
async function told(kv: Pick<Deno.Kv, "list">): Promise<[Deno.KvKey, unknown][]> {
  const all: [Deno.KvKey, unknown][] = [];
  for (const space of Object.keys(SPACES)) {
    for await (const { key, value } of kv.list({ prefix: [space] })) all.push([key, value]);
  }
  return all;
}

async function recordCount(below: Deno.Kv): Promise<number> {
  return (await Array.fromAsync(below.list({ prefix: ["journal"] }))).length;
}

async function sumOf({ kv }: JournaledKv): Promise<bigint | undefined> {
  return (await kv.get<Deno.KvU64>(SUM)).value?.value;
}

for (const fate of ["unanswered", "lost"] as const) {
  Deno.test(`a commit that is ${fate}, its record unreadable for a while, counts for what follows`, async () => {
    using below = await Deno.openKv(":memory:");
    const plan: StrictPlan = {};
    const journal = await openJournal(strictKv(below, plan), SPACES);
    const { kv } = journal;
    await kv.atomic().sum(SUM, 5n).commit();
    const before = await kv.get(SUM);
    Object.assign(plan, { fate: () => fate, before: refuseRecords });
    const doubted = kv.atomic().sum(SUM, 1n).set(["log", "a", 1], BYTES).set(["cold"], 1);
    await assertRejects(() => doubted.commit(), CommitFault);
    delete plan.fate;
    // As long as nobody knows what became of it nothing is taken, as it may depend on that.
    const next = () => kv.atomic().sum(SUM, 10n).commit();
    await assertRejects(next, Error, "records cannot be read");
    await assertRejects(() => journal.flush(1_000_000), Error, "records cannot be read");
    delete plan.before;
    const happened = fate === "unanswered";
    const checked = await kv.atomic().check(before).sum(SUM, 100n).commit();
    assertEquals(checked.ok, !happened);
    await next();
    // 5 at first, then 1 that happened or 100 whose check held, then 10.
    assertEquals(await sumOf(journal), happened ? 16n : 115n);
    assertEquals((await kv.get(["log", "a", 1])).value, happened ? BYTES : null);
    assertEquals((await kv.get(["cold"])).value, happened ? 1 : null);
    assertEquals(await told((await openJournal(below, SPACES)).kv), await told(kv));
  });
}

Deno.test("a sum behind a commit in doubt adds to what that left", async () => {
  using below = await Deno.openKv(":memory:");
  const plan: StrictPlan = {};
  const journal = await openJournal(strictKv(below, plan), SPACES);
  await journal.kv.atomic().sum(SUM, 5n).commit();
  Object.assign(plan, { fate: () => "unanswered", before: refuseRecords });
  await assertRejects(() => journal.kv.atomic().sum(SUM, 1n).commit(), CommitFault);
  delete plan.fate;
  delete plan.before;
  await journal.kv.atomic().sum(SUM, 10n).commit();
  assertEquals(await sumOf(journal), 16n);
});

Deno.test("what a commit in doubt did is found by settling where nothing follows it", async () => {
  using below = await Deno.openKv(":memory:");
  const plan: StrictPlan = {};
  const journal = await openJournal(strictKv(below, plan), SPACES);
  Object.assign(plan, { fate: () => "unanswered", before: refuseRecords });
  await assertRejects(() => journal.kv.atomic().sum(SUM, 1n).commit(), CommitFault);
  delete plan.fate;
  delete plan.before;
  await journal.flush(0);
  assertEquals(await sumOf(journal), 1n);
});

Deno.test("a commit of several records is there whole or not at all, its answer lost or not", async () => {
  const values = ["a", "b", "c"].map((name) => new Uint8Array(30_000).fill(name.charCodeAt(0)));
  for (const fate of ["happens", "unanswered", "lost"] as const) {
    using below = await Deno.openKv(":memory:");
    const plan: StrictPlan = { fate: () => fate };
    const { kv } = await openJournal(strictKv(below, plan), SPACES);
    const op = kv.atomic();
    values.forEach((value, index) => op.set(["log", "a", index], value));
    await op.commit().catch((error) => assert(error instanceof CommitFault && fate === "lost"));
    const expected: [Deno.KvKey, unknown][] = fate === "lost"
      ? []
      : values.map((value, index) => [["log", "a", index], value]);
    assertEquals(await told(kv), expected);
    assertEquals(await told((await openJournal(below, SPACES)).kv), expected);
    // 90,000 bytes in records of at most 65,000.
    assertEquals(await recordCount(below), fate === "lost" ? 0 : 2);
  }
});

/** A journal of 451 records: marks that are set, some deleted, entries that stay, some deleted. */
async function filled(below: Deno.Kv): Promise<void> {
  await below.atomic().set(["mark", "old", 1], true).set(["mark", "old", 2], true).commit();
  const { kv } = await openJournal(below, SPACES);
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

Deno.test("a process that is cut at any commit while it settles leaves the same entries", async () => {
  using whole = await Deno.openKv(":memory:");
  await filled(whole);
  const expected = await told((await openJournal(whole, SPACES)).kv);
  // 350 marks, one from before, 170 sums and 350 entries that stay.
  assertEquals(expected.length, 350 + 1 + 170 + 350);
  let commits = Infinity;
  for (let cut = 1; cut <= commits + 1; cut++) {
    for (const last of ["happens", "lost", "unanswered"] satisfies Fate[]) {
      using below = await Deno.openKv(":memory:");
      await filled(below);
      const plan: StrictPlan = {};
      const strict = strictKv(below, plan);
      const journal = await openJournal(strict, SPACES);
      plan.fate = cutAfter(cut, last);
      await journal.flush(0).catch((error) => assert(error instanceof CommitFault));
      if (last === "happens" && strict.commits() < cut) commits = strict.commits();
      assertEquals(await told(journal.kv), expected, `cut at ${cut}, before it is opened anew`);
      const again = await openJournal(below, SPACES);
      assertEquals(await told(again.kv), expected, `cut at ${cut}, which ${last}`);
      await again.flush(0);
      assertEquals(await told(again.kv), expected, `cut at ${cut}, settled again`);
    }
  }
  // Entries in portions of 150, records in portions of 200.
  assert(commits >= 6, `${commits} commits to cut at`);
});

Deno.test("what is settled lies below, and no record is left once nothing stays", async () => {
  using below = await Deno.openKv(":memory:");
  await filled(below);
  const { kv, flush } = await openJournal(below, SPACES);
  const expected = await told(kv);
  await flush(0);
  const staying = expected.filter(([key]) => key[0] === "log");
  assertEquals(await told(below), expected.filter((entry) => !staying.includes(entry)));
  for await (const { key } of kv.list({ prefix: ["log"] })) await kv.delete(key);
  // By the clock of the settling before they are new; 40 s later they are old.
  await flush(1_000);
  assert(await recordCount(below) > 0);
  await flush(41_000);
  assertEquals(await recordCount(below), 0);
  assertEquals(await told(below), await told(kv));
});

Deno.test("the older half of a journal that is too large is settled, however new it is", async () => {
  using below = await Deno.openKv(":memory:");
  const rules: FlushRules = { flushAfterMs: 40_000, journalMaxBytes: 195_000 };
  const { kv, flush } = await openJournal(below, SPACES, rules);
  await flush(0);
  const setMarks = async (count: number, from: number) => {
    for (let number = from; number < from + count; number++) {
      await kv.set(["mark", "a", number], new Uint8Array(10_000));
    }
  };
  // 19 records of some 10,020 bytes are below the limit, 20 are above it.
  await setMarks(19, 0);
  await flush(1);
  assertEquals([await recordCount(below), (await told(below)).length], [19, 0]);
  await setMarks(1, 19);
  await flush(2);
  assertEquals([await recordCount(below), (await told(below)).length], [10, 10]);
  assertEquals((await told(kv)).length, 20);
});

Deno.test("commits that come while the journal settles are neither lost nor undone", async () => {
  for (let round = 0; round < 5; round++) {
    using below = await Deno.openKv(":memory:");
    await filled(below);
    const { kv, flush } = await openJournal(below, SPACES);
    const settling = flush(0);
    for (let number = 1; number <= 170; number++) {
      const op = kv.atomic().sum(["sum", `s${number % 170}`], 1n);
      await op.delete(["mark", `m${number + 50}`, 1]).commit();
    }
    await settling;
    // Sums of 2 or 3 each got one more, 170 of 350 marks went.
    const sums = await Array.fromAsync(kv.list<Deno.KvU64>({ prefix: ["sum"] }));
    assertEquals(sums.reduce((sum, { value }) => sum + value.value, 0n), 570n);
    assertEquals((await Array.fromAsync(kv.list({ prefix: ["mark"] }))).length, 1 + 350 - 170);
    await flush(100_000);
    await flush(200_000);
    assertEquals(await told((await openJournal(below, SPACES)).kv), await told(kv));
  }
});
