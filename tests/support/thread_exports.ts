/**
 * Export kinds that write on this thread and in workers, over the same meters.
 *
 * @module
 */

import { CSV_DIALECTS } from "../../data/encoders/csv_dialect.ts";
import type { FileStore } from "../../data/files/file_store.ts";
import { exportParamsOf, exportSpecOf } from "../../jobs/exports/export_contract.ts";
import { exportKinds } from "../../jobs/exports/export_job.ts";
import type { ExportSpec } from "../../data/exports/spec.ts";
import type { JobContext, JobKind, JobOutcome } from "../../jobs/engine/job_kind.ts";
import { NO_CHECKPOINTS } from "../../jobs/engine/checkpoints.ts";
import { createThreads, PATIENCE, type Threads } from "../../jobs/engine/threads.ts";
import { startThreadWorker } from "../../jobs/threads.ts";
import { openKv } from "../../kv/opened_kv.ts";
import { never } from "./file_store_box.ts";
import { pageOf, type Row } from "./pages.ts";
import { builtInProfiles } from "./profiles.ts";
import { DAY, DAY_MS, gridPage } from "./series.ts";
import { makeTempFolder } from "./temp_folder.ts";
import { createWorkerRig, type WorkerRig } from "./worker_rig.ts";

/** The meters: with gaps, with a reading each 15 seconds, and one without readings. */
export const THREAD_METERS = ["m1", "ü,2", "none", "dense"];
/** The span of their readings. */
export const THREAD_SPAN = { fromMs: DAY, toMs: DAY + 12 * DAY_MS };

/** All readings of the meters as CSV. */
export const ALL_READINGS: ExportSpec = {
  ...exportSpecOf({ meterId: "m1", ...THREAD_SPAN, format: "csv" }),
  ids: THREAD_METERS,
  zone: "Europe/Berlin",
};

/** Requests, one of each way to make a file. */
export const FORMS: readonly (readonly [name: string, form: Partial<ExportSpec>])[] = [
  ["CSV", {}],
  ["CSV for Excel", { csv: CSV_DIALECTS["excel-de"], hasUtc: true }],
  ["CSV in gzip", { compression: "gzip" }],
  ["NDJSON", { format: "ndjson" }],
  ["JSON", { format: "json" }],
  ["XML", { format: "xml" }],
  ["Parquet", { format: "parquet" }],
  ["XLSX", { format: "xlsx" }],
  ["rows for gaps", { gaps: "null" }],
  ["a list of gaps", { gaps: "report" }],
  ["quarter hours", {
    interval: "15m",
    gaps: "null",
    aggregates: { energy_kwh: ["sum", "mean", "min", "max", "first", "last", "count"] },
  }],
  ["local days", { interval: "1d" }],
  ["a column for each meter", { layout: "wide", columns: ["power_kw"] }],
  ["a file for each meter", { layout: "per_source" }],
];

/** Kinds over one database and folder. Disposing of it stops the workers too. */
export interface ThreadExports extends AsyncDisposable {
  /** The database and the files. */
  readonly rig: WorkerRig;
  /** The workers. */
  readonly threads: Threads;
  /** The kind that writes here. */
  readonly here: JobKind;
  /** The kind that writes in a worker, which reads the database if it is a file. */
  readonly inThread: JobKind;
  /** The path of the database; null if it is in memory. */
  readonly databasePath: string | null;
  /** How many files workers have written to their end. */
  writtenInThread(): number;
}

/** Parts of a kind that differ from those of the rig. */
export interface ExportParts {
  threads?: Threads;
  files?: FileStore;
  series?: WorkerRig["series"];
  databasePath?: string | null;
}

/** The kind of exports, over other files or with other parts if they are given. */
export function exportKind(rig: WorkerRig, parts: ExportParts = {}): JobKind {
  const deps = { ...rig, ...parts, profiles: builtInProfiles(), version: "1" };
  const kind = exportKinds(deps).find(({ name }) => name === "export");
  if (kind === undefined) throw new Error("there is no kind for exports");
  return kind;
}

/** Opens the kinds, over a database in memory or over a file with a journal. */
export async function openThreadExports(
  { isFile = false }: { isFile?: boolean } = {},
): Promise<ThreadExports> {
  await using stack = new AsyncDisposableStack();
  const folder = isFile ? stack.use(await makeTempFolder()) : null;
  const databasePath = folder && `${folder.path}/kv.sqlite3`;
  const opened = databasePath === null ? null : stack.use(await openKv(databasePath));
  const kv = opened === null ? undefined : Object.assign({}, opened.kv, { close() {} });
  const rig = stack.use(await createWorkerRig(kv));
  for (const [index, id] of THREAD_METERS.entries()) {
    const page = id === "dense"
      ? gridPage({ ...THREAD_SPAN, fromMs: DAY + DAY_MS, stepMs: 15_000, count: 5_760 })
      : pageOf(rowsOf(index));
    if (id !== "none") await rig.series.write({ profile: "meter", id }, page);
  }
  const workers = stack.use(createThreads({
    count: 1,
    keepMs: 600_000,
    log: () => {},
    startWorker: startThreadWorker,
    // On a busy machine, a worker may take long to start. Without it, this thread would write.
    patience: { ...PATIENCE, startMs: 600_000 },
  }));
  let written = 0;
  const threads: Threads = {
    ...workers,
    async run(task) {
      const ended = await workers.run(task);
      if (ended !== null) written++;
      return ended;
    },
  };
  const owned = stack.move();
  return {
    rig,
    threads,
    databasePath,
    here: exportKind(rig),
    inThread: exportKind(rig, { threads, databasePath }),
    writtenInThread: () => written,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Every tenth minute with gaps, missing values, growing decimals and a value without a last decimal. */
function rowsOf(meter: number): Row[] {
  const rows: Row[] = [];
  for (let minute = 0; minute < 12 * 1_440; minute += 10) {
    if (minute % (700 + 10 * meter) < 60) continue;
    const energy = minute === 2_000 ? "1e-30" : `${minute % 97}${minute > 9_000 ? ".1234" : ".5"}`;
    rows.push([DAY + minute * 60_000, energy, minute % 7 === 0 ? "" : `${meter}`, "230.1", "1"]);
  }
  return rows;
}

/** Runs an export once, and returns what it made. */
export async function runOnce(
  kind: JobKind,
  spec: ExportSpec,
  context: Partial<JobContext> = {},
): Promise<JobOutcome> {
  return await kind.run({
    jobId: "j",
    params: exportParamsOf(spec),
    createdMs: 0,
    artifactName: `${crypto.randomUUID()}.1`,
    signal: never,
    progress: () => {},
    checkpoints: NO_CHECKPOINTS,
    waitIdle: (wait) => wait(),
    log: () => {},
    ...context,
  });
}
