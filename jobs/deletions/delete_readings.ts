/**
 * The kind of job that deletes the readings of a meter, device or store in a span of time.
 *
 * @module
 */

import type { SeriesStore } from "../../kv/series/store.ts";
import type { JobContext, JobKind, JobOutcome } from "../engine/job_kind.ts";
import { DELETE_READINGS, deleteReadingsParams, type DeletionResult } from "./deletion_contract.ts";
import { DELETION_FAILED } from "./deletion_failed.ts";

/** What the deletion needs. */
export interface DeleteReadingsDeps {
  /** The readings. */
  readonly series: Pick<SeriesStore, "removeSpan">;
}

/** Creates the kind. A run that was interrupted is continued by the next one. */
export function deleteReadings(deps: DeleteReadingsDeps): JobKind {
  return {
    name: DELETE_READINGS,
    failure: DELETION_FAILED,
    run: (context) => runDeletion(deps, context),
  };
}

async function runDeletion(
  { series }: DeleteReadingsDeps,
  { params, signal, progress }: JobContext,
): Promise<JobOutcome> {
  const { profile, id, fromMs, toMs } = deleteReadingsParams.parse(params);
  let done = 0;
  const readingCount = await series.removeSpan({ profile, id }, { fromMs, toMs }, {
    signal,
    onRemoved(count, reachedMs) {
      done += count;
      progress({ done, share: (reachedMs - fromMs) / (toMs - fromMs) });
    },
  });
  const result: DeletionResult = { readingCount };
  return { artifact: null, result: { ...result } };
}
