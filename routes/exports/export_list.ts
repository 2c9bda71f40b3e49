/**
 * The history of exports, page by page.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import { EXPORT_KINDS, exportSpecOf } from "../../jobs/exports/export_contract.ts";
import type { JobRecord, Jobs } from "../../jobs/engine/jobs.ts";
import { restorePlus } from "../../data/time/query_plus.ts";
import { rangeStartMs, rangeStopMs } from "../../data/time/range_text.ts";
import { visibleJobs } from "../access/visible_jobs.ts";
import { currentState } from "../jobs/job_state.ts";
import { newestOf } from "../jobs/newest_jobs.ts";
import { exportBodyOf } from "./export_body.ts";
import { EXPORT_CURSOR, type ExportListQuery } from "./list_schemas.ts";
import { isVisibleExport } from "./visible_export.ts";
import type { ExportList } from "./resource_schemas.ts";

/**
 * Lists the exports that exist for the caller, the newest first. A page may be short if few of many exports are of the source or
 * have the status.
 */
export async function listExports(
  deps: { readonly jobs: Pick<Jobs, "list">; readonly caller: Caller },
  query: ExportListQuery,
  nowMs: number,
): Promise<ExportList> {
  const { found, next } = await findExports(deps, query, nowMs);
  return {
    exports: found.map((job) => exportBodyOf(job, nowMs)),
    next: next === null ? null : nextPath(query, `${next.createdMs}_${next.id}`),
  };
}

/** The jobs of {@link listExports}, and where the list goes on. */
export async function findExports(
  { jobs, caller }: { readonly jobs: Pick<Jobs, "list">; readonly caller: Caller },
  query: ExportListQuery,
  nowMs: number,
): Promise<ReturnType<typeof newestOf>> {
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
  return newestOf(lists, limit);
}

function nextPath({ limit, status, source, from, to }: ExportListQuery, cursor: string): string {
  const next = new URLSearchParams({ limit: String(limit), cursor });
  for (const [name, value] of Object.entries({ status, source, from, to })) {
    if (value !== undefined) next.set(name, value);
  }
  return `/api/exports?${next}`;
}
