/**
 * Storing the next states of subjects, each in one commit with what reports it: its place in the group
 * of a message, or an event of its own.
 *
 * Each commit checks the rule, the states that it replaces and the open groups. So a transition is
 * stored once, however many processes judge it, and nothing is stored for a rule that was changed or
 * deleted meanwhile.
 *
 * @module
 */

import { type DomainEvent, eventId } from "../../data/events/event.ts";
import type { Member } from "../../data/alerts/message.ts";
import type { AlertState, Step, Transition } from "../../data/alerts/step.ts";
import { type Cost, costOf, packByCost } from "../../kv/budget.ts";
import { stageEvent } from "../../kv/events/outbox.ts";
import {
  type AlertGroup,
  alertGroupKey,
  stageAlertGroup,
  stageAlertMember,
} from "../../kv/alerts/groups.ts";
import { stageAlertRuleCheck } from "../../kv/alerts/rules.ts";
import { stageAlertState, stageAlertStateCheck } from "../../kv/alerts/states.ts";
import type { AlertMemory } from "./alert_memory.ts";
import type { LiveRule } from "./live_rules.ts";

/** Checks of a commit besides those of states: of the rule, and of two groups. */
const OTHER_CHECKS = 3;

/** What storing needs. */
export interface CommitDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list" | "atomic">;
  /** Most checks of one commit. */
  readonly maxChecks: number;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** The next state of a subject of a rule. */
export interface Outcome extends Step {
  /** The id of the subject. */
  readonly id: string;
}

/** The event of a transition that has one of its own; null for none. */
export type OwnEvent = (outcome: Outcome) => DomainEvent | null;

/** A group that a commit adds to, and whether it opens it. */
interface UsedGroup {
  readonly group: AlertGroup;
  readonly isNew: boolean;
  readonly versionstamp: string | null;
}

/**
 * Stores outcomes of a rule. Returns the subjects whose commit failed, because something changed since
 * it was read; they are read again, to be judged again.
 */
export async function commitSteps(
  deps: CommitDeps,
  { live, memory, ownEvent }: { live: LiveRule; memory: AlertMemory; ownEvent: OwnEvent | null },
  outcomes: readonly Outcome[],
): Promise<string[]> {
  const failed: string[] = [];
  const most = Math.max(1, deps.maxChecks - OTHER_CHECKS);
  const costly = outcomes.map((outcome) => ({
    outcome,
    cost: roughCost(live, memory, outcome, ownEvent),
  }));
  for (const pack of packByCost(costly, { most })) {
    const group = pack.map(({ outcome }) => outcome);
    if (!await commitPack(deps, { live, memory, ownEvent }, group)) {
      failed.push(...group.map(({ id }) => id));
    }
  }
  if (failed.length > 0) {
    await memory.reload(failed.map((id) => ({ alertId: live.rule.id, id })));
  }
  return failed;
}

async function commitPack(
  { kv, now }: CommitDeps,
  { live, memory, ownEvent }: { live: LiveRule; memory: AlertMemory; ownEvent: OwnEvent | null },
  outcomes: readonly Outcome[],
): Promise<boolean> {
  const alertId = live.rule.id;
  const op = kv.atomic();
  if (live.entry !== null) stageAlertRuleCheck(op, live.entry);
  const used = new Map<Transition, UsedGroup>();
  for (const outcome of outcomes) {
    const { id, next, transition } = outcome;
    const stored = memory.state({ alertId, id });
    stageAlertStateCheck(op, { alertId, id }, stored);
    stageAlertState(op, { alertId, id }, { from: stored?.state ?? null, to: next });
    if (transition === null) continue;
    if (ownEvent !== null) {
      const event = ownEvent(outcome);
      if (event !== null) stageEvent(op, event);
      continue;
    }
    const group = used.get(transition) ??
      usedGroup({ live, memory, transition, firstId: id, nowMs: now() });
    used.set(transition, group);
    stageAlertMember(op, group.group.id, memberOf(outcome, stored?.state ?? null, now()));
  }
  for (const [transition, { group, isNew, versionstamp }] of used) {
    op.check({ key: alertGroupKey(alertId, transition), versionstamp });
    if (isNew) stageAlertGroup(op, group);
  }
  const result = await op.commit();
  if (!result.ok) return false;
  const { versionstamp } = result;
  for (const { id, next, transition } of outcomes) {
    memory.setState({ alertId, id }, { state: next, versionstamp });
    const group = transition === null ? undefined : used.get(transition);
    if (group !== undefined) memory.addMember(group.group.id, id);
  }
  for (const [transition, { group, isNew }] of used) {
    const key = alertGroupKey(alertId, transition);
    if (isNew) memory.setGroup({ group, key, versionstamp });
  }
  return true;
}

function usedGroup({ live: { rule }, memory, transition, firstId, nowMs }: {
  live: LiveRule;
  memory: AlertMemory;
  transition: Transition;
  firstId: string;
  nowMs: number;
}): UsedGroup {
  const open = memory.group(rule.id, transition);
  if (open !== null) return { group: open.group, isNew: false, versionstamp: open.versionstamp };
  const id = eventId({
    type: `alert.${transition}`,
    subject: { kind: "alert", id: rule.id },
    cause: `${nowMs} ${firstId}`,
  });
  const group = { id, alertId: rule.id, transition, dueMs: nowMs + rule.groupMs };
  return { group, isNew: true, versionstamp: null };
}

function memberOf({ id, reached }: Outcome, before: AlertState | null, nowMs: number): Member {
  const { sinceMs = nowMs, value = null, isFlapping = false } = reached ?? {};
  return { id, sinceMs, value, isFlapping: isFlapping || before?.isFlapping === true };
}

function roughCost(
  live: LiveRule,
  memory: AlertMemory,
  outcome: Outcome,
  ownEvent: OwnEvent | null,
): Cost {
  const { id, next } = outcome;
  const { rule: { id: alertId } } = live;
  const from = memory.state({ alertId, id })?.state ?? null;
  return costOf((op) => {
    stageAlertState(op, { alertId, id }, { from, to: next });
    if (outcome.transition === null) return;
    const event = ownEvent?.(outcome) ?? null;
    if (event !== null) stageEvent(op, event);
    else stageAlertMember(op, eventId(LONGEST), memberOf(outcome, from, 0));
  });
}

/** Every id of an event is as long as this one. */
const LONGEST = { type: "alert.firing", subject: { kind: "alert", id: "" }, cause: "" } as const;
