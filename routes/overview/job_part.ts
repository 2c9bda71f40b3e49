/**
 * The jobs of the overview.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import { DAY_MS } from "../../data/limits.ts";
import { instantText } from "../../data/time/time_text.ts";
import { DELETIONS } from "../../jobs/deletions/deletion_contract.ts";
import type { JobRecord, Jobs } from "../../jobs/engine/jobs.ts";
import { EXPORT_KINDS } from "../../jobs/exports/export_contract.ts";
import { STORE_REPORT } from "../../jobs/stores/report_contract.ts";
import { visibleJobs } from "../access/visible_jobs.ts";
import { isVisibleDeletion } from "../deletions/visible_deletion.ts";
import { isVisibleExport } from "../exports/visible_export.ts";
import { isVisibleReport } from "../stores/visible_report.ts";
import { NAMED_MAX, type Overview } from "./schemas.ts";

type JobPart = NonNullable<Overview["jobs"]>;

/** How many jobs of a kind are counted. */
const COUNTED_MAX = 500;

/** The kinds that are shown, and which of them a caller may see. */
const KINDS: readonly {
  readonly kinds: readonly string[];
  readonly shown: JobPart["newest"][number]["kind"];
  readonly isVisible: (caller: Caller, job: JobRecord) => boolean;
}[] = [
  { kinds: EXPORT_KINDS, shown: "export", isVisible: isVisibleExport },
  { kinds: [STORE_REPORT], shown: "report", isVisible: isVisibleReport },
  { kinds: DELETIONS, shown: "deletion", isVisible: isVisibleDeletion },
];

/** Counts the jobs that a caller may see: those that have not ended, and those that failed today. */
export async function jobPart(
  jobs: Pick<Jobs, "list">,
  caller: Caller,
  nowMs: number,
): Promise<JobPart> {
  let isComplete = true;
  const lists = await Promise.all(
    KINDS.flatMap(({ kinds, shown, isVisible }) =>
      kinds.map(async (kind) => {
        const { jobs: found, next } = await jobs.list({
          kind,
          limit: COUNTED_MAX,
          ...visibleJobs(caller, (job) => isVisible(caller, job)),
          matches: (job) => isOfInterest(job, nowMs),
          fromMs: nowMs - 7 * DAY_MS,
        });
        if (next !== null) isComplete = false;
        return found.map((job) => ({ job, shown }));
      })
    ),
  );
  const found = lists.flat().toSorted((one, other) => other.job.createdMs - one.job.createdMs);
  const inState = (state: string) => found.filter(({ job }) => job.state === state).length;
  return {
    pending: inState("pending"),
    running: inState("running"),
    failed: inState("failed"),
    is_complete: isComplete,
    newest: found.slice(0, NAMED_MAX).map(({ job, shown }) => ({
      id: job.id,
      kind: shown,
      // Others are not of interest.
      status: job.state as "pending" | "running" | "failed",
      percent: job.progress.percent,
      created_at: instantText(job.createdMs),
      error: job.error?.message ?? null,
    })),
  };
}

function isOfInterest({ state, endedMs }: JobRecord, nowMs: number): boolean {
  if (state === "pending" || state === "running") return true;
  return state === "failed" && endedMs !== null && nowMs - endedMs < DAY_MS;
}
