/**
 * The duty that deletes events and deliveries which are older than they are kept.
 *
 * @module
 */

import { EVENT_RETENTION_MS, HOUR_MS } from "../../data/limits.ts";
import type { Log } from "../../data/log.ts";
import { listDeliveries } from "../../kv/events/deliveries.ts";
import { listOldEvents } from "../../kv/events/event_store.ts";
import { getTarget, listTargets, stageTargetDelete } from "../../kv/events/targets.ts";
import { readAccount, stageAccountDelete } from "../../kv/jobs/accounts.ts";
import { deliveryAccount } from "../../kv/jobs/lanes.ts";
import type { Duty } from "../engine/duty_loop.ts";
import { commitPacked, deleteDeliveries } from "./purge_target.ts";

/** How many events are read at a time. */
const AT_ONCE = 500;

/** What the duty needs. */
export interface DeliveryRetentionDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "getMany" | "list" | "atomic">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
}

/** The duty. */
export function deliveryRetentionDuty(deps: DeliveryRetentionDeps): Duty {
  return {
    name: "delivery_retention",
    everyMs: HOUR_MS,
    async round({ signal }) {
      const beforeMs = deps.now() - EVENT_RETENTION_MS;
      const deliveries = await deleteOldDeliveries(deps, beforeMs, signal);
      const events = await deleteOldEvents(deps, beforeMs, signal);
      if (deliveries + events > 0) deps.log("info", "deliveries expired", { deliveries, events });
    },
  };
}

async function deleteOldDeliveries(
  { kv }: DeliveryRetentionDeps,
  beforeMs: number,
  signal: AbortSignal,
): Promise<number> {
  let count = 0;
  for await (const target of listTargets(kv)) {
    if (signal.aborted) break;
    count += await deleteDeliveries(kv, target, beforeMs);
    if (await hasDeliveries(kv, target)) continue;
    const entry = await getTarget(kv, target);
    if (entry.value.jobId !== null) continue;
    // A commit of its own: over KV Connect, one has room for ten checks.
    const failing = kv.atomic().check(entry);
    if (!stageAccountDelete(failing, await readAccount(kv, deliveryAccount(target, true)))) {
      continue;
    }
    await failing.commit();
    const op = kv.atomic().check(entry);
    // Its last job may not have ended yet: then both wait for the next round.
    if (!stageAccountDelete(op, await readAccount(kv, deliveryAccount(target)))) continue;
    stageTargetDelete(op, entry);
    await op.commit();
  }
  return count;
}

async function hasDeliveries(
  kv: Pick<Deno.Kv, "list">,
  target: string,
): Promise<boolean> {
  const { done } = await listDeliveries(kv, target).next();
  return done !== true;
}

async function deleteOldEvents(
  { kv }: DeliveryRetentionDeps,
  beforeMs: number,
  signal: AbortSignal,
): Promise<number> {
  for (let count = 0;;) {
    const keys = await listOldEvents(kv, { beforeMs, limit: AT_ONCE });
    await commitPacked(kv, keys.map((key) => (op) => op.delete(key)));
    count += keys.length;
    if (keys.length < AT_ONCE || signal.aborted) return count;
  }
}
