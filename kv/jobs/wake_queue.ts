/**
 * The queue. A message only wakes the workers: the due index says what to do, so a message that is
 * lost, late or delivered twice does no harm.
 *
 * @module
 */

import { z } from "zod";

const wakeSchema = z.object({ v: z.literal(1), wake: z.literal("jobs") });

/** Adds a wake-up to a commit. A wake-up that nobody receives is not sent again. */
export function stageWake(op: Pick<Deno.AtomicOperation, "enqueue">): void {
  op.enqueue({ v: 1, wake: "jobs" }, { backoffSchedule: [] });
}

/** Calls `onWake` for every wake-up until the database closes. Other messages are ignored. */
export function listenWakes(kv: Pick<Deno.Kv, "listenQueue">, onWake: () => void): Promise<void> {
  return kv.listenQueue((message: unknown) => {
    if (wakeSchema.safeParse(message).success) onWake();
  });
}
