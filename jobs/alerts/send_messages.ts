/**
 * Sending the messages of groups that are due: each becomes an event in the commit that closes its group.
 *
 * @module
 */

import { messageEvent } from "../../data/alerts/message.ts";
import type { Log } from "../../data/log.ts";
import {
  deleteAlertMembers,
  listAlertMembers,
  stageAlertGroupDelete,
} from "../../kv/alerts/groups.ts";
import { stageEvent } from "../../kv/events/outbox.ts";
import type { AlertMemory } from "./alert_memory.ts";
import type { LiveRules } from "./live_rules.ts";

/** What sending needs. */
export interface SendDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list" | "atomic">;
  /** The log. */
  readonly log: Log;
  /** Called after events were stored, so that their deliveries need not wait. */
  readonly onEvents?: () => void;
}

/** Sends the messages that are due. Returns how many. */
export async function sendMessages(
  { kv, log, onEvents }: SendDeps,
  rules: Pick<LiveRules, "all">,
  { memory, nowMs }: { memory: AlertMemory; nowMs: number },
): Promise<number> {
  let sent = 0;
  const counts = new Map<string, number>();
  // Groups are in the order in which they were opened. Of two messages of an alert the later one has the
  // later time, so that they are delivered in this order.
  const groups = memory.groups().toSorted((one, other) => one.group.dueMs - other.group.dueMs);
  for (const entry of groups) {
    const { group } = entry;
    const live = rules.all().get(group.alertId);
    if (group.dueMs > nowMs || live === undefined) continue;
    const members = await listAlertMembers(kv, group.id);
    const op = kv.atomic().check(entry);
    stageAlertGroupDelete(op, entry);
    const { id, transition } = group;
    const before = counts.get(group.alertId) ?? 0;
    counts.set(group.alertId, before + 1);
    if (live.isActive && members.length > 0) {
      const atMs = nowMs + before;
      stageEvent(op, messageEvent(live.rule, { id, transition, members, atMs }));
    }
    if (!(await op.commit()).ok) {
      await memory.reload([]);
      continue;
    }
    memory.forgetGroup(group.alertId, transition);
    sent++;
    log("info", "alert message", { alertId: group.alertId, transition, subjects: members.length });
    await deleteAlertMembers(kv, id);
  }
  if (sent > 0) onEvents?.();
  return sent;
}
