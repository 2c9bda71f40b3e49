/**
 * What a service checks to say whether it can do its work.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import type { ExportDestination } from "../../data/continuous/destination.ts";
import type { ContinuousSettings } from "../../data/continuous_settings.ts";
import type { FileStore } from "../../data/files/file_store.ts";
import { probeExportCheckpoints } from "../../kv/continuous/checkpoints.ts";
import { isLeaseHeld } from "../../kv/jobs/leases.ts";
import { probeKv } from "../../kv/opened_kv.ts";
import type { DamageRecord } from "../../kv/series/damage_record.ts";
import type { ReadyChecks } from "./health.ts";

/** What the checks need. */
export interface ReadyDeps {
  /** The database. */
  readonly kv: Deno.Kv;
  /** The files. */
  readonly files: Pick<FileStore, "probe">;
  /** The damaged readings that this process has come across. */
  readonly damage: Pick<DamageRecord, "list">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** Whether the worker of this process works; null if it has none. */
  readonly isWorking: (() => boolean) | null;
  /** The lease that some process with a worker holds. */
  readonly workerLease: string;
  /** The settings of continuous export. */
  readonly settings: Pick<ContinuousSettings, "isOn" | "isDestinationRequired">;
  /** Where continuous export writes. */
  readonly destination: Pick<ExportDestination, "kind" | "probe">;
}

/** The checks. */
export function readyChecks(deps: ReadyDeps): ReadyChecks {
  const { kv, files, settings, destination } = deps;
  return {
    kv: () => probeKv(kv),
    file_store: () => files.probe(),
    worker_running: () => requireWorker(deps),
    damagedDays: () => deps.damage.list().length,
    continuous: !settings.isOn ? null : {
      checkpoint_store_connected: () => probeExportCheckpoints(kv),
      destinationName: destination.kind === "s3" ? "s3_accessible" : "destination_accessible",
      destination: () => destination.probe(new AbortController().signal),
      isDestinationRequired: settings.isDestinationRequired,
    },
  };
}

async function requireWorker({ kv, isWorking, workerLease, now }: ReadyDeps): Promise<void> {
  const isRunning = isWorking?.() ?? await isLeaseHeld(kv, workerLease, now());
  if (!isRunning) throw new AppError("WORKER_NOT_RUNNING", "no process runs jobs");
}
