import { encodeLastSeen } from "../../../data/devices/last_seen_record.ts";
import { listLastSeen, stageLastSeen } from "../../../kv/devices/last_seen.ts";
import type { LoggedKv } from "../../../kv/ingest_log/logged_kv.ts";
import { createIngest, type Ingest } from "../../../kv/series/ingest.ts";
import { listChanges } from "../../../kv/series/changes.ts";
import type { SeriesRef } from "../../../kv/series/ref.ts";
import { createSeriesStore, type SeriesStore } from "../../../kv/series/store.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import {
  assertWhole,
  DAY,
  entriesOf,
  METER,
  meterPage,
  readLines,
  tickingClock,
} from "../../support/series.ts";
import { insist, openTestLogs, withoutGroups } from "../../support/series_rig.ts";
import { CommitFault, createRandom, strictKv, type StrictPlan } from "../../support/strict_kv.ts";
import { amount } from "../../support/thorough.ts";

const SERIES: readonly SeriesRef[] = ["a", "b", "c"].map((id) => ({ ...METER, id }));
const TIMES = [DAY, DAY + 5, DAY + 7, DAY + 86_400_000];
/** Share of the commits that fail. */
const FAULTS = 0.06;

/** One of the processes that share the database. */
interface Process {
  readonly logs: LoggedKv;
  readonly store: SeriesStore;
  readonly ingest: Ingest;
  readonly name: string;
  /** From now on, none of its commits happens. */
  kill(): void;
}

/** The readings of a series: the text of a value by time. */
type Model = ReadonlyMap<number, string>;

/** A scene with three processes and a model of each series. */
async function openScene(seed: number) {
  const database = await Deno.openKv(":memory:");
  const random = createRandom(seed);
  const now = tickingClock();
  let elapsedMs = 0, value = 0, opened = 0;
  let isCalm = false;

  function open(): Process {
    const plan: StrictPlan = {
      fate: () => isCalm || random() >= FAULTS ? "happens" : random() < 0.5 ? "lost" : "unanswered",
    };
    const settledKv = strictKv(database, plan);
    const logs = openTestLogs(settledKv, () => elapsedMs);
    const name = `p${++opened}`;
    return {
      logs,
      name,
      store: createSeriesStore({ kv: logs.kv, settledKv, now }),
      // One of three writes records as releases up to 0.12 did.
      ingest: createIngest({
        kv: opened % 3 === 0 ? withoutGroups(logs.ingestKv) : logs.ingestKv,
        writer: name,
      }),
      kill: () => plan.fate = () => "lost",
    };
  }

  const processes = [open(), open(), open()];
  const models = SERIES.map((): Model => new Map());
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)];

  return {
    database,
    random,
    processes,
    models,
    pick,
    open,
    newRows: () =>
      Array.from(
        { length: 1 + Math.floor(random() * 3) },
        () => [pick(TIMES), String(++value)] as [number, string],
      ),
    pass: (ms: number) => elapsedMs += ms,
    now: () => elapsedMs,
    calm: () => isCalm = true,
  };
}

type Scene = Awaited<ReturnType<typeof openScene>>;

function linesOf(model: Model): string[] {
  return [...model].toSorted(([a], [b]) => a - b).map(([timeMs, text]) =>
    `${timeMs} ${text},${text},${text},${text}`
  );
}

function withRows(model: Model, rows: readonly [number, string][]): Model {
  return new Map([...model, ...rows]);
}

/** What a process reads; a flush that fails is tried again. */
async function linesBy({ store }: Process, ref: SeriesRef): Promise<string[]> {
  return (await insist(() => readLines(store, ref))).result;
}

/** Ingests, and says that the device was seen: as a receipt where a commit takes it, or by itself. */
async function addReceived(
  { ingest, name: writer }: Process,
  ref: SeriesRef,
  { rows, atMs, isReceipt }: { rows: [number, string][]; atMs: number; isReceipt: boolean },
): Promise<void> {
  const page = meterPage(...rows);
  const lastSeen = { lastReceivedMs: atMs, window: { timesMs: [atMs], counts: [1] } };
  if (!isReceipt || !ingest.takesReceipts) {
    return await ingest.add(
      ref,
      page,
      (op) => stageLastSeen(op, ref.id, { writer, ...lastSeen }),
    );
  }
  const receipt = { receivedMs: atMs, requests: 1, windowMs: 60_000 };
  const live = { ...ref, page, receipt, lastSeen: () => encodeLastSeen(lastSeen) };
  const [error] = await ingest.addMany([live]);
  if (error !== null) throw error;
}

/** Ingests, and finds out from another process whether it happened if that is not acknowledged. */
async function ingestRows(scene: Scene, process: Process, series: number): Promise<void> {
  const rows = scene.newRows(), ref = SERIES[series];
  const atMs = scene.now() + 1;
  const after = withRows(scene.models[series], rows);
  try {
    await addReceived(process, ref, { rows, atMs, isReceipt: scene.random() < 0.7 });
  } catch (error) {
    assert(error instanceof CommitFault, String(error));
    const lines = await linesBy(scene.pick(scene.processes.filter((one) => one !== process)), ref);
    if (lines.join() === linesOf(scene.models[series]).join()) return;
    assertEquals(lines, linesOf(after), "what is not acknowledged happened whole or not at all");
  }
  scene.models[series] = after;
}

/** Ingests, and checks that the others hear of it: in the feed, by a revision, and of the device. */
async function ingestHeard(scene: Scene, process: Process, series: number): Promise<void> {
  const ref = SERIES[series], other = scene.pick(scene.processes);
  const { kv } = other.logs;
  const before = (await insist(() => other.store.revision(ref))).result;
  const feed = async () =>
    (await insist(() => Array.fromAsync(listChanges(kv, ref.profile, { id: ref.id })))).result;
  const version = (await feed()).map(({ versionstamp }) => versionstamp).sort().at(-1) ?? "";
  const known = scene.models[series];
  await ingestRows(scene, process, series);
  if (scene.models[series] === known) return;
  assert((await insist(() => other.store.revision(ref))).result > before, "the revision grows");
  assert(
    (await feed()).some(({ versionstamp }) => versionstamp > version),
    "the feed has the days",
  );
  const seen = (await insist(() => listLastSeen(kv, ref.id))).result;
  assert(seen.some(({ writer }) => writer === process.name), "the device was seen");
}

async function step(scene: Scene): Promise<void> {
  const { random, pick, processes, models } = scene;
  const process = pick(processes), series = Math.floor(random() * SERIES.length);
  const ref = SERIES[series];
  const dice = random();
  scene.pass(Math.floor(random() * random() * 3_000));
  if (dice < 0.3) await ingestRows(scene, process, series);
  else if (dice < 0.4) await ingestHeard(scene, process, series);
  else if (dice < 0.6) {
    // Each series is written by one process, while others flush and fold.
    const work = processes.map((one, index) => ingestRows(scene, one, index));
    const flushed = insist(() => pick(processes).logs.log.flush(scene.now()));
    await Promise.all([
      ...work,
      flushed,
      insist(() => pick(processes).store.fold(pick(SERIES), { isSettled: random() < 0.5 })),
    ]);
  } else if (dice < 0.75) assertEquals(await linesBy(process, ref), linesOf(models[series]));
  else if (dice < 0.8) {
    await insist(() => process.logs.log.flush(scene.now(), undefined, 200));
  } else if (dice < 0.85) {
    await insist(() => process.store.fold(ref, { isSettled: random() < 0.7 }));
  } else if (dice < 0.89) {
    await insist(() => process.store.remove(ref));
    models[series] = new Map();
  } else if (dice < 0.93) {
    const rows = scene.newRows();
    await insist(() => process.store.write(ref, meterPage(...rows)));
    models[series] = withRows(models[series], rows);
  } else if (dice < 0.96) {
    const span = { fromMs: DAY + 1, toMs: DAY + 10, signal: new AbortController().signal };
    await insist(() => process.store.removeSpan(ref, span, span));
    models[series] = new Map(
      [...models[series]].filter(([timeMs]) => timeMs < span.fromMs || timeMs >= span.toMs),
    );
  } else if (dice < 0.98) {
    process.kill();
    processes[processes.indexOf(process)] = scene.open();
  } else {
    // So long that logs of processes that were killed, or write nothing, are closed.
    await insist(() => process.logs.log.flush(scene.now()));
    scene.pass(601_000);
    await insist(() => process.logs.log.flush(scene.now()));
  }
}

Deno.test("several processes lose, double and bring back nothing, whatever fails and whoever dies", async () => {
  const scenes = amount({ quick: 4, thorough: 25 });
  for (let seed = 1; seed <= scenes; seed++) {
    const scene = await openScene(seed);
    using database = scene.database;
    try {
      for (let number = 0; number < 60; number++) await step(scene);
      scene.calm();
      for (const process of scene.processes) {
        for (const [series, ref] of SERIES.entries()) {
          assertEquals(await linesBy(process, ref), linesOf(scene.models[series]));
        }
      }
    } catch (error) {
      throw new Error(`In scene ${seed}: ${error}`, { cause: error });
    }
    const [process] = scene.processes;
    for (const ref of SERIES) {
      await process.store.fold(ref);
      await assertWhole(database, ref);
      assertEquals(await entriesOf(database, "segment", ref), []);
    }
    scene.pass(2_001);
    await process.logs.log.flush(scene.now());
    const left = await Array.fromAsync(database.list({ prefix: ["ingest", "record"] }));
    assertEquals(left, [], "records are deleted a moment after they were carried out");
  }
});
