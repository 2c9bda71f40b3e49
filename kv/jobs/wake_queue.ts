/**
 * The queue. A message says "look" and nothing else: what there is to do stands in the due index,
 * so a message that is lost, late or delivered twice harms nothing.
 *
 * @module
 */

import { z } from "zod";

const wakeSchema = z.object({ v: z.literal(1), wake: z.literal("jobs") });

/** Sends a wake-up with a commit. It is not sent again when nobody takes it. */
export function stageWake(op: Pick<Deno.AtomicOperation, "enqueue">): void {
  op.enqueue({ v: 1, wake: "jobs" }, { backoffSchedule: [] });
}

/** Calls `onWake` for every wake-up until the database closes; messages of other forms are skipped. */
export function listenWakes(kv: Pick<Deno.Kv, "listenQueue">, onWake: () => void): Promise<void> {
  return kv.listenQueue((message: unknown) => {
    if (wakeSchema.safeParse(message).success) onWake();
  });
}
