/**
 * Lists of jobs.
 *
 * @module
 */

import { type HistoryPlace, type HistoryRange, listHistory } from "../../kv/jobs/history.ts";
import { getJobs, type JobRecord } from "../../kv/jobs/jobs.ts";
import { listOwned } from "../../kv/jobs/owner_history.ts";

/** How many records of a history are read at once, and by one query at most. */
const READ_AT_ONCE = 100, READ_MAX = 1_000;

/** What to list of the jobs of a kind. */
export interface JobQuery extends HistoryRange {
  /** The name of the kind. */
  readonly kind: string;
  /** How many jobs at most. */
  readonly limit: number;
  /** Only jobs of this owner; of all owners by default. */
  readonly owner?: string;
  /**
   * Which jobs exist for whoever asks; all by default. Others do not count as read, and no place in the
   * list names one.
   */
  readonly exists?: (job: JobRecord) => boolean;
  /** Which of these jobs; all by default. */
  readonly matches?: (job: JobRecord) => boolean;
}

/** Some jobs, the newest first. */
export interface JobList {
  /** The jobs. There may be fewer than the limit even if more follow. */
  readonly jobs: readonly JobRecord[];
  /** Where to continue: `before` of the next query. Null at the end. */
  readonly next: HistoryPlace | null;
}

/** Lists jobs of a kind, the newest first. */
export async function listJobs(
  kv: Pick<Deno.Kv, "getMany" | "list">,
  { kind, limit, owner, exists = () => true, matches = () => true, ...range }: JobQuery,
): Promise<JobList> {
  const jobs: JobRecord[] = [];
  let read = 0;
  let last: HistoryPlace | null = null;
  const history = owner === undefined
    ? listHistory(kv, kind, range)
    : listOwned(kv, { owner, kind }, range);
  for await (const places of inGroups(history, READ_AT_ONCE)) {
    const records = await getJobs(kv, places.map(({ id }) => id));
    for (const [index, job] of records.entries()) {
      if (job === null || !exists(job)) continue;
      if (jobs.length === limit || read === READ_MAX) return { jobs, next: last };
      read++;
      last = places[index];
      if (matches(job)) jobs.push(job);
    }
  }
  return { jobs, next: null };
}

/** The items of a list in groups of up to `size`. */
async function* inGroups<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let group: T[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}
