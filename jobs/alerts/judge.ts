/**
 * Judging subjects: from what is stored of them to their next states.
 *
 * @module
 */

import { mutedUntilMs } from "../../data/alerts/maintenance.ts";
import { type AlertState, holdMs, LEFT, step } from "../../data/alerts/step.ts";
import { type Signal, signalAt } from "../../data/alerts/timeline.ts";
import { DAY_MS } from "../../data/limits.ts";
import type { AlertMemory } from "./alert_memory.ts";
import { type CommitDeps, commitSteps, type Outcome } from "./commit_steps.ts";
import type { LiveRule, LiveRules } from "./live_rules.ts";
import type { Moment, TimelineReader, TimelineRequest } from "./read_timelines.ts";
import { STORE_RULE, storeEvent } from "./store_alerts.ts";
import type { FoundSubject } from "../../kv/alerts/subjects.ts";

/** Subjects whose next states are stored together. */
const BATCH = 200;
/** When a store is looked at again whose business hours are too few to say more, milliseconds. */
const LOOK_AGAIN_MS = DAY_MS;

/** What judging needs. */
export interface JudgeDeps extends CommitDeps {
  /** Reads what states are made of. */
  readonly reader: TimelineReader;
}

/** What a rule is judged for. */
export interface Case {
  /** The rule. */
  readonly live: LiveRule;
  /** The ids of the subjects. */
  readonly ids: readonly string[];
  /** The subjects that exist, by id. */
  readonly found: ReadonlyMap<string, FoundSubject>;
}

/** Judges. */
export interface Judge {
  /**
   * Judges subjects of a rule and stores their next states. Subjects that the rule does not watch (any
   * more) leave. Returns those that have to be judged again.
   */
  judge(memory: AlertMemory, one: Case, moment: Moment): Promise<string[]>;
}

/** Creates a judge of the rules. */
export function createJudge(deps: JudgeDeps, rules: Pick<LiveRules, "windows">): Judge {
  return {
    async judge(memory, { live, ids, found }, moment) {
      const failed: string[] = [];
      const ownEvent = live.rule.id === STORE_RULE.id
        ? (outcome: Outcome) => storeEvent(outcome, deps.now())
        : null;
      for (let at = 0; at < ids.length; at += BATCH) {
        moment.signal.throwIfAborted();
        const batch = { live, found, ids: ids.slice(at, at + BATCH) };
        const outcomes = await outcomesOf(deps, rules, { memory, batch, moment });
        failed.push(...await commitSteps(deps, { live, memory, ownEvent }, outcomes));
      }
      return failed;
    },
  };
}

async function outcomesOf(
  { reader }: JudgeDeps,
  rules: Pick<LiveRules, "windows">,
  { memory, batch: { live, ids, found }, moment }: {
    memory: AlertMemory;
    batch: Case;
    moment: Moment;
  },
): Promise<Outcome[]> {
  const { rule } = live;
  const outcomes: Outcome[] = [];
  const requests: TimelineRequest[] = [];
  const stateOf = (id: string) => memory.state({ alertId: rule.id, id })?.state ?? null;
  for (const id of ids) {
    const subject = found.get(id);
    const state = stateOf(id);
    if (subject !== undefined && live.watches(subject)) {
      const isFiring = state?.state === "firing";
      const needs = { forMs: rule.condition.forMs, holdMs: isFiring ? holdMs(rule, state) : null };
      requests.push({ subject, needs });
    } else if (state !== null) outcomes.push({ id, ...LEFT });
  }
  const timelines = await reader.read(rule.condition, requests, moment);
  for (const [index, { subject }] of requests.entries()) {
    const { id } = subject;
    const before = stateOf(id);
    const timeline = timelines[index];
    if (timeline === null) {
      if (before !== null) outcomes.push({ id, ...LEFT });
      continue;
    }
    const { nowMs } = moment;
    const signal = signalAt(timeline, nowMs);
    // Undecided, such as a value between two limits: it stays as it is.
    if (signal === null) continue;
    const untilMs = rule.id === STORE_RULE.id
      ? null
      : mutedUntilMs(rules.windows(), { alert: rule, subject }, nowMs);
    const context = { nowMs, mutedUntilMs: untilMs, signal: lookedAgain(signal, nowMs) };
    const result = step(rule, before, context);
    if (result.transition !== null || !isSame(before, result.next)) {
      outcomes.push({ id, ...result });
    }
  }
  return outcomes;
}

/** A condition that holds, but for which no time is known at which it has held long enough. */
function lookedAgain(signal: Signal, nowMs: number): Signal {
  if (!signal.holds || signal.ripeMs !== Infinity || signal.nextMs !== null) return signal;
  return { ...signal, nextMs: nowMs + LOOK_AGAIN_MS };
}

// Both are made in the same order of fields.
function isSame(one: AlertState | null, other: AlertState | null): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
