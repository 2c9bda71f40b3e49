/**
 * The history of exports, page by page.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import { EXPORT_KINDS, exportSpecOf } from "../../jobs/exports/export_contract.ts";
import type { HistoryPlace, JobRecord, Jobs } from "../../jobs/engine/jobs.ts";
import { restorePlus } from "../../data/time/query_plus.ts";
import { rangeStartMs, rangeStopMs } from "../../data/time/range_text.ts";
import { visibleJobs } from "../access/visible_jobs.ts";
import { currentState } from "../jobs/job_state.ts";
import { exportBodyOf } from "./export_body.ts";
import { EXPORT_CURSOR, type ExportListQuery } from "./list_schemas.ts";
import { isVisibleExport } from "./visible_export.ts";
import type { ExportList } from "./resource_schemas.ts";

/**
 * Lists the exports that exist for the caller, the newest first. A page may be short if few of many exports are of the source or
 * have the status.
 */
export async function listExports(
  { jobs, caller }: { readonly jobs: Pick<Jobs, "list">; readonly caller: Caller },
  query: ExportListQuery,
  nowMs: number,
): Promise<ExportList> {
  const { limit, cursor, status, source, from, to } = query;
  const place = cursor === undefined ? null : EXPORT_CURSOR.exec(cursor);
  const matches = (job: JobRecord) =>
    (status === undefined || currentState(job, nowMs) === status) &&
    (source === undefined || exportSpecOf(job.params).ids.includes(source));
  const range = {
    ...visibleJobs(caller, (job) => isVisibleExport(caller, job)),
    limit,
    matches,
    ...(place === null ? {} : { before: { createdMs: Number(place[1]), id: place[2] } }),
    ...(from === undefined ? {} : { fromMs: rangeStartMs(restorePlus(from)) ?? 0 }),
    ...(to === undefined ? {} : { toMs: rangeStopMs(restorePlus(to)) ?? 0 }),
  };
  const lists = await Promise.all(EXPORT_KINDS.map((kind) => jobs.list({ kind, ...range })));
  const { found, next } = newestOf(lists, limit);
  return {
    exports: found.map((job) => exportBodyOf(job, nowMs)),
    next: next === null ? null : nextPath(query, `${next.createdMs}_${next.id}`),
  };
}

/** The newest jobs of several lists, and where to continue: no list has left out anything newer. */
function newestOf(
  lists: readonly { jobs: readonly JobRecord[]; next: HistoryPlace | null }[],
  limit: number,
): { found: JobRecord[]; next: HistoryPlace | null } {
  const ends = lists.flatMap(({ next }) => next ?? []).toSorted(newestFirst);
  const end = ends.length === 0 ? null : ends[0];
  const known = lists.flatMap(({ jobs }) => jobs).toSorted(newestFirst)
    .filter((job) => end === null || newestFirst(job, end) <= 0);
  const isCut = known.length > limit;
  const found = known.slice(0, limit);
  return { found, next: isCut ? placeOf(found[limit - 1]) : end };
}

function placeOf({ createdMs, id }: HistoryPlace): HistoryPlace {
  return { createdMs, id };
}

function newestFirst(one: HistoryPlace, other: HistoryPlace): number {
  return other.createdMs - one.createdMs || (one.id < other.id ? 1 : one.id > other.id ? -1 : 0);
}

function nextPath({ limit, status, source, from, to }: ExportListQuery, cursor: string): string {
  const next = new URLSearchParams({ limit: String(limit), cursor });
  for (const [name, value] of Object.entries({ status, source, from, to })) {
    if (value !== undefined) next.set(name, value);
  }
  return `/api/exports?${next}`;
}
