/**
 * Which requests of other deletions a new one leaves with a device.
 *
 * @module
 */

import type { Erasure, ExportControls } from "../../kv/continuous/controls.ts";
import { getJob } from "../../kv/jobs/jobs.ts";
import { isEnded } from "../engine/transitions.ts";

/**
 * The jobs of the erasures that another one leaves to do: without those of ended jobs which are done, and those
 * which it covers.
 */
export async function leftErasures(
  kv: Pick<Deno.Kv, "get">,
  { erasures }: ExportControls,
  other: Erasure,
): Promise<ReadonlySet<string>> {
  const left = new Set<string>();
  for (const one of erasures) {
    const isCovered = one.fromMs >= other.fromMs && one.toMs <= other.toMs;
    const mayGo = one.jobId !== other.jobId && (one.state !== "waiting" || isCovered);
    const job = mayGo ? await getJob(kv, one.jobId) : null;
    if (!mayGo || (job !== null && !isEnded(job.value))) left.add(one.jobId);
  }
  return left;
}
