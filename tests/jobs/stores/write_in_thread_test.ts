import { createHash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { AppError } from "../../../data/app_error.ts";
import type { FileStore } from "../../../data/files/file_store.ts";
import { DeadWorkerError } from "../../../jobs/engine/thread.ts";
import type { Threads } from "../../../jobs/engine/threads.ts";
import type { JobContext, JobKind } from "../../../jobs/engine/job_kind.ts";
import { type StoreReportParams, storeReportResult } from "../../../jobs/stores/report_contract.ts";
import { DamagedDataError } from "../../../kv/series/damage.ts";
import { createDamageRecord } from "../../../kv/series/damage_record.ts";
import { reportingStore } from "../../../kv/series/reporting_store.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { openKvFilesRig } from "../../support/kv_files.ts";
import { openMortalThreads } from "../../support/mortal_threads.ts";
import { never } from "../../support/file_store_box.ts";
import {
  openThreadReports,
  REPORT_END_MS,
  REPORT_STORES,
  reportKind,
  runReport,
  WINDOWS,
} from "../../support/thread_reports.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";
import { isThorough } from "../../support/thorough.ts";

const HOUR_MS = 3_600_000;
/** The day on which clocks in Berlin go forward, in part. */
const RANGE = { zone: null, from: "2024-03-31", to: "2024-03-31T18:00:00Z" } as const;

/** Requests, of each kind and in each format. */
const FORMS: readonly (readonly [name: string, params: StoreReportParams])[] = [
  ["windows", WINDOWS],
  ["windows as JSON", {
    ...WINDOWS,
    maxHoldMs: 2 * HOUR_MS,
    staleAfterMs: 24 * HOUR_MS,
    format: "json",
  }],
  ["windows at a time", { ...WINDOWS, asOfMs: REPORT_END_MS - 30 * HOUR_MS, format: "xlsx" }],
  ["windows as Parquet", { ...WINDOWS, staleAfterMs: HOUR_MS, format: "parquet" }],
  ["hours of a range", { ...WINDOWS, range: RANGE, bucket: "hour" }],
  ["days of a range as XLSX", {
    ...WINDOWS,
    maxHoldMs: HOUR_MS,
    range: { ...RANGE, zone: "UTC" },
    bucket: "day",
    format: "xlsx",
  }],
  ["a range as Parquet", { ...WINDOWS, range: RANGE, format: "parquet" }],
  ["a period as JSON", {
    ...WINDOWS,
    range: { zone: null, period: "yesterday" },
    bucket: "day",
    format: "json",
  }],
  ["a period from another time", {
    ...WINDOWS,
    range: { zone: "Asia/Kathmandu", period: "last_7_days" },
    atMs: REPORT_END_MS - 24 * HOUR_MS,
  }],
  ["some stores, and some without polls", {
    ...WINDOWS,
    storeIds: [...REPORT_STORES.slice(15), "nowhere", "settings-only"],
    staleAfterMs: HOUR_MS,
  }],
  ["hours of few stores", {
    ...WINDOWS,
    range: { zone: null, period: "last_7_days" },
    bucket: "hour",
    storeIds: REPORT_STORES.slice(10, 42),
  }],
  ["the stores of a key", { ...WINDOWS, visible: ["s1*", "segments*"] }],
];

/** What the quick run makes: each kind of report, and each format, in one of the two ways. */
const QUICK_FORMS: Readonly<Record<string, readonly string[]>> = {
  "that asks for stores": [
    "windows",
    "windows as Parquet",
    "days of a range as XLSX",
    "a period from another time",
  ],
  "that reads the file": [
    "windows as JSON",
    "windows at a time",
    "hours of a range",
    "a range as Parquet",
    "some stores, and some without polls",
    "the stores of a key",
  ],
};

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** What a report makes, whose file has the bytes that it says. */
async function made(
  kind: JobKind,
  files: FileStore,
  params: StoreReportParams,
  context: Partial<JobContext> = {},
) {
  let last = { done: -1, share: -1 };
  const progress: JobContext["progress"] = (shown) => last = shown;
  const outcome = await runReport(kind, params, { progress, ...context });
  assert(outcome.artifact !== null);
  const { name, ...artifact } = outcome.artifact;
  const file = await files.read(name);
  assert(file !== null);
  const bytes = await new Response(file).bytes();
  assertEquals([artifact.sizeBytes, artifact.sha256], [bytes.length, sha256(bytes)]);
  return { artifact, result: outcome.result, done: last.done, share: last.share };
}

/** A worker asks for what is stored, or reads the file by itself. */
const DATABASES = [{ isFile: false }, { isFile: true }];

for (const database of DATABASES) {
  const where = database.isFile ? "that reads the file" : "that asks for stores";
  Deno.test(`a report has the same bytes and the same record from a worker ${where}, in every format`, async (t) => {
    await using reports = await openThreadReports(database);
    const { rig, threads, databasePath } = reports;
    // Where files are in the database, the worker hands the bytes over.
    using kvFiles = await openKvFilesRig();
    for (const [name, params] of FORMS) {
      if (!isThorough && !QUICK_FORMS[where].includes(name)) continue;
      await t.step(name, async () => {
        const expected = await made(reportKind(rig), rig.files, params);
        assert(storeReportResult.parse(expected.result).storeCount >= 30);
        assert(expected.artifact.sizeBytes > 1_000);
        const written = () => [reports.readInThread(), reports.writtenInThread()];
        const [read, asked] = written();
        const inFolder = await made(reportKind(rig, { threads, databasePath }), rig.files, params);
        assertEquals(inFolder, expected);
        assertEquals(written(), database.isFile ? [read + 1, asked] : [read, asked + 1]);
        if (params.range !== undefined) return;
        const files = kvFiles.store;
        const kind = reportKind(rig, { threads, databasePath, files });
        assertEquals(await made(kind, files, params), expected);
      });
    }
  });
}

Deno.test("a report on few stores starts no worker", async () => {
  await using reports = await openThreadReports({ isFile: true });
  const { rig, threads, databasePath } = reports;
  const kind = reportKind(rig, { threads, databasePath });
  await runReport(kind, { ...WINDOWS, storeIds: ["s001", "s002"] });
  await runReport(kind, { ...WINDOWS, storeIds: REPORT_STORES.slice(0, 400) });
  assertEquals([reports.readInThread(), reports.writtenInThread()], [0, 0]);
});

Deno.test("a damaged block fails a report in a worker as it does here, and is reported", async () => {
  await using reports = await openThreadReports({ isFile: true });
  const { rig, threads, databasePath } = reports;
  const dayMs = Date.UTC(2024, 3, 2);
  for (const startMs of [dayMs, dayMs - 24 * HOUR_MS]) {
    await rig.kv.set(["block", "site", "s222", startMs], new Uint8Array([1, 2, 3]));
  }
  const damage = createDamageRecord({ log: () => {} });
  const series = reportingStore(rig.series, damage);
  const errors = [];
  const ways = [{ series }, { series, threads }, { series, threads, databasePath }];
  for (const parts of ways) {
    const error = await assertRejects(
      () => runReport(reportKind(rig, parts), WINDOWS),
      DamagedDataError,
    );
    const { code, message, details, place } = error;
    errors.push({ code, message, details, place });
    assertEquals(damage.list(), [{ ref: { profile: "site", id: "s222" }, dayMs }]);
    damage.forget({ profile: "site", id: "s222" });
  }
  assertEquals(errors, [errors[0], errors[0], errors[0]]);
  for await (const _ of rig.files.list()) assert(false, "a file is left");
});

Deno.test("a report that is cancelled while a worker writes leaves no file", async () => {
  await using reports = await openThreadReports({ isFile: true });
  const { rig, threads, databasePath } = reports;
  for (const parts of [{ threads }, { threads, databasePath }]) {
    const aborter = new AbortController();
    const reason = new DOMException("cancelled", "AbortError");
    const running = runReport(reportKind(rig, parts), WINDOWS, {
      signal: aborter.signal,
      progress: ({ done }) => done > 0 && aborter.abort(reason),
    });
    assert(await assertRejects(() => running, DOMException) === reason);
    for await (const _ of rig.files.list()) assert(false, "a file is left");
  }
});

Deno.test("a read that fails and a file store that is full fail a report in a worker with their errors", async () => {
  await using reports = await openThreadReports();
  const { rig, threads } = reports;
  const busy = new AppError("SERIES_BUSY", "Others write");
  const series = {
    ...rig.series,
    scanPacked(...args: Parameters<typeof rig.series.scanPacked>) {
      async function* batches() {
        for await (const batch of rig.series.scanPacked(...args).batches) {
          yield batch;
          throw busy;
        }
      }
      return { batches: batches(), damaged() {} };
    },
  };
  const kind = reportKind(rig, { threads, series });
  assert(await assertRejects(() => runReport(kind, WINDOWS), AppError) === busy);
  const full = new AppError("STORAGE_FULL", "There is no room left");
  const files: Pick<FileStore, "write" | "discard"> = {
    async write(_name, body) {
      const reader = body.getReader();
      await reader.read();
      await reader.cancel(full);
      throw full;
    },
    discard: () => Promise.resolve(),
  };
  const params = { ...WINDOWS, range: RANGE, bucket: "hour" } as const;
  for (const parts of [{ files }, { files, threads }]) {
    const error = await assertRejects(() => runReport(reportKind(rig, parts), params), AppError);
    assert(error === full);
  }
  for await (const _ of rig.files.list()) assert(false, "a file is left");
});

Deno.test("a worker that cannot read the file asks for the stores, and the log says why", async () => {
  await using reports = await openThreadReports({ isFile: true });
  const { rig, threads } = reports;
  const expected = await made(reportKind(rig), rig.files, WINDOWS);
  await using folder = await makeTempFolder();
  const damaged = `${folder.path}/kv.sqlite3`;
  for (const ending of ["", "-wal"]) {
    await Deno.copyFile(reports.databasePath! + ending, damaged + ending);
  }
  breakBlocks(damaged);
  for (const databasePath of ["/nowhere/kv.sqlite3", damaged]) {
    const reasons: string[] = [];
    const outcome = await made(reportKind(rig, { threads, databasePath }), rig.files, WINDOWS, {
      log: (level, _message, { reason } = {}) => reasons.push(`${level}: ${reason}`),
    });
    assertEquals(outcome, expected);
    assertEquals(reasons.length, 1);
    assertMatch(reasons[0], /^warn: Cannot read the database file: /);
  }
  assertEquals([reports.readInThread(), reports.writtenInThread()], [0, 2]);
  let count = 0;
  for await (const _ of rig.files.list()) count++;
  assertEquals(count, 3);
});

/** Gives some blocks of a database an encoding that does not exist. */
function breakBlocks(path: string): void {
  const database = new DatabaseSync(path);
  try {
    const prefix = [2, ...new TextEncoder().encode("block"), 0];
    const some = "SELECT k FROM kv WHERE k > ? AND k < ? ORDER BY k LIMIT 50 OFFSET 2500";
    const { changes } = database.prepare(`UPDATE kv SET v_encoding = 9 WHERE k IN (${some})`)
      .run(Uint8Array.from(prefix), Uint8Array.from([...prefix, 0xff]));
    assertEquals(Number(changes), 50);
  } finally {
    database.close();
  }
}

for (const database of DATABASES) {
  const where = database.isFile ? "a file" : "memory";
  Deno.test(`a report of ${where} whose worker dies is made again on this thread`, async () => {
    await using reports = await openThreadReports(database);
    const { rig, databasePath } = reports;
    using mortal = openMortalThreads();
    const { threads } = mortal;
    const kind = reportKind(rig, { threads, databasePath });
    const running = runReport(kind, WINDOWS, {
      progress: ({ done }) => {
        if (done > 0) mortal.kill();
      },
    });
    await assertRejects(() => running, DeadWorkerError);
    for await (const _ of rig.files.list()) assert(false, "a file is left");
    const expected = await made(reportKind(rig), rig.files, WINDOWS);
    assertEquals(await made(kind, rig.files, WINDOWS), expected);
    assertEquals(mortal.started(), 1);
    assertEquals(await made(kind, rig.files, WINDOWS), expected);
    assertEquals(mortal.started(), 2);
  });
}

Deno.test("a report whose worker dies with another task too is made on this thread at once, whole", async () => {
  await using reports = await openThreadReports();
  const { rig } = reports;
  using kvFiles = await openKvFilesRig();
  const expected = await made(reportKind(rig), rig.files, WINDOWS);
  for (const files of [rig.files, kvFiles.store]) {
    using mortal = openMortalThreads();
    const { threads } = mortal;
    // An upload whose client sends nothing.
    const input = { isGzip: false, opening: [], maxBytes: 1 };
    const upload = { kind: "import", id: "u", input, signal: never };
    const other = threads.run({ ...upload, answer: () => new Promise(() => {}) });
    const otherFails = assertRejects(() => other, DeadWorkerError);
    let asked = 0;
    const dying: Threads = {
      ...threads,
      run: (task) =>
        threads.run({
          ...task,
          async answer(name, value) {
            // By then the worker has some of the stores.
            if (name === "stores" && ++asked === 3) {
              mortal.kill();
            }
            return await task.answer(name, value);
          },
        }),
    };
    assertEquals(await made(reportKind(rig, { threads: dying, files }), files, WINDOWS), expected);
    await otherFails;
    assertEquals([asked, mortal.started()], [3, 1]);
  }
  let count = 0;
  for await (const _ of rig.files.list()) count++;
  assertEquals(count, 2);
});
