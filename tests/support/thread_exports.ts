/**
 * Export kinds that write on this thread and in workers, over the same meters.
 *
 * @module
 */

import type { FileStore } from "../../data/files/file_store.ts";
import { exportParamsOf, exportSpecOf } from "../../jobs/exports/export_contract.ts";
import { exportKinds } from "../../jobs/exports/export_job.ts";
import type { ExportSpec } from "../../data/exports/spec.ts";
import type { JobContext, JobKind, JobOutcome } from "../../jobs/engine/job_kind.ts";
import { NO_CHECKPOINTS } from "../../jobs/engine/checkpoints.ts";
import type { Threads } from "../../jobs/engine/threads.ts";
import { createWorkerThreads } from "../../jobs/threads.ts";
import { never } from "./file_store_box.ts";
import { pageOf, type Row } from "./pages.ts";
import { builtInProfiles } from "./profiles.ts";
import { DAY, DAY_MS, gridPage } from "./series.ts";
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

/** Kinds over one database and folder. Disposing of it stops the workers too. */
export interface ThreadExports extends AsyncDisposable {
  /** The database and the files. */
  readonly rig: WorkerRig;
  /** The workers. */
  readonly threads: Threads;
  /** The kind that writes here. */
  readonly here: JobKind;
  /** The kind that writes in a worker. */
  readonly inThread: JobKind;
  /** How many files workers have written to their end. */
  writtenInThread(): number;
}

/** The kind of exports, over other files or with other parts if they are given. */
export function exportKind(
  rig: WorkerRig,
  parts: { threads?: Threads; files?: FileStore; series?: WorkerRig["series"] } = {},
): JobKind {
  const deps = { ...rig, ...parts, profiles: builtInProfiles(), version: "1" };
  const kind = exportKinds(deps).find(({ name }) => name === "export");
  if (kind === undefined) throw new Error("there is no kind for exports");
  return kind;
}

/** Opens the kinds. */
export async function openThreadExports(): Promise<ThreadExports> {
  const rig = await createWorkerRig();
  for (const [index, id] of THREAD_METERS.entries()) {
    const page = id === "dense"
      ? gridPage({ ...THREAD_SPAN, fromMs: DAY + DAY_MS, stepMs: 15_000, count: 5_760 })
      : pageOf(rowsOf(index));
    if (id !== "none") await rig.series.write({ profile: "meter", id }, page);
  }
  const workers = createWorkerThreads({ count: 1, keepMs: 600_000, log: () => {} });
  let written = 0;
  const threads: Threads = {
    ...workers,
    async run(task) {
      const ended = await workers.run(task);
      if (ended !== null) written++;
      return ended;
    },
  };
  return {
    rig,
    threads,
    here: exportKind(rig),
    inThread: exportKind(rig, { threads }),
    writtenInThread: () => written,
    async [Symbol.asyncDispose]() {
      threads[Symbol.dispose]();
      await rig[Symbol.asyncDispose]();
    },
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
