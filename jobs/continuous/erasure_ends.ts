/**
 * Erasures whose jobs have ended: nobody waits for these any more.
 *
 * A job that failed leaves its erasures, so that the objects follow when the destination is back. One
 * that was cancelled withdraws them, unless its process died before.
 *
 * @module
 */

import { type Erasure, moveErasure, tryMoveErasure } from "../../kv/continuous/controls.ts";
import { getJob } from "../../kv/jobs/jobs.ts";
import { isEnded } from "../engine/transitions.ts";

/** Stores the end of an erasure for its job, or removes it if the job has ended or is gone. */
export async function endErasure(
  kv: Pick<Deno.Kv, "get" | "atomic">,
  deviceId: string,
  ended: Erasure,
): Promise<void> {
  const { jobId } = ended;
  for (;;) {
    const job = await getJob(kv, jobId);
    if (job === null || isEnded(job.value)) {
      return await moveErasure(kv, deviceId, { jobId, to: null });
    }
    if (await tryMoveErasure(kv, deviceId, { jobId, to: ended, check: job })) return;
  }
}

/** Whether the job of an erasure was cancelled. */
export async function isWithdrawn(
  kv: Pick<Deno.Kv, "get">,
  { jobId }: Erasure,
): Promise<boolean> {
  return (await getJob(kv, jobId))?.value.state === "cancelled";
}
