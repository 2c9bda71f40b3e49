/**
 * Deleting what is known about a store besides its polls.
 *
 * @module
 */

import { stageRejectedHoursDelete } from "./rejected_hours.ts";
import { stageStoreDelete } from "./stores.ts";

/** Deletes the hours, the zone and the rejected hours of a store, in one commit. */
export async function deleteStoreSettings(
  kv: Pick<Deno.Kv, "atomic">,
  id: string,
): Promise<void> {
  const op = kv.atomic();
  stageStoreDelete(op, id);
  stageRejectedHoursDelete(op, id);
  await op.commit();
}
