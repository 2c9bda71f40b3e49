/**
 * Judging subjects: from what is stored of them to their next states.
 *
 * @module
 */

import { mutedUntilMs } from "../../data/alerts/maintenance.ts";
import { type AlertRule, isMetricCondition } from "../../data/alerts/rule.ts";
import { walk } from "../../data/alerts/simulate.ts";
import { type AlertState, holdMs, LEFT, type Step, step } from "../../data/alerts/step.ts";
import { type Signal, signalAt, type Timeline } from "../../data/alerts/timeline.ts";
import { DAY_MS, MINUTE_MS } from "../../data/limits.ts";
import type { AlertMemory } from "./alert_memory.ts";
import { type CommitDeps, commitSteps, type Outcome } from "./commit_steps.ts";
import type { LiveRule, LiveRules } from "./live_rules.ts";
import type { Moment, TimelineRequest } from "./read_back.ts";
import type { TimelineReader } from "./read_timelines.ts";
import { type SendDeps, sendMessages } from "./send_messages.ts";
import { STORE_RULE, storeEvent } from "./store_alerts.ts";
import type { FoundSubject } from "../../kv/alerts/subjects.ts";

/** Subjects whose next states are stored together. */
const BATCH = 200;
/** When a store is looked at again whose business hours are too few to say more, milliseconds. */
const LOOK_AGAIN_MS = DAY_MS;

/** How far back values are judged that came and went between two looks, milliseconds. */
const MAKE_UP_MS = 5 * MINUTE_MS;
/** How many of their transitions are reported at most. */
const MAKE_UP_STEPS = 20;

/** What judging needs. */
export interface JudgeDeps extends CommitDeps, SendDeps {
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
export function createJudge(deps: JudgeDeps, rules: Pick<LiveRules, "all" | "windows">): Judge {
  return {
    async judge(memory, { live, ids, found }, moment) {
      const failed: string[] = [];
      const ownEvent = live.rule.id === STORE_RULE.id
        ? (outcome: Outcome) => storeEvent(outcome, deps.now())
        : null;
      for (let at = 0; at < ids.length; at += BATCH) {
        moment.signal.throwIfAborted();
        const batch = { live, found, ids: ids.slice(at, at + BATCH) };
        let waves = await outcomesOf(deps, rules, { memory, batch, moment });
        // A subject that fired and was resolved since has more than one step.
        while (waves.length > 0) {
          const first = waves.flatMap((steps) => steps.slice(0, 1));
          if (first.some((outcome) => waitsElsewhere(memory, live, outcome))) {
            await sendMessages(deps, rules, {
              memory,
              nowMs: deps.now(),
              alertId: live.rule.id,
            });
          }
          const left = await commitSteps(deps, { live, memory, ownEvent }, first);
          failed.push(...left);
          waves = waves.map((steps) => left.includes(steps[0].id) ? [] : steps.slice(1))
            .filter((steps) => steps.length > 0);
        }
      }
      return failed;
    },
  };
}

/** Whether the transition of a subject that came before this one is not in a message yet. */
function waitsElsewhere(
  memory: AlertMemory,
  { rule }: LiveRule,
  { id, transition }: Outcome,
): boolean {
  if (transition === null) return false;
  const other = transition === "firing" ? "resolved" : "firing";
  return memory.isMember({ alertId: rule.id, id }, other);
}

async function outcomesOf(
  { reader }: JudgeDeps,
  rules: Pick<LiveRules, "windows">,
  { memory, batch: { live, ids, found }, moment }: {
    memory: AlertMemory;
    batch: Case;
    moment: Moment;
  },
): Promise<Outcome[][]> {
  const { rule } = live;
  const outcomes: Outcome[][] = [];
  const requests: TimelineRequest[] = [];
  const stateOf = (id: string) => memory.state({ alertId: rule.id, id })?.state ?? null;
  for (const id of ids) {
    const subject = found.get(id);
    const state = stateOf(id);
    if (subject !== undefined && live.watches(subject)) {
      const isFiring = state?.state === "firing";
      const needs = { forMs: rule.condition.forMs, holdMs: isFiring ? holdMs(rule, state) : null };
      requests.push({ subject, needs, hasState: state !== null });
    } else if (state !== null) outcomes.push([{ id, ...LEFT }]);
  }
  const timelines = await reader.read(rule.condition, requests, moment);
  for (const [index, { subject }] of requests.entries()) {
    const { id } = subject;
    const before = stateOf(id);
    const timeline = timelines[index];
    if (timeline === null) {
      if (before !== null) outcomes.push([{ id, ...LEFT }]);
      continue;
    }
    const steps = stepsOf(rules, { rule, subject, before, timeline }, moment);
    if (steps.length > 0) outcomes.push(steps.map((one) => ({ id, ...one })));
  }
  return outcomes;
}

/** The steps of a subject up to now: those that report something, and the last one if it changes anything. */
function stepsOf(
  rules: Pick<LiveRules, "windows">,
  { rule, subject, before, timeline }: {
    rule: AlertRule;
    subject: FoundSubject;
    before: AlertState | null;
    timeline: Timeline;
  },
  { nowMs, sinceMs }: Moment,
): Step[] {
  const signal = signalAt(timeline, nowMs) ?? earlySignal(rule, { timeline, before }, nowMs);
  const untilMs = (timeMs: number) =>
    rule.id === STORE_RULE.id
      ? null
      : mutedUntilMs(rules.windows(), { alert: rule, subject }, timeMs);
  const told: Step[] = [];
  let stored = before, state = before;
  // A value may have come and gone since the last look.
  if (sinceMs !== undefined && isMetricCondition(rule.condition)) {
    const span = { fromMs: Math.max(sinceMs, nowMs - MAKE_UP_MS), toMs: nowMs };
    for (const one of walk(rule, timeline, { ...span, state, mutedUntilMs: untilMs })) {
      state = one.next;
      if (one.transition === null) continue;
      const { next, reached, transition } = one;
      told.push({ next, reached, transition });
      stored = next;
      if (told.length === MAKE_UP_STEPS) break;
    }
  }
  const context = { nowMs, mutedUntilMs: untilMs(nowMs), signal: lookedAgain(signal, nowMs) };
  const last = step(rule, state, context);
  const isChange = last.transition !== null || !isSame(stored, last.next);
  return isChange ? [...told, last] : told;
}

/**
 * The signal before the first turn. The condition does not hold, such as for readings that are all ahead
 * of the clock; but a state stays as it is whose cause may be older than what was read.
 */
function earlySignal(
  rule: AlertRule,
  { timeline: { turns, ripeMs, knownFromMs }, before }: {
    timeline: Timeline;
    before: AlertState | null;
  },
  nowMs: number,
): Signal {
  const causeMs = before === null || before.state === "ok"
    ? Infinity
    : before.sinceMs - (before.state === "firing" ? rule.condition.forMs : 0);
  const holds = causeMs < knownFromMs;
  const nextMs = turns.find((turn) => turn.holds !== holds)?.atMs ?? null;
  if (before !== null && (holds || before.state === "ok")) {
    const { state, sinceMs, value } = before;
    const ripeAtMs = !holds ? Infinity : state === "firing" ? sinceMs : ripeMs(sinceMs);
    return { holds, sinceMs, ripeMs: ripeAtMs, nextMs, pauseMs: 0, value };
  }
  // What has lost its cause is over at once.
  const sinceMs = before?.state === "firing" ? nowMs - holdMs(rule, before) : nowMs;
  return { holds, sinceMs, ripeMs: Infinity, nextMs, pauseMs: 0, value: null };
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
