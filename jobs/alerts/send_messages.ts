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

/**
 * Sends the messages that are due, or all that wait of one rule: a subject that waits in one group must
 * not get into the other before that message is sent. Returns how many.
 */
export async function sendMessages(
  { kv, log, onEvents }: SendDeps,
  rules: Pick<LiveRules, "all">,
  { memory, nowMs, alertId }: { memory: AlertMemory; nowMs: number; alertId?: string },
): Promise<number> {
  let sent = 0;
  // Groups are in the order in which they were opened. Of two messages of an alert the later one has the
  // later time, so that they are delivered in this order.
  const groups = memory.groups().toSorted((one, other) => one.group.dueMs - other.group.dueMs);
  for (const entry of groups) {
    const { group } = entry;
    const live = rules.all().get(group.alertId);
    const isWanted = alertId === undefined ? group.dueMs <= nowMs : group.alertId === alertId;
    if (!isWanted || live === undefined) continue;
    const members = await listAlertMembers(kv, group.id);
    const op = kv.atomic().check(entry);
    stageAlertGroupDelete(op, entry);
    const { id, transition } = group;
    if (live.isActive && members.length > 0) {
      const atMs = memory.messageMs(group.alertId, nowMs);
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
