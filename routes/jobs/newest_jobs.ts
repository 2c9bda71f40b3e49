/**
 * Joining the histories of several kinds of jobs.
 *
 * @module
 */

import type { HistoryPlace, JobList, JobRecord } from "../../jobs/engine/jobs.ts";

/** The newest jobs of several lists, and where to continue: no list has left out anything newer. */
export function newestOf(
  lists: readonly JobList[],
  limit: number,
): { readonly found: JobRecord[]; readonly next: HistoryPlace | null } {
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
