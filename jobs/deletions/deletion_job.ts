/**
 * The kinds of jobs that delete meters, devices, stores, and readings of a span of time.
 *
 * A run that was interrupted is continued by the next one. What arrives while a job runs is kept, but
 * for two cases: readings of the span that arrive before their part of it is reached, and what is
 * uploaded for a meter or store between two runs of a job that was interrupted.
 *
 * A job that is cancelled ends between two commits of a span, or between two of its targets. What it
 * has deleted stays deleted. The removal of a whole series, once it has begun, is completed.
 *
 * @module
 */

import type { JobContext, JobKind, JobOutcome, Progress } from "../engine/job_kind.ts";
import {
  DELETE_DEVICE,
  DELETE_MANY,
  DELETE_METER,
  DELETE_READINGS,
  type Deletion,
  type DeletionKind,
  deletionOf,
  type DeletionResult,
  DELETIONS,
  type ObjectCounts,
  scopeOf,
} from "./deletion_contract.ts";
import { type EraseDeps, eraseFromLake, isCancelled } from "./erase.ts";
import { DELETION_FAILED } from "./deletion_failed.ts";
import { recordEnd, type RecordEndDeps } from "./record_end.ts";
import { countTarget, findTargets, removeTarget, type Target, type TargetDeps } from "./targets.ts";

/** What deletions need. */
export interface DeletionDeps extends TargetDeps, EraseDeps, RecordEndDeps {
  /** The database. */
  readonly kv: TargetDeps["kv"] & EraseDeps["kv"];
}

/** What a run deleted. */
type Counts = Required<Pick<DeletionResult, "readingCount" | "targetCount">>;

/** Creates the kinds. */
export function deletionKinds(deps: DeletionDeps): readonly JobKind[] {
  return DELETIONS.map((name): JobKind => ({
    name,
    failure: DELETION_FAILED,
    run: (context) => runRecorded(deps, name, context),
  }));
}

/** Runs a deletion, and records its end in the audit trail. */
async function runRecorded(
  deps: DeletionDeps,
  kind: DeletionKind,
  context: JobContext,
): Promise<JobOutcome> {
  const { jobId, signal } = context;
  let readings = 0;
  const progress = (now: Progress) => {
    readings = now.done;
    context.progress(now);
  };
  try {
    const { counts, objects } = await runDeletion(deps, kind, { ...context, progress });
    const result = { ...counts, objects: objects === null ? null : { ...objects } };
    const { readingCount, targetCount } = counts;
    const details = { deleted_readings: readingCount, targets: targetCount, files: result.objects };
    await recordEnd(deps, jobId, { details });
    return { artifact: null, result };
  } catch (error) {
    if (!signal.aborted) await recordEnd(deps, jobId, { error });
    else if (isCancelled(signal)) {
      await recordEnd(deps, jobId, { details: { cancelled: true, deleted_readings: readings } });
    }
    throw error;
  }
}

async function runDeletion(
  deps: DeletionDeps,
  kind: DeletionKind,
  context: JobContext,
): Promise<{ counts: Counts; objects: ObjectCounts | null }> {
  const deletion = deletionOf(kind, context.params);
  const { ids, span, objects } = scopeOf(deletion);
  const { jobId, signal, progress } = context;
  const targets = await targetsOf(deps, deletion, context.createdMs);
  // Half of the work, as far as one can say, is that of objects.
  const part = objects ? 0.5 : 1;
  let total = 0, done = 0;
  const report = (ofObjects = 0) => {
    total = Math.max(total, done);
    const share = total === 0 ? 1 : done / total;
    progress({ done, total, share: part * share + (1 - part) * ofObjects });
  };
  for (const target of targets) {
    signal.throwIfAborted();
    total += await countTarget(deps, target, span);
  }
  report();
  for (const target of targets) {
    signal.throwIfAborted();
    const onRemoved = (count: number) => {
      done += count;
      report();
    };
    await removeTarget(deps, target, { span, signal, onRemoved });
  }
  const counts = { readingCount: done, targetCount: targets.length };
  if (!objects) return { counts, objects: null };
  const request = { jobId, ids, span, signal, onShare: report };
  const erased = await context.waitIdle(() => eraseFromLake(deps, request));
  return { counts, objects: erased };
}

/** What a deletion deletes. A job that names one thing names it as it was when it was requested. */
async function targetsOf(
  { kv }: DeletionDeps,
  { kind, params }: Deletion,
  sinceMs: number,
): Promise<Target[]> {
  switch (kind) {
    case DELETE_MANY:
      return await findTargets(kv, { ...params, sinceMs });
    case DELETE_READINGS: {
      const { profile, id } = params;
      return [{ subject: scopeOf({ kind, params }).subject, ref: { profile, id } }];
    }
    case DELETE_METER: {
      const { subject, profile, id } = params;
      return [{ subject, ref: { profile, id } }];
    }
    case DELETE_DEVICE: {
      const { profile, id, createdMs } = params;
      if (createdMs === null) return [];
      return [{ subject: "device", ref: { profile, id }, createdMs }];
    }
    default:
      return [{ subject: "store", ref: { profile: "site", id: params.id } }];
  }
}
