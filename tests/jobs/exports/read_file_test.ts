import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { AppError } from "../../../data/app_error.ts";
import { NO_RECORDER, type Recorder } from "../../../data/metrics/recorder.ts";
import type { JobKind } from "../../../jobs/engine/job_kind.ts";
import { DeadWorkerError } from "../../../jobs/engine/thread.ts";
import { exportResultOf } from "../../../jobs/exports/export_contract.ts";
import { DamagedDataError } from "../../../kv/series/damage.ts";
import { createDamageRecord } from "../../../kv/series/damage_record.ts";
import { createIngest } from "../../../kv/series/ingest.ts";
import { reportingStore } from "../../../kv/series/reporting_store.ts";
import { createSeriesStore, type SeriesStore } from "../../../kv/series/store.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { runExport } from "../../support/interrupted_export.ts";
import { openMortalThreads } from "../../support/mortal_threads.ts";
import { pageOf, type Row } from "../../support/pages.ts";
import { DAY, DAY_MS, gridPage } from "../../support/series.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";
import { amount, isThorough } from "../../support/thorough.ts";
import {
  ALL_READINGS,
  exportKind,
  FORMS,
  openThreadExports,
  runOnce,
  type ThreadExports,
} from "../../support/thread_exports.ts";
import type { WorkerRig } from "../../support/worker_rig.ts";

const M1 = { profile: "meter", id: "m1" } as const;
/** Readings that arrive one by one: at new times, and at one that has a reading in a block. */
const LATE = [DAY + 7, DAY + 600_000, DAY + 3 * DAY_MS, DAY + 11 * DAY_MS].map(lateRow);
/** A span with more blocks than are read at once. */
const LONG = { fromMs: DAY, toMs: DAY + 100 * DAY_MS };

function lateRow(timeMs: number): Row {
  return [timeMs, "3.25", "2", "231", "1"];
}

/** Adds readings that wait in the journal. */
async function addLate({ kv }: WorkerRig, ids: readonly string[], rows = LATE): Promise<void> {
  const ingest = createIngest({ kv, writer: crypto.randomUUID() });
  for (const id of ids) await ingest.add({ profile: "meter", id }, pageOf(rows));
  await ingest.stop();
}

/** A series that is read in several chunks, a few readings each day. */
async function addLong({ series }: WorkerRig, id: string): Promise<void> {
  const page = gridPage({ ...LONG, stepMs: 6 * 3_600_000, count: 400 });
  await series.write({ profile: "meter", id }, page);
}

/** The same store, which counts the chunks that it is asked for, and whose overlays wait for something. */
function watchedStore(
  store: SeriesStore,
  { beforeOverlay = async () => {}, beforeChunks = async () => {} } = {},
) {
  let chunks = 0, overlays = 0;
  const series: SeriesStore = {
    ...store,
    readPacked(...args) {
      const read = store.readPacked(...args);
      async function* counted() {
        await beforeChunks();
        for await (const chunk of read.chunks) {
          chunks++;
          yield chunk;
        }
      }
      return {
        ...read,
        chunks: counted(),
        async overlay(head) {
          overlays++;
          await beforeOverlay();
          return await read.overlay(head);
        },
      };
    },
  };
  return { series, counts: () => ({ chunks, overlays }) };
}

async function made(kind: JobKind, { rig: { files } }: ThreadExports, spec = ALL_READINGS) {
  const { artifact, result } = await runOnce(kind, spec);
  assert(artifact !== null);
  const bytes = await new Response(await files.read(artifact.name)).bytes();
  return { bytes, sha256: artifact.sha256, result };
}

Deno.test("an export that a worker reads in the file of the database has the same bytes, in every format", async (t) => {
  await using exports = await openThreadExports({ isFile: true });
  const { rig, here, threads, databasePath } = exports;
  await addLate(rig, ["m1", "none"]);
  for (const [name, form] of FORMS) {
    await t.step(name, async () => {
      const spec = { ...ALL_READINGS, ...form };
      const { series, counts } = watchedStore(rig.series);
      const inFile = exportKind(rig, { threads, databasePath, series });
      assertEquals(await made(inFile, exports, spec), await made(here, exports, spec));
      const { chunks, overlays } = counts();
      assertEquals(chunks, 0);
      // Only the two that have segments are asked for, each time they are read.
      assert(overlays >= 2 && overlays % 2 === 0, `${overlays} overlays`);
    });
  }
});

Deno.test("any range in any zone has the same bytes from the file of the database", async () => {
  await using exports = await openThreadExports({ isFile: true });
  const { rig, here, inThread } = exports;
  await addLate(rig, ["ü,2", "dense"]);
  const forms = fc.record({
    from: fc.nat(4 * DAY_MS),
    length: fc.integer({ min: 2 * DAY_MS, max: 9 * DAY_MS }),
    zone: fc.constantFrom("UTC", "Europe/Berlin", "Australia/Lord_Howe", "-03:30"),
    form: fc.constantFrom(...FORMS),
  });
  await fc.assert(
    fc.asyncProperty(forms, async ({ from, length, zone, form: [, form] }) => {
      const fromMs = DAY + from - from % 1_000, toMs = fromMs + length - length % 1_000;
      const spec = { ...ALL_READINGS, fromMs, toMs, zone, ...form };
      assertEquals(await made(inThread, exports, spec), await made(here, exports, spec));
    }),
    { numRuns: amount({ quick: 2, thorough: 60 }) },
  );
});

Deno.test("an export of the file that is interrupted after checkpoints has the same bytes", async () => {
  await using exports = await openThreadExports({ isFile: true });
  const { rig: { files, ...rig }, here, inThread } = exports;
  await addLong({ ...rig, files }, "long");
  // gzip can only be cut after much text.
  const gzip = { ids: ["long", "dense"], compression: "gzip" } as const;
  for (const form of isThorough ? [{}, gzip] : [{}]) {
    const spec = { ...ALL_READINGS, ...LONG, ids: ["long", "m1"], ...form };
    const whole = await made(here, exports, spec);
    // A chunk brings one checkpoint. A run that ends after its first one has made a single page. How many
    // chunks a run has depends on how fast it is.
    const endsAfter = (saved: number, run: number) => isThorough || run === 1 || saved === 2;
    const { runs, ...pieced } = await runExport(inThread, files, spec, { endsAfter });
    assert(runs >= 2, `${runs} runs`);
    assertEquals(pieced, whole);
    let run = 0;
    const both = {
      ...here,
      run: (context: Parameters<JobKind["run"]>[0]) =>
        (run++ % 2 === 0 ? inThread : here).run(context),
    };
    const { runs: _, ...mixed } = await runExport(both, files, spec, { endsAfter });
    assertEquals(mixed, whole);
  }
});

Deno.test("what is folded or written while a worker reads is in its file, once", async () => {
  await using exports = await openThreadExports({ isFile: true });
  const { rig, here, threads, databasePath } = exports;
  const spec = { ...ALL_READINGS, ids: ["m1"] };
  await addLate(rig, ["m1"]);
  const expected = await made(here, exports, spec);
  let folds = 0;
  // The head is read by then, and the blocks are not.
  const { series } = watchedStore(rig.series, {
    async beforeOverlay() {
      if (folds++ === 0) assert(await rig.series.fold(M1) > 0);
    },
  });
  const kind = exportKind(rig, { threads, databasePath, series });
  assertEquals((await made(kind, exports, spec)).bytes, expected.bytes);
  // The head had changed, so both were read again.
  assertEquals(folds, 2);
});

Deno.test("a series that is removed while a worker reads the file fails the export", async () => {
  await using exports = await openThreadExports({ isFile: true });
  const { rig, threads, databasePath } = exports;
  await addLate(rig, ["m1"]);
  const { series } = watchedStore(rig.series, {
    async beforeOverlay() {
      await rig.series.remove(M1);
      // Its next life must not be mistaken for the one before.
      await rig.series.write(M1, pageOf(LATE));
    },
  });
  const kind = exportKind(rig, { threads, databasePath, series });
  const spec = { ...ALL_READINGS, ids: ["m1"] };
  const error = await assertRejects(() => runOnce(kind, spec), AppError);
  assertEquals(error.code, "SMART_METER_NOT_FOUND");
  for await (const _ of rig.files.list()) assert(false, "a file is left");
});

/** A copy of the database without some blocks that a worker could read. */
async function copyBroken(exports: ThreadExports, folder: string, offset: number): Promise<string> {
  const path = `${folder}/kv.sqlite3`;
  for (const ending of ["", "-wal"]) {
    await Deno.copyFile(exports.databasePath! + ending, path + ending);
  }
  const database = new DatabaseSync(path);
  try {
    const encode = (text: string) => [2, ...new TextEncoder().encode(text), 0];
    const prefix = [...encode("block"), ...encode("meter"), ...encode("long")];
    const some = "SELECT k FROM kv WHERE k > ? AND k < ? ORDER BY k LIMIT 1 OFFSET ?";
    const { changes } = database.prepare(`UPDATE kv SET v_encoding = 9 WHERE k IN (${some})`)
      .run(Uint8Array.from(prefix), Uint8Array.from([...prefix, 0xff]), offset);
    assertEquals(Number(changes), 1);
  } finally {
    database.close();
  }
  return path;
}

Deno.test("where a worker cannot read the file, or not all of it, it asks for what is left, and the log says why", async () => {
  await using exports = await openThreadExports({ isFile: true });
  const { rig, here, threads } = exports;
  await addLong(rig, "long");
  await addLate(rig, ["long", "m1"]);
  const spec = { ...ALL_READINGS, ...LONG, ids: ["m1", "long", "ü,2"] };
  const expected = await made(here, exports, spec);
  await using folder = await makeTempFolder();
  // Chunks have 32 blocks, then 64. A read that goes on begins with 32 again, and the next one asks, too.
  const damaged = await copyBroken(exports, folder.path, 80);
  for (const [databasePath, chunkCount] of [["/nowhere/kv.sqlite3", 5], [damaged, 3]] as const) {
    const reasons: string[] = [];
    const { series, counts } = watchedStore(rig.series);
    const kind = exportKind(rig, { threads, databasePath, series });
    const { artifact } = await runOnce(kind, spec, {
      log: (level, event, { reason } = {}) => reasons.push(`${level} ${event}: ${reason}`),
    });
    assertEquals(artifact?.sha256, expected.sha256);
    assertEquals(counts().chunks, chunkCount);
    assertEquals(reasons.length, 1);
    assertMatch(
      reasons[0],
      /^warn database file not read by a worker: Cannot read the database file: /,
    );
  }
});

Deno.test("a read that goes on without the file fails if the series has been removed meanwhile", async () => {
  await using exports = await openThreadExports({ isFile: true });
  const { rig, threads } = exports;
  await addLong(rig, "long");
  await using folder = await makeTempFolder();
  const databasePath = await copyBroken(exports, folder.path, 80);
  const ref = { profile: "meter", id: "long" };
  const { series } = watchedStore(rig.series, {
    async beforeChunks() {
      await rig.series.remove(ref);
      await addLong(rig, "long");
    },
  });
  const kind = exportKind(rig, { threads, databasePath, series });
  const spec = { ...ALL_READINGS, ...LONG, ids: ["long"] };
  const error = await assertRejects(() => runOnce(kind, spec), AppError);
  assertEquals(error.code, "SMART_METER_NOT_FOUND");
});

Deno.test("a damaged block or segment fails an export of the file as it does here, and is reported", async () => {
  await using exports = await openThreadExports({ isFile: true });
  const { rig, threads, databasePath } = exports;
  await rig.kv.set(["block", "meter", "ü,2", DAY + 2 * DAY_MS], new Uint8Array([1, 2, 3]));
  await rig.kv.atomic()
    .set(["segment", "meter", "m1", "w", 1], new Uint8Array([1, 2, 3]))
    .sum(["unfolded", "meter", "m1"], 1n).commit();
  const damage = createDamageRecord({ log: () => {} });
  const series = reportingStore(rig.series, damage);
  for (const id of ["ü,2", "m1"]) {
    const spec = { ...ALL_READINGS, ids: [id] };
    const errors: DamagedDataError[] = [];
    for (const parts of [{ series }, { series, threads, databasePath }]) {
      const kind = exportKind(rig, parts);
      errors.push(await assertRejects(() => runOnce(kind, spec), DamagedDataError));
      assertEquals(damage.list().length, 1);
      damage.forget({ profile: "meter", id });
    }
    const [here, inFile] = errors.map(({ code, message, details, place }) => ({
      code,
      message,
      details,
      place,
    }));
    assertEquals(inFile, here);
  }
  for await (const _ of rig.files.list()) assert(false, "a file is left");
});

Deno.test("readings that a worker reads in the file are counted", async () => {
  await using exports = await openThreadExports({ isFile: true });
  const { rig, threads, databasePath } = exports;
  let readings = 0;
  const record: Recorder = {
    ...NO_RECORDER,
    add: (name, _, count = 1) => {
      if (name === "openwatts_readings_out_total") readings += count;
    },
  };
  const series = createSeriesStore({ kv: rig.kv, now: rig.now, record });
  const kind = exportKind(rig, { threads, databasePath, series });
  const { result } = await runOnce(kind, ALL_READINGS);
  assertEquals(readings, exportResultOf(result).recordCount);
});

Deno.test("an export of the file that is cancelled, or whose worker dies, leaves no file and can be made again", async () => {
  await using exports = await openThreadExports({ isFile: true });
  const { rig, inThread, databasePath } = exports;
  const aborter = new AbortController();
  const reason = new DOMException("cancelled", "AbortError");
  const cancelled = runOnce(inThread, ALL_READINGS, {
    signal: aborter.signal,
    progress: ({ done }) => done > 0 && aborter.abort(reason),
  });
  assert(await assertRejects(() => cancelled, DOMException) === reason);
  using mortal = openMortalThreads();
  const mortalKind = exportKind(rig, { threads: mortal.threads, databasePath });
  const dying = runOnce(mortalKind, ALL_READINGS, {
    progress: ({ done }) => {
      if (done > 0) mortal.kill();
    },
  });
  await assertRejects(() => dying, DeadWorkerError);
  for await (const _ of rig.files.list()) assert(false, "a file is left");
  const expected = await runOnce(exports.here, ALL_READINGS);
  for (const kind of [inThread, mortalKind]) {
    const { artifact } = await runOnce(kind, ALL_READINGS);
    assertEquals(artifact?.sha256, expected.artifact?.sha256);
  }
});
