/**
 * Makes checkpoints of the cuts of a file.
 *
 * @module
 */

import type { KeptFile } from "../../data/files/file_store.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import type { JobContext } from "../engine/job_kind.ts";
import { type ExportCheckpoint, livesSoFar } from "./export_checkpoint.ts";
import type { ExportCut, ExportPlan } from "./export_file.ts";

/** Makes checkpoints. */
export interface CutSaver {
  /** Saves a cut whose file is kept. Never rejects. */
  save(cut: ExportCut, kept: KeptFile): Promise<void>;
  /** Logs why there is no checkpoint: the next run only has more to do. */
  warn(error: unknown): void;
  /** Whether a checkpoint was saved. */
  hasSaved(): boolean;
}

/** Makes checkpoints of an export. */
export function createCutSaver(
  series: Pick<SeriesStore, "lives">,
  { checkpoints, jobId, log }: Pick<JobContext, "checkpoints" | "jobId" | "log">,
  { plan, made }: {
    plan: ExportPlan;
    made: Pick<ExportCheckpoint, "made" | "revision">;
  },
): CutSaver {
  const { spec, cadencesMs } = plan;
  let isKnownTooLong = false, hasSaved = false;
  const warn = (error: unknown) => log("warn", "checkpoint not saved", { jobId, error });

  async function save(cut: ExportCut, kept: KeptFile): Promise<void> {
    const { place } = cut.state;
    const state: ExportCheckpoint = {
      v: 1,
      ...made,
      cadencesMs: [...cadencesMs],
      lives: await livesSoFar(series, spec, place.source),
      place: "packed" in cut
        ? {
          before: cut.state,
          sizeBytes: cut.before.sizeBytes,
          gzip: { before: cut.before, packed: cut.packed },
        }
        : { before: cut.state, sizeBytes: cut.sizeBytes, gzip: null },
      kept,
    };
    if (checkpoints.save({ state, file: kept.name })) hasSaved = true;
    else if (!isKnownTooLong) {
      isKnownTooLong = true;
      warn(new Error("Cannot save the checkpoint as it is too long to be stored"));
    }
  }

  return {
    save: (cut, kept) =>
      save(cut, kept).catch((error) => {
        checkpoints.postpone();
        warn(error);
      }),
    warn,
    hasSaved: () => hasSaved,
  };
}
