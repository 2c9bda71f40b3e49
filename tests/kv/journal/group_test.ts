import { addReceipts, encodeLastSeen } from "../../../data/devices/last_seen_record.ts";
import { createRateWindow } from "../../../data/devices/rate_window.ts";
import { DAY_MS } from "../../../data/limits.ts";
import { FLOAT, toNumber } from "../../../data/readings/decimal.ts";
import type { Page } from "../../../data/readings/page.ts";
import { decodePage } from "../../../data/readings/page_decoder.ts";
import type { GroupedReadings } from "../../../kv/journal/group.ts";
import { addGroup } from "../../../kv/journal/group_operations.ts";
import { type JournaledKv, openJournal } from "../../../kv/journal/journal.ts";
import { JOURNALED } from "../../../kv/opened_kv.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import {
  CommitFault,
  createRandom,
  randomFates,
  strictKv,
  type StrictPlan,
} from "../../support/strict_kv.ts";
import { amount } from "../../support/thorough.ts";

/** Random sequences that are tried. */
const SEEDS = amount({ quick: 3, thorough: 25 });
const STEPS = 60;
const WINDOW_MS = 64_000;
const RULES = { flushAfterMs: 10, journalMaxBytes: 1_000_000 };

/** What the entries of a database with a journal say, and what they must say. */
type Content = Map<string, unknown>;

function page(timesMs: readonly number[], width: number): Page {
  const columns = Array.from({ length: width }, (_, index) => ({
    scale: FLOAT,
    values: Float64Array.from(timesMs, (timeMs) => timeMs % 7 === 0 ? NaN : timeMs / 10 + index),
  }));
  return { timesMs: Float64Array.from(timesMs), columns };
}

/** The readings of a page, without the missing values at the end of each. */
function readingsOf({ timesMs, columns }: Page): unknown {
  return Array.from(timesMs, (timeMs, row) => {
    const values = columns.map(({ scale, values }) => toNumber(values[row], scale));
    while (values.length > 0 && Number.isNaN(values.at(-1))) values.pop();
    return [timeMs, values.map((value) => Number.isNaN(value) ? null : value)];
  });
}

async function contentOf(kv: Deno.Kv): Promise<Content> {
  const content: Content = new Map();
  for (const space of Object.keys(JOURNALED)) {
    for await (const { key, value } of kv.list({ prefix: [space] })) {
      const isPage = space === "segment" && value instanceof Uint8Array;
      const shown = isPage ? readingsOf(decodePage(value)) : value;
      content.set(JSON.stringify(key), shown instanceof Uint8Array ? [...shown] : shown);
    }
  }
  return content;
}

/** A database with a journal that is stopped, flushed and read at random, and what it must hold. */
async function randomRun(seed: number, plan: StrictPlan): Promise<void> {
  const random = createRandom(seed);
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)];
  using database = await Deno.openKv(":memory:");
  const open = () => openJournal(strictKv(database, plan), JOURNALED, RULES);
  let journal: JournaledKv = await open();
  const expected: Content = new Map();
  const seen = new Map<string, Uint8Array>();
  let nowMs = 1_000_000, number = 1;

  function expectNumber(key: Deno.KvKey, added: bigint): void {
    const name = JSON.stringify(key);
    const before = expected.get(name);
    const value = (before instanceof Deno.KvU64 ? before.value : 0n) + added;
    expected.set(name, new Deno.KvU64(value));
  }

  function randomItem(): GroupedReadings {
    const [profile, id] = [pick(["battery", "meter"]), pick(["a", "b", "c"])];
    const count = pick([0, 1, 1, 1, 2, 3]);
    const times = Array.from({ length: count }, () => Math.floor(random() * 5) * DAY_MS + nowMs);
    const requests = pick([0, 1]);
    const receipt = count === 0 || random() < 0.8 ? { receivedMs: nowMs, requests } : null;
    const lastSeen = () =>
      seen.get(id) ?? encodeLastSeen({ lastReceivedMs: 0, window: createRateWindow() });
    return { profile, id, page: page(times, pick([1, 2])), receipt, state: null, lastSeen };
  }

  async function commitGroup(): Promise<void> {
    const items = Array.from({ length: 1 + Math.floor(random() * 5) }, randomItem);
    const before = new Map(seen);
    for (const { id, receipt } of items) {
      if (receipt !== null) seen.set(id, addReceipts(seen.get(id), [receipt], WINDOW_MS));
    }
    const op = journal.kv.atomic();
    assert(addGroup(op, { writer: "w", firstNumber: number, windowMs: WINDOW_MS, items }));
    const profiles = [...new Set(items.map(({ profile }) => profile))];
    try {
      assert((await op.commit()).ok);
    } catch (error) {
      assert(error instanceof CommitFault);
      // A process that counted requests whose commit failed takes them back.
      for (const id of seen.keys()) {
        const old = before.get(id);
        if (old === undefined) seen.delete(id);
        else seen.set(id, old);
      }
      number += items.length;
      return;
    }
    // Items are numbered by profile.
    for (const profile of profiles) {
      for (const item of items.filter((one) => one.profile === profile)) {
        const { id, page } = item;
        if (page.timesMs.length > 0) {
          expected.set(JSON.stringify(["segment", profile, id, "w", number]), readingsOf(page));
          expectNumber(["unfolded", profile, id], 1n);
          expectNumber(["revision", profile, id], 1n);
        }
        for (const timeMs of page.timesMs) {
          const dayMs = Math.floor(timeMs / DAY_MS) * DAY_MS;
          expected.set(JSON.stringify(["changed", profile, id, dayMs]), true);
        }
        number++;
      }
    }
    for (const { id, receipt } of items) {
      const bytes = seen.get(id);
      if (receipt !== null && bytes !== undefined) {
        expected.set(JSON.stringify(["beat", id, ""]), [...bytes]);
      }
    }
  }

  /** Deletes the segments of a series and its count, as a fold does. */
  async function fold(): Promise<void> {
    const [profile, id] = [pick(["battery", "meter"]), pick(["a", "b", "c"])];
    const segments = await Array.fromAsync(journal.kv.list({ prefix: ["segment", profile, id] }));
    const keys = [...segments.map(({ key }) => key), ["unfolded", profile, id]];
    const op = journal.kv.atomic().set(["block", profile, id], number);
    for (const key of keys) op.delete(key);
    const isDone = await op.commit().then(() => true, () => false);
    if (isDone) { for (const key of keys) expected.delete(JSON.stringify(key)); }
  }

  async function deleteDevice(): Promise<void> {
    const id = pick(["a", "b", "c"]);
    const isDone = await journal.kv.atomic().delete(["beat", id, ""]).commit()
      .then(() => true, () => false);
    if (!isDone) return;
    expected.delete(JSON.stringify(["beat", id, ""]));
    seen.delete(id);
  }

  const steps = [commitGroup, commitGroup, commitGroup, fold, deleteDevice];
  for (let step = 0; step < STEPS; step++) {
    nowMs += Math.floor(random() * 3_000);
    await pick(steps)();
    const act = random();
    if (act < 0.2) await journal.flush(nowMs).catch(() => {});
    else if (act < 0.35) journal = await open();
    if (random() < 0.3) assertEquals(await contentOf(journal.kv), expected);
  }
  assertEquals(await contentOf(journal.kv), expected);
  assertEquals(await contentOf((await open()).kv), expected);
  nowMs += 100;
  delete plan.fate;
  await journal.flush(nowMs);
  await journal.flush(nowMs + 1_000);
  assertEquals(await contentOf(journal.kv), expected);
  assertEquals(await contentOf((await open()).kv), expected);
}

Deno.test("groups leave what the mutations of each series would, after any flushes and restarts", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) await randomRun(seed, {});
});

Deno.test("groups leave what they must if commits are lost, or their answers", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    await randomRun(seed, { fate: randomFates(1_000 + seed, 0.15) });
  }
});

Deno.test("records that a killed process has not deleted do not come back", async () => {
  const plan: StrictPlan = {};
  using database = await Deno.openKv(":memory:");
  const { kv, flush } = await openJournal(strictKv(database, plan), JOURNALED, RULES);
  for (let number = 1; number <= 450; number++) {
    const receipt = { receivedMs: number, requests: 1 };
    const lastSeen = () =>
      addReceipts(
        undefined,
        Array.from({ length: number }, (_, i) => ({ ...receipt, receivedMs: i + 1 })),
        WINDOW_MS,
      );
    const item = {
      profile: "battery",
      id: "a",
      page: page([number], 1),
      receipt,
      state: null,
      lastSeen,
    };
    const op = kv.atomic();
    addGroup(op, { writer: "w", firstNumber: number, windowMs: WINDOW_MS, items: [item] });
    await op.commit();
  }
  const segments = await Array.fromAsync(kv.list({ prefix: ["segment"] }));
  for (let at = 0; at < segments.length; at += 100) {
    const op = kv.atomic();
    for (const { key } of segments.slice(at, at + 100)) op.delete(key);
    await op.commit();
  }
  const expected = await contentOf(kv);
  assertEquals(expected.get('["revision","battery","a"]'), new Deno.KvU64(450n));
  let deletions = 0;
  plan.fate = ({ keys }) => {
    const isDeletion = keys.every(([space]) => space === "journal") && keys.length > 100;
    return isDeletion && ++deletions > 1 ? "lost" : "happens";
  };
  await flush(1_000_000).then(() => flush(2_000_000)).catch(() => {});
  assertEquals(deletions, 2);
  delete plan.fate;
  const again = await openJournal(database, JOURNALED, RULES);
  assertEquals(await contentOf(again.kv), expected);
  await again.flush(3_000_000);
  await again.flush(4_000_000);
  assertEquals(again.sizeBytes(), 0);
  assertEquals(await Array.fromAsync(database.list({ prefix: ["journal"] })), []);
  assertEquals(await contentOf(again.kv), expected);
});
