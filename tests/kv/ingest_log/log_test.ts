import { emptyRecord } from "../../../kv/ingest_log/logged_changes.ts";
import { createIngest } from "../../../kv/series/ingest.ts";
import { createSeriesStore } from "../../../kv/series/store.ts";
import { OthersWroteError, stageOthersQuiet } from "../../../kv/series/others_quiet.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { DAY, entriesOf, METER, meterPage, readLines, tickingClock } from "../../support/series.ts";
import { openTestLogs } from "../../support/series_rig.ts";
import { CommitFault, type Fate, strictKv, type StrictPlan } from "../../support/strict_kv.ts";

/** A process with a log. */
function startProcess(database: Deno.Kv, writer: string, elapsedMs: () => number = () => 0) {
  const plan: StrictPlan = {};
  const strict = strictKv(database, plan);
  const { kv, ingestKv, log } = openTestLogs(strict, elapsedMs);
  const ingest = createIngest({ kv: ingestKv, writer });
  const store = createSeriesStore({ kv, now: tickingClock() });
  return {
    ...{ plan, kv, log, store, strict, ingestKv },
    add: (timeMs: number, text: string, ref = METER) => ingest.add(ref, meterPage([timeMs, text])),
    lines: (ref = METER) => readLines(store, ref),
  };
}

/** The first lines of readings, a value each. */
function lines(...rows: readonly (readonly [timeMs: number, text: string])[]): string[] {
  return rows.map(([timeMs, text]) => `${timeMs} ${text},${text},${text},${text}`);
}

async function recordCount(database: Deno.Kv): Promise<number> {
  return (await Array.fromAsync(database.list({ prefix: ["ingest", "record"] }))).length;
}

Deno.test("a commit of ingest is one value, and every process reads it", async () => {
  using database = await Deno.openKv(":memory:");
  const one = startProcess(database, "one"), two = startProcess(database, "two");
  await one.add(DAY, "1");
  await Promise.all([one.add(DAY + 1, "2"), one.add(DAY + 2, "3")]);
  assertEquals([await recordCount(database), await entriesOf(database, "segment", METER)], [2, []]);
  const expected = lines([DAY, "1"], [DAY + 1, "2"], [DAY + 2, "3"]);
  assertEquals([await two.lines(), await one.lines()], [expected, expected]);
  // Three readings of one series became one segment.
  assertEquals((await entriesOf(database, "segment", METER)).length, 1);
});

Deno.test("a read of another series carries nothing out", async () => {
  using database = await Deno.openKv(":memory:");
  const one = startProcess(database, "one");
  await one.add(DAY, "1");
  assertEquals(await one.lines({ ...METER, id: "other" }), []);
  assertEquals(await entriesOf(database, "segment", METER), []);
  assertEquals((await one.lines()).length, 1);
});

Deno.test("of readings of one time the one that was acknowledged last wins, whoever wrote it", async () => {
  using database = await Deno.openKv(":memory:");
  const processes = ["one", "two", "three"].map((name) => startProcess(database, name));
  for (let round = 0; round < 20; round++) {
    const writer = processes[round * 7 % 3], reader = processes[round % 3];
    await processes[(round + 1) % 3].add(DAY, `${round}.1`);
    await writer.add(DAY, `${round}.2`);
    assertEquals(await reader.lines(), lines([DAY, `${round}.2`]));
  }
});

Deno.test("a flush that another one has overtaken carries out nothing", async () => {
  using database = await Deno.openKv(":memory:");
  const slow = startProcess(database, "slow"), fast = startProcess(database, "fast");
  await slow.add(DAY, "1");
  let isFirst = true;
  slow.plan.before = async ({ kind }) => {
    if (kind !== "commit" || !isFirst) return;
    isFirst = false;
    await fast.lines();
    await fast.store.fold(METER);
    await fast.store.remove(METER);
  };
  await slow.log.flush(0);
  assertEquals(await slow.lines(), []);
  assertEquals(await entriesOf(database, "segment", METER), []);
});

for (const fate of ["lost", "unanswered"] satisfies Fate[]) {
  Deno.test(`a flush whose answer is ${fate} is done once`, async () => {
    using database = await Deno.openKv(":memory:");
    const one = startProcess(database, "one");
    await one.add(DAY, "1");
    let left = 1;
    one.plan.fate = () => left-- > 0 ? fate : "happens";
    assertEquals(await one.lines(), lines([DAY, "1"]));
    assertEquals(await one.store.revision(METER), 1);
  });

  Deno.test(`a record whose answers are ${fate} does not come after what others did`, async () => {
    using database = await Deno.openKv(":memory:");
    const one = startProcess(database, "one"), two = startProcess(database, "two");
    await one.add(DAY, "1");
    one.plan.fate = () => fate;
    await assertRejects(() => one.add(DAY + 1, "2"), CommitFault);
    delete one.plan.fate;
    await two.store.remove(METER);
    await one.add(DAY + 2, "3");
    assertEquals(await two.lines(), lines([DAY + 2, "3"]));
    assertEquals(await one.lines(), lines([DAY + 2, "3"]));
  });

  Deno.test(`a record whose answers are ${fate} does not come after what its own process did`, async () => {
    using database = await Deno.openKv(":memory:");
    const one = startProcess(database, "one");
    await one.add(DAY, "1");
    one.plan.fate = () => fate;
    await assertRejects(() => one.add(DAY + 1, "2"), CommitFault);
    delete one.plan.fate;
    await one.store.remove(METER);
    await one.add(DAY + 2, "3");
    assertEquals(await one.lines(), lines([DAY + 2, "3"]));
  });

  Deno.test(`a record whose first answer is ${fate} counts once`, async () => {
    using database = await Deno.openKv(":memory:");
    const one = startProcess(database, "one"), two = startProcess(database, "two");
    await one.add(DAY, "1");
    let left = 1;
    one.plan.fate = () => left-- > 0 ? fate : "happens";
    await one.add(DAY + 1, "2");
    assertEquals(await recordCount(database), 2);
    assertEquals(await two.lines(), lines([DAY, "1"], [DAY + 1, "2"]));
  });
}

Deno.test("a commit that counts on others fails once they have written, carried out or not", async () => {
  using database = await Deno.openKv(":memory:");
  const one = startProcess(database, "one"), two = startProcess(database, "two");
  await one.add(DAY, "1");
  await two.add(DAY, "2");
  const assume = () => {
    const op = one.ingestKv.atomic().set(["beat", "d", "one"], new Uint8Array(9));
    stageOthersQuiet(op);
    return op.commit();
  };
  await assertRejects(assume, OthersWroteError);
  await one.log.look();
  await assume();
  await two.add(DAY, "3");
  await two.lines();
  await assertRejects(assume, OthersWroteError);
  await one.log.look();
  await assume();
});

Deno.test("more than a commit holds is carried out in several, and a reader sees all of it", async () => {
  using database = await Deno.openKv(":memory:");
  const one = startProcess(database, "one"), two = startProcess(database, "two");
  const refs = Array.from({ length: 700 }, (_, index) => ({ ...METER, id: `m${index}` }));
  await Promise.all(refs.map((ref) => one.add(DAY, "1", ref)));
  const before = two.strict.commits();
  assertEquals(await two.lines(refs[699]), lines([DAY, "1"]));
  assert(two.strict.commits() - before > 2);
  for (const ref of [refs[0], refs[350]]) assertEquals(await two.lines(ref), lines([DAY, "1"]));
});

Deno.test("a process that writes faster than others flush waits for a flush, and holds few records", async () => {
  using database = await Deno.openKv(":memory:");
  const one = startProcess(database, "one");
  const refs = Array.from({ length: 2_000 }, (_, index) => ({ ...METER, id: `m${index}` }));
  for (let at = 0; at < refs.length; at += 100) {
    await Promise.all(refs.slice(at, at + 100).map((ref) => one.add(DAY, "1", ref)));
  }
  // 2,000 series without a pause: at most 1,200 of them wait.
  assert(one.log.state.known.size().subjects <= 1_300, `${one.log.state.known.size().subjects}`);
  assertEquals(await one.lines(refs[1_999]), lines([DAY, "1"]));
});

Deno.test("each flush deletes all records that were carried out two seconds ago", async () => {
  using database = await Deno.openKv(":memory:");
  let elapsedMs = 0;
  const { log } = startProcess(database, "one", () => elapsedMs);
  const records = Array.from({ length: 500 }, emptyRecord);
  const left: number[] = [];
  for (let round = 0; round < 4; round++) {
    for (let more = 0; more < 2; more++) await log.append(records, false);
    elapsedMs += 2_000;
    await log.flush(elapsedMs);
    left.push(await recordCount(database));
  }
  // What the last flush has carried out.
  assertEquals(left, [1_000, 1_000, 1_000, 1_000]);
});

Deno.test("a flush deletes records even if another process carries out some at that moment", async () => {
  using database = await Deno.openKv(":memory:");
  let elapsedMs = 0;
  const one = startProcess(database, "one", () => elapsedMs);
  const two = startProcess(database, "two", () => elapsedMs);
  await one.log.append(Array.from({ length: 10 }, emptyRecord), false);
  await one.log.flush(elapsedMs);
  elapsedMs += 2_000;
  one.plan.before = async ({ kind }) => {
    if (kind !== "commit") return;
    delete one.plan.before;
    await two.add(DAY, "1");
    await two.log.flush(elapsedMs);
  };
  await one.log.flush(elapsedMs);
  // The record of the other process is left for those who have not seen it.
  assertEquals([one.plan.before, await recordCount(database)], [undefined, 1]);
});

Deno.test("a log that nobody writes to is closed, and its process begins another one", async () => {
  using database = await Deno.openKv(":memory:");
  let elapsedMs = 0;
  const one = startProcess(database, "one", () => elapsedMs);
  const two = startProcess(database, "two", () => elapsedMs);
  await one.add(DAY, "1");
  const writers = async () =>
    (await database.get<{ writers: string[] }>(["ingest", "writers"])).value?.writers.length;
  await two.log.flush(elapsedMs);
  elapsedMs += 2_001;
  await two.log.flush(elapsedMs);
  assertEquals([await recordCount(database), await writers()], [0, 1]);
  elapsedMs += 600_001;
  await two.log.flush(elapsedMs);
  assertEquals(await writers(), 0);
  await one.add(DAY + 1, "2");
  assertEquals([await two.lines(), await writers()], [lines([DAY, "1"], [DAY + 1, "2"]), 1]);
});

/** Carries out all records, lets everything know it, deletes them, and closes the logs of all others. */
async function closeAll({ log }: ReturnType<typeof startProcess>, clock: { ms: number }) {
  await log.flush(clock.ms);
  clock.ms += 2_001;
  await log.flush(clock.ms);
  clock.ms += 600_001;
  await log.flush(clock.ms);
}

Deno.test("processes that live for a minute each leave few logs, and lose nothing", async () => {
  using database = await Deno.openKv(":memory:");
  const clock = { ms: 0 };
  for (let start = 0; start < 40; start++) {
    const one = startProcess(database, `p${start}`, () => clock.ms);
    await one.add(DAY + start, "1");
    await one.log.flush(clock.ms);
    clock.ms += 60_000;
    await one.log.flush(clock.ms);
  }
  const { value } = await database.get<{ writers: string[] }>(["ingest", "writers"]);
  assertEquals(value?.writers.length, 16);
  const last = startProcess(database, "last", () => clock.ms);
  assertEquals((await last.lines()).length, 40);
  const flushed =
    (await database.get<{ upTo: Record<string, number> }>(["ingest", "flushed"])).value;
  assertEquals(Object.keys(flushed?.upTo ?? {}).sort(), [...value?.writers ?? []].sort());
});

Deno.test("a process that stood still until a log was closed does not carry out its records again", async () => {
  using database = await Deno.openKv(":memory:");
  const clock = { ms: 0 };
  const [one, two, three] = ["one", "two", "three"].map((name) =>
    startProcess(database, name, () => clock.ms)
  );
  await two.add(DAY, "1");
  await two.log.flush(clock.ms);
  await two.add(DAY + 1, "2");
  let isFirst = true;
  one.plan.before = async ({ kind }) => {
    if (kind !== "commit" || !isFirst) return;
    isFirst = false;
    await three.lines();
    await three.store.remove(METER);
    await closeAll(three, clock);
  };
  await one.log.flush(0);
  assertEquals([await one.lines(), await three.lines()], [[], []]);
  const flushed = (await database.get<{ upTo: unknown }>(["ingest", "flushed"])).value;
  assertEquals([isFirst, flushed?.upTo], [false, {}]);
});

Deno.test("a process whose look stood still until a log was closed ends its read", async () => {
  using database = await Deno.openKv(":memory:");
  const clock = { ms: 0 };
  const [one, two, three] = ["one", "two", "three"].map((name) =>
    startProcess(database, name, () => clock.ms)
  );
  await two.add(DAY, "1");
  await one.log.look();
  const [held, holds, away, isAway] = Array.from(
    { length: 4 },
    () => Promise.withResolvers<void>(),
  );
  let reads = 0, isFirst = true, later: Promise<void> | undefined;
  one.plan.before = async ({ kind }) => {
    if (kind === "commit") {
      if (!isFirst) return;
      isFirst = false;
      holds.resolve();
      return await held.promise;
    }
    reads++;
    if (reads > 20) throw new Error("It looks again and again");
    if (reads === 2) later = one.log.look();
    if (reads !== 3) return;
    isAway.resolve();
    await away.promise;
  };
  // The read waits for a flush before it. Meanwhile, another look stands still.
  const flushed = one.log.flush(0);
  await holds.promise;
  await two.add(DAY + 1, "2");
  const read = one.log.catchUp([["segment", METER.profile, METER.id]]);
  await isAway.promise;
  held.resolve();
  await flushed;
  await closeAll(three, clock);
  away.resolve();
  await Promise.all([read, later]);
  assertEquals(await one.lines(), lines([DAY, "1"], [DAY + 1, "2"]));
});

Deno.test("a damaged record loses itself alone, and its bytes stay", async () => {
  using database = await Deno.openKv(":memory:");
  const one = startProcess(database, "one"), two = startProcess(database, "two");
  await one.add(DAY, "1");
  await one.add(DAY + 1, "2");
  await one.add(DAY + 2, "3");
  const [, second] = await Array.fromAsync(database.list({ prefix: ["ingest", "record"] }));
  await database.set(second.key, Uint8Array.of(99));
  assertEquals(await two.lines(), lines([DAY, "1"], [DAY + 2, "3"]));
  const [aside, ...more] = await Array.fromAsync(database.list({ prefix: ["set_aside"] }));
  assertEquals([aside.key.slice(2), aside.value], [second.key, Uint8Array.of(99)]);
  assertEquals(more, []);
  // A process that has seen none of this finds everything too.
  const three = startProcess(database, "three");
  await three.add(DAY + 3, "4");
  assertEquals(await one.lines(), lines([DAY, "1"], [DAY + 2, "3"], [DAY + 3, "4"]));
});

Deno.test("more writers than one read holds are all seen", async () => {
  using database = await Deno.openKv(":memory:");
  const processes = Array.from({ length: 12 }, (_, index) => startProcess(database, `p${index}`));
  for (const [index, { add }] of processes.entries()) {
    for (let more = 0; more < 6; more++) await add(DAY + 10 * index + more, "1");
  }
  for (const { lines } of [processes[0], processes[11]]) {
    assertEquals((await lines()).length, 72);
  }
});
