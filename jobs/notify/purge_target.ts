/**
 * Deleting what is stored of a target.
 *
 * @module
 */

import { packStages, type Stage } from "../../kv/budget.ts";
import { listOldDeliveries, stageDeliveryDelete } from "../../kv/events/deliveries.ts";
import { stageQueuedDelete } from "../../kv/events/open_deliveries.ts";

/** How many deliveries are read at a time. */
const AT_ONCE = 500;

/** What deleting needs. */
export type PurgeKv = Pick<Deno.Kv, "list" | "atomic">;

/** Deletes all deliveries of a target, and its queue. */
export async function purgeTarget(kv: PurgeKv, target: string): Promise<void> {
  await deleteDeliveries(kv, target, Infinity);
}

/** Deletes the deliveries of events before a time. Returns how many there were. */
export async function deleteDeliveries(
  kv: PurgeKv,
  target: string,
  beforeMs: number,
): Promise<number> {
  for (let count = 0;;) {
    const places = await listOldDeliveries(kv, target, { beforeMs, limit: AT_ONCE });
    await commitPacked(
      kv,
      places.map((place) => (op) => {
        stageDeliveryDelete(op, place);
        stageQueuedDelete(op, place);
      }),
    );
    count += places.length;
    if (places.length < AT_ONCE) return count;
  }
}

/** Commits stages that do not belong together, as many at a time as a commit has room for. */
export async function commitPacked(
  kv: Pick<Deno.Kv, "atomic">,
  stages: readonly Stage[],
): Promise<void> {
  for (const group of packStages(stages)) {
    const op = kv.atomic();
    group.forEach((stage) => stage(op));
    await op.commit();
  }
}
