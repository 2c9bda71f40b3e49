/**
 * Reports on many stores, written on this thread and in workers.
 *
 * @module
 */

import { NO_CHECKPOINTS } from "../../jobs/engine/checkpoints.ts";
import type { JobContext, JobKind, JobOutcome } from "../../jobs/engine/job_kind.ts";
import type { Threads } from "../../jobs/engine/threads.ts";
import type { Json } from "../../jobs/engine/transitions.ts";
import { storeReport, type StoreReportDeps } from "../../jobs/stores/report.ts";
import type { StoreReportParams } from "../../jobs/stores/report_contract.ts";
import type { ThreadReport, UnreadableDatabase } from "../../jobs/stores/thread_contract.ts";
import type { WrittenReport } from "../../jobs/stores/write_report.ts";
import { createWorkerThreads } from "../../jobs/threads.ts";
import { openKv } from "../../kv/opened_kv.ts";
import { createIngest } from "../../kv/series/ingest.ts";
import { stageRejectedHours } from "../../kv/stores/rejected_hours.ts";
import { stageStoreHours, stageStoreZone } from "../../kv/stores/stores.ts";
import { never } from "./file_store_box.ts";
import { pageOf, type Row } from "./pages.ts";
import { makeTempFolder } from "./temp_folder.ts";
import { createWorkerRig, type WorkerRig } from "./worker_rig.ts";

const HOUR_MS = 3_600_000, DAY_MS = 24 * HOUR_MS;
/** 2024-04-03T09:30Z. Clocks in Berlin went forward three days before. */
export const REPORT_END_MS: number = Date.UTC(2024, 3, 3, 9, 30);
/** Enough stores for a worker. */
export const REPORT_STORES: readonly string[] = Array.from(
  { length: 520 },
  (_, index) => `s${String(index).padStart(3, "0")}`,
);
/** The last windows, or a range if one is given. */
export const WINDOWS: StoreReportParams = { asOfMs: null, maxHoldMs: null };

/** Kinds over one database and folder. Disposing of it stops the workers too. */
export interface ThreadReports extends AsyncDisposable {
  /** The database and the files. */
  readonly rig: WorkerRig;
  /** The path of the database; null if it is in memory. */
  readonly databasePath: string | null;
  /** The workers. */
  readonly threads: Threads;
  /** How many files workers have written that read the file of the database. */
  readInThread(): number;
  /** How many files workers have written that asked for stores. */
  writtenInThread(): number;
}

/** The kind of reports, with other parts if they are given. */
export function reportKind(rig: WorkerRig, parts: Partial<StoreReportDeps> = {}): JobKind {
  return storeReport({ ...rig, ...parts });
}

/** Opens a database with polls of stores, in memory or as a file. */
export async function openThreadReports(
  { isFile = false }: { isFile?: boolean } = {},
): Promise<ThreadReports> {
  await using stack = new AsyncDisposableStack();
  const folder = isFile ? stack.use(await makeTempFolder()) : null;
  const databasePath = folder === null ? null : `${folder.path}/kv.sqlite3`;
  // A file has a journal, as in the service.
  const opened = databasePath === null ? null : stack.use(await openKv(databasePath));
  const kv = opened && Object.assign({}, opened.kv, { close() {} });
  const rig = stack.use(await createWorkerRig(kv ?? await Deno.openKv(":memory:")));
  await rig.series.writeMany("site", REPORT_STORES, (index) => pageOf(pollsOf(index)));
  await addRecent(rig);
  await addSettings(rig);
  const workers = createWorkerThreads({ count: 1, keepMs: 600_000, log: () => {} });
  let written = 0, read = 0;
  const threads: Threads = {
    ...workers,
    async run(task) {
      const ended = await workers.run(task);
      // What reports send and answer.
      const { source } = task.input as ThreadReport;
      const outcome = ended?.value as WrittenReport | UnreadableDatabase | undefined;
      if (outcome !== undefined && "file" in outcome) {
        if ("path" in source) read++;
        else written++;
      }
      return ended;
    },
  };
  stack.use(threads);
  const owned = stack.move();
  return {
    rig,
    databasePath,
    threads,
    readInThread: () => read,
    writtenInThread: () => written,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Nine days of polls, about one in six hours; none of the last days for some stores. */
function pollsOf(index: number): Row[] {
  const lastHour = index % 17 === 3 ? -100 : index % 17 === 4 ? -30 : 0;
  const rows: Row[] = [];
  for (let hour = -216; hour <= lastHour; hour += 5 + (index + hour & 3)) {
    rows.push([REPORT_END_MS + hour * HOUR_MS - index * 1_000, (hour + index) % 5 < 3 ? "1" : "0"]);
  }
  return rows;
}

/** Polls that are not folded yet, of stores with blocks and of one without. */
async function addRecent({ kv }: WorkerRig): Promise<void> {
  const ingest = createIngest({ kv, writer: "w" });
  for (const id of ["s007", "s300", "segments-only"]) {
    await ingest.add(
      { profile: "site", id },
      pageOf([[REPORT_END_MS - 2 * DAY_MS, "0"], [REPORT_END_MS - HOUR_MS, "1"]]),
    );
  }
  await ingest.stop();
}

/** Hours of all kinds, zones and rejected hours, also of stores without polls. */
async function addSettings({ kv }: WorkerRig): Promise<void> {
  const zones = ["Europe/Berlin", "Asia/Kathmandu", "America/Chicago", null];
  const ids = [...REPORT_STORES, "settings-only"];
  for (let at = 0; at < ids.length; at += 100) {
    const op = kv.atomic();
    for (const [offset, id] of ids.slice(at, at + 100).entries()) {
      const index = at + offset;
      const zone = zones[index % zones.length];
      if (zone !== null) stageStoreZone(op, id, zone);
      const day = { startMs: 9 * HOUR_MS, endMs: (index % 3 === 0 ? 2 : 18) * HOUR_MS };
      const hours = Array.from({ length: 7 }, (_, weekday) => ({ day: weekday, ...day }));
      if (index % 5 > 0) stageStoreHours(op, id, index % 5 === 1 ? [] : hours);
      const rejected = { atMs: 0, rows: 1, field: "end_time_local", value: "5 pm", rule: "" };
      if (index % 50 === 0) stageRejectedHours(op, id, rejected);
    }
    await op.commit();
  }
}

/** Runs a report once, and returns what it made. */
export async function runReport(
  kind: JobKind,
  params: StoreReportParams,
  context: Partial<JobContext> = {},
): Promise<JobOutcome> {
  return await kind.run({
    jobId: "j",
    params: { ...params } as Json,
    createdMs: REPORT_END_MS,
    artifactName: `${crypto.randomUUID()}.1`,
    signal: never,
    progress: () => {},
    checkpoints: NO_CHECKPOINTS,
    waitIdle: (wait) => wait(),
    log: () => {},
    ...context,
  });
}
