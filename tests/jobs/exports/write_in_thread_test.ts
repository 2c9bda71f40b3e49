import fc from "fast-check";
import { AppError } from "../../../data/app_error.ts";
import type { FileStore } from "../../../data/files/file_store.ts";
import type { ExportSpec } from "../../../data/exports/spec.ts";
import { createThreads, type Threads } from "../../../jobs/engine/threads.ts";
import { DeadWorkerError } from "../../../jobs/engine/thread.ts";
import { createWorkerThreads } from "../../../jobs/threads.ts";
import type { JobKind } from "../../../jobs/engine/job_kind.ts";
import { DamagedDataError } from "../../../kv/series/damage.ts";
import { createDamageRecord } from "../../../kv/series/damage_record.ts";
import { reportingStore } from "../../../kv/series/reporting_store.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { NEVER, runExport } from "../../support/interrupted_export.ts";
import { openKvFilesRig } from "../../support/kv_files.ts";
import { openMortalThreads } from "../../support/mortal_threads.ts";
import { NO_RECORDER, type Recorder } from "../../../data/metrics/recorder.ts";
import { exportResultOf } from "../../../jobs/exports/export_contract.ts";
import { createSeriesStore } from "../../../kv/series/store.ts";
import { createIngest } from "../../../kv/series/ingest.ts";
import { pageOf, type Row } from "../../support/pages.ts";
import { DAY, DAY_MS } from "../../support/series.ts";
import {
  ALL_READINGS,
  exportKind,
  FORMS,
  openThreadExports,
  runOnce,
  THREAD_SPAN,
} from "../../support/thread_exports.ts";
import { amount, isThorough } from "../../support/thorough.ts";

/** Those whose checkpoints differ most. */
const QUICK_FORMS = ["CSV in gzip", "a list of gaps", "a column for each meter"];

/** What the quick run writes. `read_file_test.ts` writes every form, also in the quick run. */
const QUICK_WAYS = [
  "CSV",
  "NDJSON",
  "Parquet",
  "XLSX",
  "a list of gaps",
  "quarter hours",
  "a file for each meter",
];

/** The bytes of an export, and what its record says, from a run that is not interrupted. */
async function made(kind: JobKind, files: FileStore, spec: ExportSpec) {
  const { bytes, sha256, result } = await runExport(kind, files, spec, NEVER);
  return { bytes, sha256, result };
}

Deno.test("an export has the same bytes and the same record from a worker, in every format", async (t) => {
  await using exports = await openThreadExports();
  const { rig: { files }, here, inThread } = exports;
  for (const [name, form] of FORMS) {
    if (!isThorough && !QUICK_WAYS.includes(name)) continue;
    await t.step(name, async () => {
      const spec = { ...ALL_READINGS, ...form };
      const expected = await made(here, files, spec);
      assert(expected.bytes.length > 100);
      const before = exports.writtenInThread();
      assertEquals(await made(inThread, files, spec), expected);
      assertEquals(exports.writtenInThread() - before, 1);
    });
  }
});

Deno.test("any range in any zone has the same bytes from a worker", async () => {
  await using exports = await openThreadExports();
  const { rig: { files }, here, inThread } = exports;
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
      assertEquals(await made(inThread, files, spec), await made(here, files, spec));
    }),
    { numRuns: amount({ quick: 2, thorough: 20 }) },
  );
});

Deno.test("an export in a worker that is interrupted at every checkpoint has the same bytes", async (t) => {
  await using exports = await openThreadExports();
  const { rig: { files }, here, inThread } = exports;
  for (const [name, form] of FORMS) {
    const { format = "csv", layout = "long" } = form;
    if (!["csv", "json", "ndjson"].includes(format) || layout === "per_source") continue;
    if (!isThorough && !QUICK_FORMS.includes(name)) continue;
    await t.step(name, async () => {
      const spec = { ...ALL_READINGS, ...form };
      const whole = await made(here, files, spec);
      const { runs, ...pieced } = await runExport(inThread, files, spec, {
        endsAfter: () => true,
      });
      assert(runs >= (form.compression === "gzip" || layout === "wide" ? 1 : 2), `${runs} runs`);
      assertEquals(pieced, whole);
      // Each way goes on where the other was interrupted.
      let run = 0;
      const both = {
        ...here,
        run: (context: Parameters<JobKind["run"]>[0]) =>
          (run++ % 2 === 0 ? inThread : here).run(context),
      };
      const { runs: _, ...mixed } = await runExport(both, files, spec, { endsAfter: () => true });
      assertEquals(mixed, whole);
    });
  }
});

Deno.test("a worker saves checkpoints in two years of rows for which nothing is read", async () => {
  await using exports = await openThreadExports();
  const { rig: { files }, here, inThread } = exports;
  const toMs = THREAD_SPAN.toMs + 2 * 366 * DAY_MS;
  const spec = { ...ALL_READINGS, ids: ["m1"], toMs, interval: "1m", gaps: "null" } as const;
  const whole = await made(here, files, spec);
  // All readings are read in two answers, so the fourth checkpoint is one of the rows without any.
  const { runs, ...pieced } = await runExport(inThread, files, spec, {
    endsAfter: (saved) => saved === 4,
  });
  assert(runs >= 2, `${runs} runs`);
  assertEquals(pieced.sha256, whole.sha256);
  assertEquals(pieced.result, whole.result);
});

Deno.test("a worker hands the bytes over where files are not in a folder", async () => {
  await using exports = await openThreadExports();
  using kvFiles = await openKvFilesRig();
  const { rig, threads } = exports;
  const files = kvFiles.store;
  for (const [name, form] of FORMS.slice(0, 8)) {
    if (!isThorough && !["CSV", "CSV in gzip", "Parquet"].includes(name)) continue;
    const spec = { ...ALL_READINGS, ...form };
    const expected = await made(exportKind(rig, { files }), files, spec);
    const found = await made(exportKind(rig, { files, threads }), files, spec);
    assertEquals(found.sha256, expected.sha256, name);
    assert(exports.writtenInThread() > 0);
    assertEquals(found, expected);
  }
});

Deno.test("readings that arrived late, and those not folded yet, are in the file of a worker", async () => {
  await using exports = await openThreadExports();
  const { rig: { files, kv }, here, inThread } = exports;
  const folded = await made(here, files, ALL_READINGS);
  const ingest = createIngest({ kv, writer: "w" });
  const late = [DAY + 7, DAY + 3 * DAY_MS, DAY + 11 * DAY_MS].map((timeMs): Row => [
    timeMs,
    "3.25",
    "2",
    "231",
    "1",
  ]);
  await ingest.add({ profile: "meter", id: "m1" }, pageOf(late));
  await ingest.add({ profile: "meter", id: "none" }, pageOf(late));
  await ingest.stop();
  const expected = await made(here, files, ALL_READINGS);
  assert(expected.bytes.length > folded.bytes.length);
  assertEquals(await made(inThread, files, ALL_READINGS), expected);
});

Deno.test("readings that a worker exports are counted as those that are exported here", async () => {
  await using exports = await openThreadExports();
  const { rig, threads } = exports;
  const counts: number[] = [];
  for (const parts of [{}, { threads }]) {
    let readings = 0;
    const record: Recorder = {
      ...NO_RECORDER,
      add: (name, _, count = 1) => {
        if (name === "openwatts_readings_out_total") readings += count;
      },
    };
    const series = createSeriesStore({ kv: rig.kv, now: rig.now, record });
    const { result } = await runOnce(exportKind(rig, { ...parts, series }), ALL_READINGS);
    assertEquals(readings, exportResultOf(result).recordCount);
    counts.push(readings);
  }
  assert(counts[0] > 0);
  assertEquals(counts[1], counts[0]);
});

Deno.test("a damaged block fails an export in a worker as it does here, and is reported", async () => {
  await using exports = await openThreadExports();
  const { rig, threads } = exports;
  const key = ["block", "meter", "m1", DAY + 2 * DAY_MS];
  await rig.kv.set(key, new Uint8Array([1, 2, 3]));
  const damage = createDamageRecord({ log: () => {} });
  const series = reportingStore(rig.series, damage);
  const spec = { ...ALL_READINGS, ids: ["m1"] };
  const errors: DamagedDataError[] = [];
  for (const parts of [{ series }, { series, threads }]) {
    const kind = exportKind(rig, parts);
    errors.push(await assertRejects(() => runOnce(kind, spec), DamagedDataError));
    assertEquals(damage.list().length, 1);
    damage.forget({ profile: "meter", id: "m1" });
  }
  const [here, inThread] = errors.map(({ code, message, details, place }) => ({
    code,
    message,
    details,
    place,
  }));
  assertEquals(inThread, here);
  for await (const _ of rig.files.list()) assert(false, "a file is left");
});

Deno.test("an export that is cancelled while a worker writes leaves no file", async () => {
  await using exports = await openThreadExports();
  const { rig, inThread } = exports;
  const aborter = new AbortController();
  const reason = new DOMException("cancelled", "AbortError");
  const running = runOnce(inThread, ALL_READINGS, {
    signal: aborter.signal,
    progress: ({ done }) => done > 0 && aborter.abort(reason),
  });
  assert(await assertRejects(() => running, DOMException) === reason);
  for await (const _ of rig.files.list()) assert(false, "a file is left");
});

Deno.test("a worker writes two workbooks at a time; one that waits can be cancelled", async () => {
  await using exports = await openThreadExports();
  const { rig, threads } = exports;
  const begun = Promise.withResolvers<void>(), held = Promise.withResolvers<void>();
  const asked: string[] = [];
  let open = 0, most = 0;
  const series = {
    ...rig.series,
    readPacked(...args: Parameters<typeof rig.series.readPacked>) {
      const read = rig.series.readPacked(...args);
      async function* chunks() {
        most = Math.max(most, ++open);
        if (open === 2) begun.resolve();
        await held.promise;
        yield* read.chunks;
        open--;
      }
      return { ...read, chunks: chunks() };
    },
  };
  const watched: Threads = {
    ...threads,
    run(task) {
      asked.push(task.id);
      return threads.run(task);
    },
  };
  const kind = exportKind(rig, { threads: watched, series });
  const spec: ExportSpec = { ...ALL_READINGS, ids: ["dense"], format: "xlsx" };
  const running = [1, 2, 3].map((index) => runOnce(kind, spec, { jobId: `j${index}` }));
  await begun.promise;
  const aborter = new AbortController();
  const waiting = runOnce(kind, spec, { jobId: "cancelled", signal: aborter.signal });
  await new Promise((resolve) => setTimeout(resolve, 20));
  aborter.abort(new DOMException("cancelled", "AbortError"));
  await assertRejects(() => waiting, DOMException);
  held.resolve();
  const expected = await runOnce(exports.here, spec);
  for (const { artifact } of await Promise.all(running)) {
    assertEquals(artifact?.sha256, expected.artifact?.sha256);
  }
  assertEquals(asked.toSorted(), ["j1", "j2", "j3"]);
  assertEquals(most, 2);
});

Deno.test("a job whose worker dies is tried again on this thread, and completes", async () => {
  await using exports = await openThreadExports();
  const { rig } = exports;
  using mortal = openMortalThreads();
  const { threads } = mortal;
  let reads = 0;
  const series = {
    ...rig.series,
    readPacked(...args: Parameters<typeof rig.series.readPacked>) {
      if (++reads === 2) mortal.kill();
      return rig.series.readPacked(...args);
    },
  };
  const kind = exportKind(rig, { threads, series });
  const error = await assertRejects(() => runOnce(kind, ALL_READINGS), DeadWorkerError);
  assert(error.message.includes("shot"));
  for await (const _ of rig.files.list()) assert(false, "a file is left");
  const { artifact } = await runOnce(kind, ALL_READINGS);
  const expected = await runOnce(exports.here, ALL_READINGS);
  assertEquals(artifact?.sha256, expected.artifact?.sha256);
  assertEquals(mortal.started(), 1);
  // The job after it has a worker again.
  await runOnce(exportKind(rig, { threads }), ALL_READINGS);
  assertEquals(mortal.started(), 2);
});

Deno.test("exports whose worker dies of one of them complete on this thread, in the same attempt", async () => {
  await using exports = await openThreadExports();
  const { rig } = exports;
  using mortal = openMortalThreads();
  const { threads } = mortal;
  let reads = 0;
  const series = {
    ...rig.series,
    readPacked(...args: Parameters<typeof rig.series.readPacked>) {
      // Both are at work by then: each has asked for its first source.
      if (++reads === 3) mortal.kill();
      return rig.series.readPacked(...args);
    },
  };
  const kind = exportKind(rig, { threads, series });
  const both = [1, 2].map((jobId) => runOnce(kind, ALL_READINGS, { jobId: `j${jobId}` }));
  const expected = await runOnce(exports.here, ALL_READINGS);
  for (const { artifact } of await Promise.all(both)) {
    assertEquals(artifact?.sha256, expected.artifact?.sha256);
  }
  assertEquals(mortal.started(), 1);
});

Deno.test("a series that is removed while a worker writes fails the export", async () => {
  await using exports = await openThreadExports();
  const { rig, threads } = exports;
  const series = {
    ...rig.series,
    readPacked(...args: Parameters<typeof rig.series.readPacked>) {
      const read = rig.series.readPacked(...args);
      async function* chunks() {
        yield* [];
        throw new AppError("SERIES_REMOVED", "It was removed");
      }
      return { ...read, chunks: chunks() };
    },
  };
  const kind = exportKind(rig, { threads, series });
  const error = await assertRejects(() => runOnce(kind, ALL_READINGS), AppError);
  assertEquals(error.code, "SMART_METER_NOT_FOUND");
});

Deno.test("a short export starts no worker", async () => {
  await using exports = await openThreadExports();
  let started = 0;
  using threads = createThreads({
    count: 1,
    log: () => {},
    startWorker() {
      started++;
      throw new Error("no workers here");
    },
  });
  const kind = exportKind(exports.rig, { threads });
  const short = { ...ALL_READINGS, ids: ["m1"], toMs: THREAD_SPAN.fromMs + 7 * DAY_MS };
  await runOnce(kind, short);
  assertEquals(started, 0);
  // And where none starts, this thread writes the long ones too.
  const { artifact } = await runOnce(kind, ALL_READINGS);
  assertEquals(artifact?.sha256, (await runOnce(exports.here, ALL_READINGS)).artifact?.sha256);
  assertEquals(started, 1);
});

/** The processor time of each thread of this process, in ticks; null where nobody says. */
function threadTicks(): Map<string, number> | null {
  try {
    const ids = [...Deno.readDirSync("/proc/self/task")].map(({ name }) => name);
    return new Map(ids.map((id) => {
      // Fields 14 and 15 of proc_pid_stat(5), counted after the name.
      const [, rest] = Deno.readTextFileSync(`/proc/self/task/${id}/stat`).split(") ");
      const fields = rest.split(" ");
      return [id, Number(fields[11]) + Number(fields[12])];
    }));
  } catch {
    return null;
  }
}

/** The share of the processor time of all new threads for which one must have worked: half of a third. */
const FAIR_SHARE = 1 / 6;

Deno.test("exports at once use the processor time of as many threads as there are workers", async () => {
  await using exports = await openThreadExports();
  using threads = createWorkerThreads({ count: 3, keepMs: 600_000, log: () => {} });
  const kind = exportKind(exports.rig, { threads });
  const dense = { ...ALL_READINGS, ids: Array.from({ length: 8 }, () => "dense") };
  const before = threadTicks();
  await Promise.all(Array.from({ length: 3 }, () => runOnce(kind, dense)));
  const after = threadTicks();
  if (before === null || after === null) return;
  // Shares, as the machine may be busy. One worker alone would have nearly all of it. Other test files may
  // start threads meanwhile.
  const spent = [...after].filter(([id]) => !before.has(id));
  const all = spent.reduce((sum, [, ticks]) => sum + ticks, 0);
  const busy = spent.filter(([, ticks]) => ticks >= all * FAIR_SHARE);
  assert(busy.length >= 3, JSON.stringify(spent));
});
