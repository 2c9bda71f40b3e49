/**
 * Transitions that wait for their message. One message reports all transitions of a rule, of one kind,
 * from the first one until its group is due.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["alert_group", "open", alertId, transition]` | {@link AlertGroup} | the commit of the first transition; deleted in the commit of the message |
 * | `["alert_group", "member", groupId, subjectId]` | the transition of a subject | the commit of the transition; deleted after the message |
 *
 * A commit of transitions checks the open group. So each transition is in exactly one message.
 *
 * @module
 */

import { z } from "zod";
import type { Member } from "../../data/alerts/message.ts";
import type { Transition } from "../../data/alerts/step.ts";
import { packStages, type Stage, type Staging } from "../budget.ts";

const SPACE = "alert_group";
const OPEN = "open", MEMBER = "member";
const LIST_BATCH = 500;

const groupSchema = z.object({ v: z.literal(1), id: z.string(), dueMs: z.number() });

const memberSchema = z.object({
  v: z.literal(1),
  sinceMs: z.number(),
  value: z.number().nullable(),
  isFlapping: z.boolean(),
});

/** A group that is open. */
export interface AlertGroup {
  /** The id of its message. */
  readonly id: string;
  /** The rule. */
  readonly alertId: string;
  /** What its members have in common. */
  readonly transition: Transition;
  /** When its message is due, epoch milliseconds. */
  readonly dueMs: number;
}

/** A group and the version at which it was read. */
export interface AlertGroupEntry {
  /** The group. */
  readonly group: AlertGroup;
  /** Its key, for checks. */
  readonly key: Deno.KvKey;
  /** The version of its only change. */
  readonly versionstamp: string;
}

/** All groups that are open. */
export async function listAlertGroups(kv: Pick<Deno.Kv, "list">): Promise<AlertGroupEntry[]> {
  return await Array.fromAsync(
    kv.list({ prefix: [SPACE, OPEN] }, { batchSize: LIST_BATCH }),
    ({ key, value, versionstamp }) => {
      const { id, dueMs } = groupSchema.parse(value);
      const transition = key[3] === "firing" ? "firing" : "resolved";
      return {
        group: { id, dueMs, alertId: String(key[2]), transition },
        key,
        versionstamp,
      };
    },
  );
}

/** The key of the open group of a rule, for checks. */
export function alertGroupKey(alertId: string, transition: Transition): Deno.KvKey {
  return [SPACE, OPEN, alertId, transition];
}

/** Opens a group. */
export function stageAlertGroup(op: Staging, { id, dueMs, alertId, transition }: AlertGroup): void {
  op.set(alertGroupKey(alertId, transition), { v: 1, id, dueMs });
}

/** Closes a group, in the commit of its message. */
export function stageAlertGroupDelete(op: Staging, { key }: Pick<AlertGroupEntry, "key">): void {
  op.delete(key);
}

/** Adds a transition to a group. */
export function stageAlertMember(op: Staging, groupId: string, { id, ...member }: Member): void {
  op.set([SPACE, MEMBER, groupId, id], { v: 1, ...member });
}

/** The transitions of a group in the order of subjects. */
export async function listAlertMembers(
  kv: Pick<Deno.Kv, "list">,
  groupId: string,
): Promise<Member[]> {
  return await Array.fromAsync(
    kv.list({ prefix: [SPACE, MEMBER, groupId] }, { batchSize: LIST_BATCH }),
    ({ key, value }) => {
      const { v: _, ...member } = memberSchema.parse(value);
      return { id: String(key[3]), ...member };
    },
  );
}

/** Closes the groups of a rule that is gone, without a message. */
export async function deleteAlertGroups(
  kv: Pick<Deno.Kv, "list" | "atomic">,
  alertId: string,
): Promise<void> {
  for (const { group, key } of await listAlertGroups(kv)) {
    if (group.alertId !== alertId) continue;
    await kv.atomic().delete(key).commit();
    await deleteAlertMembers(kv, group.id);
  }
}

/** Deletes the transitions of groups that are not open; null for those of all such groups. */
export async function deleteAlertMembers(
  kv: Pick<Deno.Kv, "list" | "atomic">,
  groupId: string | null,
): Promise<void> {
  const open = new Set((await listAlertGroups(kv)).map(({ group }) => group.id));
  const prefix = groupId === null ? [SPACE, MEMBER] : [SPACE, MEMBER, groupId];
  const stages: Stage[] = [];
  for await (const { key } of kv.list({ prefix }, { batchSize: LIST_BATCH })) {
    if (!open.has(String(key[2]))) stages.push((op) => op.delete(key));
  }
  for (const commit of packStages(stages)) {
    const op = kv.atomic();
    commit.forEach((stage) => stage(op));
    await op.commit();
  }
}
