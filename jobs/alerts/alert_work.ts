/**
 * What the duty of alerts does in a round: it finds the subjects that may have changed, and judges them.
 *
 * @module
 */

import type { Kind } from "../../data/access/caller.ts";
import { isMetricCondition, type Subject } from "../../data/alerts/rule.ts";
import { type ProfileName, PROFILES } from "../../data/readings/profile.ts";
import type { Profiles } from "../../data/readings/profiles.ts";
import { endAlertPass, listAlertPasses } from "../../kv/alerts/passes.ts";
import { getAlertRule } from "../../kv/alerts/rules.ts";
import { deleteAlertStates, placeOfDue } from "../../kv/alerts/states.ts";
import { deleteAlertGroups } from "../../kv/alerts/groups.ts";
import { deleteDue, listCrowd } from "../../kv/jobs/due.ts";
import { clearTouched, listTouched, type Touched } from "../../kv/touched.ts";
import type { AlertMemory } from "./alert_memory.ts";
import type { Judge } from "./judge.ts";
import type { LiveRule, LiveRules } from "./live_rules.ts";
import {
  findSubjects,
  type FoundSubject,
  listSubjects,
  type SubjectDeps,
} from "../../kv/alerts/subjects.ts";

/** Touched things and due entries that are read at a time. */
const READ_BATCH = 500;

/** What the work needs. */
export interface AlertWorkDeps extends SubjectDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list" | "atomic">;
  /** Most checks of one commit. */
  readonly maxChecks: number;
  /** The profiles. */
  readonly profiles: Pick<Profiles, "get" | "ofDevices" | "list">;
  /** The rules in use. */
  readonly rules: LiveRules;
  /** Judges subjects. */
  readonly judge: Judge;
  /** The states and groups. */
  readonly memory: AlertMemory;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** Whether a round must end. */
export type IsOver = () => boolean;

/** Stores that were judged, after everything up to a version was written. */
export interface JudgedStores {
  /** The version. */
  readonly upTo: string;
  /** The ids. */
  readonly ids: ReadonlySet<string>;
}

/** The work of a process that holds the lease. */
export interface AlertWork {
  /** The profiles whose readings some rule is about. */
  profiles(): Set<ProfileName>;
  /** Asks for a pass over all subjects of a rule. It is forgotten if the process dies. */
  askPass(alertId: string): void;
  /** Judges all subjects of the rules for which a pass was asked; forgets rules that were deleted. */
  runPasses(isOver: IsOver, signal: AbortSignal): Promise<void>;
  /**
   * Judges what was touched, except stores that were judged since. `between` runs now and then, so that
   * others need not wait for all of it.
   */
  judgeTouched(
    isOver: IsOver,
    signal: AbortSignal,
    options: { readonly judged: JudgedStores; readonly between: () => Promise<void> },
  ): Promise<void>;
  /** Judges the subjects whose time has come. */
  judgeDue(isOver: IsOver, signal: AbortSignal): Promise<void>;
  /** Judges series that changed; also what came and went since the look before, if there was one. */
  judgeChanges(
    changed: ReadonlyMap<ProfileName, readonly string[]>,
    look: { readonly sinceMs?: number; readonly signal: AbortSignal },
  ): Promise<void>;
  /** Judges again what changed while it was judged. */
  judgeAgain(signal: AbortSignal): Promise<void>;
}

/** Creates the work of one holding of the lease. */
export function createAlertWork(deps: AlertWorkDeps): AlertWork {
  const { kv, rules, memory, now } = deps;
  const asked = new Set<string>();
  let again = new Map<string, Set<string>>();
  let windowsRevision = rules.revision();

  /** Judges subjects of a rule, and notes those that have to be judged again. */
  async function judgeIds(
    live: LiveRule,
    { ids, found }: { ids: readonly string[]; found: ReadonlyMap<string, FoundSubject> },
    signal: AbortSignal,
    sinceMs?: number,
  ): Promise<void> {
    if (ids.length === 0) return;
    const moment = { nowMs: now(), sinceMs, signal };
    const failed = await deps.judge.judge(memory, { live, ids, found }, moment);
    if (failed.length === 0) return;
    again.set(live.rule.id, new Set([...again.get(live.rule.id) ?? [], ...failed]));
  }

  async function findAndJudge(
    live: LiveRule,
    ids: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    if (ids.length === 0) return;
    const found = await findSubjects(deps, live.rule.scope.kind, ids);
    await judgeIds(live, { ids, found }, signal);
  }

  /** Judges all subjects of a rule, and those that were some. */
  async function pass(live: LiveRule, signal: AbortSignal): Promise<void> {
    const { rule } = live;
    const left = new Set(memory.states(rule.id).keys());
    if (live.isActive) {
      for await (const subjects of listSubjects(deps, rule.scope)) {
        const found = new Map(subjects.map((subject) => [subject.id, subject]));
        const ids = [...found.keys()].filter((id) => live.mayHave(rule.scope.kind, id));
        ids.forEach((id) => left.delete(id));
        await judgeIds(live, { ids, found }, signal);
      }
    }
    await judgeIds(live, { ids: [...left], found: new Map() }, signal);
  }

  /** After a change of rules or windows, subjects that nobody was told of may not be muted any more. */
  async function judgeUntold(signal: AbortSignal): Promise<void> {
    if (windowsRevision === rules.revision()) return;
    windowsRevision = rules.revision();
    for (const live of rules.all().values()) {
      const untold = [...memory.states(live.rule.id)].filter(([, { state }]) =>
        state.state === "firing" && !state.isTold
      );
      await findAndJudge(live, untold.map(([id]) => id), signal);
    }
  }

  async function judgeTouchedOf(
    kind: Touched["kind"],
    touched: readonly Touched[],
    signal: AbortSignal,
  ): Promise<void> {
    const touchOf = new Map(touched.map(({ id, touch }) => [id, touch]));
    const found = await findSubjects(deps, kind, [...touchOf.keys()]);
    for (const live of rules.all().values()) {
      if (live.rule.scope.kind !== kind) continue;
      const ids = [...touchOf].filter(([id, touch]) =>
        (touch === "changed" || live.rule.condition.type === "offline") &&
        (live.mayHave(kind, id) || memory.state({ alertId: live.rule.id, id }) !== null)
      ).map(([id]) => id);
      await judgeIds(live, { ids, found }, signal);
    }
  }

  return {
    profiles: () => profilesOf(deps),
    askPass: (alertId) => void asked.add(alertId),
    async runPasses(isOver, signal) {
      await judgeUntold(signal);
      for (const one of await listAlertPasses(kv)) {
        if (isOver()) return;
        const live = rules.all().get(one.id);
        const entry = await getAlertRule(kv, one.id);
        // It was made or changed a moment ago: the next round knows it.
        if (entry !== null && entry.versionstamp !== live?.entry?.versionstamp) continue;
        if (live !== undefined && entry !== null) await pass(live, signal);
        else {
          await deleteAlertStates(kv, one.id);
          await deleteAlertGroups(kv, one.id);
          memory.forget(one.id);
        }
        await endAlertPass(kv, one);
      }
      for (const id of asked) {
        if (isOver()) return;
        const live = rules.all().get(id);
        if (live !== undefined) await pass(live, signal);
        asked.delete(id);
      }
    },
    async judgeTouched(isOver, signal, { judged, between }) {
      for (let isMore = true; isMore && !isOver();) {
        const touched = await listTouched(kv, READ_BATCH);
        const left = touched.filter(({ kind, id, versionstamp }) =>
          kind !== "store" || versionstamp > judged.upTo || !judged.ids.has(id)
        );
        for (const [kind, ofKind] of Map.groupBy(left, (one) => one.kind)) {
          await judgeTouchedOf(kind, ofKind, signal);
        }
        await clearTouched(kv, touched, deps.maxChecks);
        isMore = touched.length === READ_BATCH;
        if (isMore) await between();
      }
    },
    async judgeDue(isOver, signal) {
      for (let fromMs = -Infinity, isMore = true; isMore && !isOver();) {
        const dues = await listCrowd(kv, "alert", { fromMs, upToMs: now(), limit: READ_BATCH });
        const stale = dues.filter((due) => {
          const state = memory.state(placeOfDue(due))?.state;
          return state?.dueMs !== due.atMs && rules.all().has(placeOfDue(due).alertId);
        });
        await deleteDue(kv, stale);
        const current = dues.filter((due) => !stale.includes(due)).map(placeOfDue);
        for (const [alertId, places] of Map.groupBy(current, (place) => place.alertId)) {
          const live = rules.all().get(alertId);
          if (live !== undefined) await findAndJudge(live, places.map(({ id }) => id), signal);
        }
        isMore = dues.length === READ_BATCH && dues[dues.length - 1].atMs > fromMs;
        fromMs = dues.at(-1)?.atMs ?? fromMs;
      }
    },
    async judgeChanges(changed, look) {
      for (const [profile, ids] of changed) {
        const kinds = await kindsOf(deps, profile, ids);
        for (const [kind, found] of kinds) {
          for (const live of rules.all().values()) {
            const concerned = ids.filter((id) => isConcerned(live, { kind, id, memory, found }));
            await judgeIds(live, { ids: concerned, found }, look.signal, look.sinceMs);
          }
        }
      }
    },
    async judgeAgain(signal) {
      const before = again;
      again = new Map();
      for (const [alertId, ids] of before) {
        const live = rules.all().get(alertId);
        if (live !== undefined) await findAndJudge(live, [...ids], signal);
      }
    },
  };
}

/** Whether changed readings of a series may change the state of a subject. */
function isConcerned(
  live: LiveRule,
  { kind, id, memory, found }: {
    kind: Kind;
    id: string;
    memory: AlertMemory;
    found: ReadonlyMap<string, FoundSubject>;
  },
): boolean {
  const { rule } = live;
  if (rule.scope.kind !== kind || rule.condition.type === "offline") return false;
  const state = memory.state({ alertId: rule.id, id })?.state ?? null;
  const subject = found.get(id);
  if (subject === undefined || !live.watches(subject)) return state !== null;
  // A silence that has not begun waits for its time: more readings only postpone it.
  return rule.condition.type !== "no_data" || state === null || state.state !== "ok" ||
    state.dueMs === null;
}

/** What has series of a profile: devices, meters or stores, as found by the ids of the series. */
async function kindsOf(
  deps: AlertWorkDeps,
  profile: ProfileName,
  ids: readonly string[],
): Promise<[Kind, Map<string, FoundSubject>][]> {
  if (profile === PROFILES.site.name) return [["store", await findSubjects(deps, "store", ids)]];
  const own = ([, subject]: [string, Subject]) => subject.profile === profile;
  const find = async (kind: Kind) =>
    new Map([...await findSubjects(deps, kind, ids)].filter((entry) => own(entry)));
  if (profile === PROFILES.meter.name) return [["meter", await find("meter")]];
  const devices: [Kind, Map<string, FoundSubject>] = ["device", await find("device")];
  if (deps.profiles.get(profile)?.life === undefined) return [devices];
  return [devices, ["meter", await find("meter")]];
}

/** The profiles whose readings some rule is about. */
function profilesOf({ profiles, rules }: AlertWorkDeps): Set<ProfileName> {
  const all = new Set<ProfileName>();
  for (const { isActive, rule: { scope, condition } } of rules.all().values()) {
    if (!isActive || condition.type === "offline") continue;
    if (scope.kind === "store") {
      all.add(PROFILES.site.name);
      continue;
    }
    const candidates = scope.kind === "device"
      ? profiles.ofDevices()
      : profiles.list().filter(({ name, life }) =>
        name === PROFILES.meter.name || life !== undefined
      );
    for (const { name, metrics } of candidates) {
      const hasMetric = !isMetricCondition(condition) ||
        metrics.some((metric) => metric.name === condition.metric);
      if (hasMetric && (scope.profile === null || scope.profile === name)) all.add(name);
    }
  }
  return all;
}
