/**
 * Exports whose runs are interrupted, each after a checkpoint, and their files.
 *
 * @module
 */

import type { FileStore } from "../../data/files/file_store.ts";
import type { ExportSpec } from "../../data/exports/spec.ts";
import type { Checkpoints } from "../../jobs/engine/checkpoints.ts";
import { artifactName, type JobContext, type JobKind } from "../../jobs/engine/job_kind.ts";
import type { Json } from "../../jobs/engine/transitions.ts";
import { exportParamsOf } from "../../jobs/exports/export_contract.ts";
import { packCheckpoint } from "../../kv/jobs/checkpoints.ts";
import { assert } from "./assert.ts";

/** What an export has made. */
export interface MadeExport {
  /** Its bytes. */
  readonly bytes: Uint8Array;
  /** What its record would say about the file. */
  readonly sha256: string;
  /** What else its record would say. */
  readonly result: Json;
  /** How many runs it took. */
  readonly runs: number;
}

/** How an export is interrupted. */
export interface Interruptions {
  /** Whether a run ends after its latest checkpoint, of which it has saved so many. */
  readonly endsAfter: (saved: number, run: number) => boolean;
  /** Called between two runs. */
  readonly between?: (run: number) => Promise<void>;
}

/** Never interrupts. Checkpoints are saved all the same. */
export const NEVER: Interruptions = { endsAfter: () => false };

/** Runs an export to its end, from checkpoint to checkpoint. */
export async function runExport(
  kind: JobKind,
  files: FileStore,
  spec: ExportSpec,
  { endsAfter, between }: Interruptions,
): Promise<MadeExport> {
  const jobId = crypto.randomUUID();
  let stored: string | null = null;
  for (let run = 1;; run++) {
    assert(run < 2_000, "the export does not end");
    const aborter = new AbortController();
    let saved = 0;
    const checkpoints: Checkpoints = {
      last: () => Promise.resolve(stored === null ? null : JSON.parse(stored)),
      isDue: () => true,
      save({ state }) {
        assert(packCheckpoint(state) !== null);
        stored = JSON.stringify(state);
        if (endsAfter(++saved, run)) aborter.abort(new DOMException("stopping", "AbortError"));
        return true;
      },
      postpone() {},
      drop: () => stored = null,
    };
    const context: JobContext = {
      jobId,
      params: exportParamsOf(spec),
      createdMs: 0,
      artifactName: artifactName(jobId, run),
      signal: aborter.signal,
      progress: () => {},
      checkpoints,
      waitIdle: (wait) => wait(),
      log: () => {},
    };
    try {
      const { artifact, result } = await kind.run(context);
      assert(artifact !== null);
      const bytes = await new Response(await files.read(artifact.name)).bytes();
      return { bytes, sha256: artifact.sha256, result, runs: run };
    } catch (error) {
      if (!aborter.signal.aborted) throw error;
    }
    await between?.(run);
  }
}
