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

import type { JobContext, JobKind, JobOutcome } from "../engine/job_kind.ts";
import {
  DELETE_DEVICE,
  DELETE_MANY,
  DELETE_METER,
  DELETE_READINGS,
  type Deletion,
  type DeletionKind,
  deletionOf,
  DELETIONS,
  scopeOf,
} from "./deletion_contract.ts";
import { DELETION_FAILED } from "./deletion_failed.ts";
import { countTarget, findTargets, removeTarget, type Target, type TargetDeps } from "./targets.ts";

/** What deletions need. */
export type DeletionDeps = TargetDeps;

/** Creates the kinds. */
export function deletionKinds(deps: DeletionDeps): readonly JobKind[] {
  return DELETIONS.map((name): JobKind => ({
    name,
    failure: DELETION_FAILED,
    run: (context) => runDeletion(deps, name, context),
  }));
}

async function runDeletion(
  deps: DeletionDeps,
  kind: DeletionKind,
  { params, createdMs, signal, progress }: JobContext,
): Promise<JobOutcome> {
  const deletion = deletionOf(kind, params);
  const { span } = scopeOf(deletion);
  const targets = await targetsOf(deps, deletion, createdMs);
  const counts: number[] = [];
  for (const target of targets) {
    signal.throwIfAborted();
    counts.push(await countTarget(deps, target, span));
  }
  const expected = counts.reduce((sum, count) => sum + count, 0);
  let done = 0;
  const report = () => {
    const total = Math.max(expected, done);
    progress({ done, total, share: total === 0 ? 1 : done / total });
  };
  report();
  for (const target of targets) {
    signal.throwIfAborted();
    const onRemoved = (count: number) => {
      done += count;
      report();
    };
    await removeTarget(deps, target, { span, signal, onRemoved });
  }
  return { artifact: null, result: { readingCount: done, targetCount: targets.length } };
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
