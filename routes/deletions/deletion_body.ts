/**
 * A deletion as its resource shows it, and the list of deletions.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import { restorePlus } from "../../data/time/query_plus.ts";
import { rangeStartMs, rangeStopMs } from "../../data/time/range_text.ts";
import { instantText } from "../../data/time/time_text.ts";
import {
  deletionOf,
  deletionResult,
  DELETIONS,
  isDeletionKind,
  scopeOf,
  type Subject,
} from "../../jobs/deletions/deletion_contract.ts";
import type { JobRecord, Jobs } from "../../jobs/engine/jobs.ts";
import { visibleJobs } from "../access/visible_jobs.ts";
import { newestOf } from "../jobs/newest_jobs.ts";
import {
  DELETION_CURSOR,
  type DeletionList,
  type DeletionListQuery,
  type DeletionResource,
} from "./resource_schemas.ts";
import { isVisibleDeletion } from "./visible_deletion.ts";

/** The name of a subject in requests and answers. */
export const SUBJECT_NAMES: Readonly<Record<Subject, DeletionResource["subject"]>> = {
  meter: "meters",
  device: "devices",
  store: "stores",
};

/** A deletion as its resource shows it. */
export function deletionBodyOf(job: JobRecord): DeletionResource {
  const { id, kind, state, progress, error } = job;
  if (!isDeletionKind(kind)) throw new TypeError(`Cannot show a job that is no deletion: ${kind}`);
  const { subject, ids, span, objects } = scopeOf(deletionOf(kind, job.params));
  const result = state === "completed" ? deletionResult.parse(job.result) : null;
  const startedMs = job.history.findLast((step) => step.state === "running")?.atMs ?? null;
  return {
    id,
    kind,
    // A deletion has no file that could expire.
    status: state === "expired" ? "completed" : state,
    subject: SUBJECT_NAMES[subject],
    ids: [...ids],
    from: span === null ? null : instantText(span.fromMs),
    to: span === null ? null : instantText(span.toMs),
    objects,
    created_at: instantText(job.createdMs),
    started_at: startedMs === null ? null : instantText(startedMs),
    updated_at: instantText(job.updatedMs),
    ended_at: job.endedMs === null ? null : instantText(job.endedMs),
    progress: {
      percent: result === null ? progress.percent : 100,
      deleted_readings: result?.readingCount ?? progress.done,
      total_readings: result?.readingCount ?? progress.total,
    },
    files: result?.objects ? { ...result.objects } : null,
    error,
  };
}

/** The deletions that exist for a caller, the newest first. A page may be short if few match. */
export async function listDeletions(
  { jobs, caller }: { readonly jobs: Pick<Jobs, "list">; readonly caller: Caller },
  query: DeletionListQuery,
): Promise<DeletionList> {
  const { limit, cursor, status, id, from, to } = query;
  const place = cursor === undefined ? null : DELETION_CURSOR.exec(cursor);
  const matches = (job: JobRecord) => {
    const body = deletionBodyOf(job);
    return (status === undefined || body.status === status) &&
      (id === undefined || body.ids.includes(id));
  };
  const range = {
    ...visibleJobs(caller, (job) => isVisibleDeletion(caller, job)),
    limit,
    matches,
    ...(place === null ? {} : { before: { createdMs: Number(place[1]), id: place[2] } }),
    ...(from === undefined ? {} : { fromMs: rangeStartMs(restorePlus(from)) ?? 0 }),
    ...(to === undefined ? {} : { toMs: rangeStopMs(restorePlus(to)) ?? 0 }),
  };
  const lists = await Promise.all(DELETIONS.map((kind) => jobs.list({ kind, ...range })));
  const { found, next } = newestOf(lists, limit);
  return {
    deletions: found.map(deletionBodyOf),
    next: next === null ? null : nextPath(query, `${next.createdMs}_${next.id}`),
  };
}

function nextPath({ limit, status, id, from, to }: DeletionListQuery, cursor: string): string {
  const next = new URLSearchParams({ limit: String(limit), cursor });
  for (const [name, value] of Object.entries({ status, id, from, to })) {
    if (value !== undefined) next.set(name, value);
  }
  return `/api/deletions?${next}`;
}
