/**
 * The rules and maintenance windows as the duty of alerts uses them: kept in memory, and read again when
 * one of them changed. A rule watches what its owner may touch, and rests while its owner does not count.
 *
 * @module
 */

import type { Caller, Kind } from "../../data/access/caller.ts";
import type { MaintenanceWindow } from "../../data/alerts/maintenance.ts";
import { type AlertRule, isInScope, mayHaveId } from "../../data/alerts/rule.ts";
import { type FindOwner, watcherOf } from "../../data/alerts/watcher.ts";
import { listMaintenance } from "../../kv/alerts/maintenance.ts";
import { type AlertRuleEntry, lastAlertChange, listAlertRules } from "../../kv/alerts/rules.ts";
import type { FoundSubject } from "../../kv/alerts/subjects.ts";

/** What finding the owner of a rule needs. */
export interface OwnerDeps {
  /** Finds the caller that an owner stands for now. */
  readonly findOwner: FindOwner;
}

/** What the rules need. */
export interface LiveRuleDeps extends OwnerDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list">;
}

/** A rule in use. */
export interface LiveRule {
  /** The rule. */
  readonly rule: AlertRule;
  /** The entry of the rule, for checks; null for the one that is built in. */
  readonly entry: Pick<AlertRuleEntry, "key" | "versionstamp"> | null;
  /** Whether it is evaluated: it is enabled, and its owner counts. */
  readonly isActive: boolean;
  /** Whether a subject may have this id, whatever else is known of it. */
  mayHave(kind: Kind, id: string): boolean;
  /** Whether it watches a subject. */
  watches(subject: FoundSubject): boolean;
}

/** The rules in use. */
export interface LiveRules {
  /**
   * Reads what changed. Returns the ids of the rules that watch something else than before, for another
   * reason than a change of the rule: their owner may touch other ids, or counts no more, or again.
   */
  refresh(): Promise<string[]>;
  /** The rules that are evaluated, by id. */
  all(): ReadonlyMap<string, LiveRule>;
  /** The maintenance windows. */
  windows(): readonly MaintenanceWindow[];
  /** Grows whenever a rule or a window changed. */
  revision(): number;
}

/** Creates a set without rules, besides those that are built in. */
export function createLiveRules(deps: LiveRuleDeps, builtIn: readonly AlertRule[]): LiveRules {
  const { kv } = deps;
  let version: string | null | undefined;
  let entries: readonly AlertRuleEntry[] = [];
  let windows: readonly MaintenanceWindow[] = [];
  let revision = 0;
  let rules = new Map<string, LiveRule>();
  let reaches = new Map<string, string>();
  return {
    async refresh() {
      const current = await lastAlertChange(kv);
      const isChanged = current !== version;
      if (isChanged) {
        entries = await listAlertRules(kv);
        windows = (await listMaintenance(kv)).map(({ window }) => window);
        version = current;
        revision++;
      }
      const callers = new Map<string, Caller | null | undefined>();
      for (const { rule: { owner } } of entries) {
        if (!callers.has(owner)) callers.set(owner, await deps.findOwner(owner));
      }
      const before = reaches;
      reaches = new Map();
      rules = new Map(builtIn.map((rule) => [rule.id, liveRule(rule, null, undefined)]));
      for (const entry of entries) {
        const { rule } = entry;
        const caller = callers.get(rule.owner);
        rules.set(rule.id, liveRule(rule, entry, caller));
        reaches.set(rule.id, JSON.stringify(caller === undefined ? 0 : caller?.patterns ?? null));
      }
      return [...reaches].filter(([id, reach]) => before.has(id) && before.get(id) !== reach)
        .map(([id]) => id);
    },
    all: () => rules,
    windows: () => windows,
    revision: () => revision,
  };
}

function liveRule(
  rule: AlertRule,
  entry: AlertRuleEntry | null,
  found: Caller | null | undefined,
): LiveRule {
  const caller = watcherOf(found, rule);
  const isActive = rule.isEnabled && caller !== null;
  return {
    rule,
    entry,
    isActive,
    mayHave: (kind, id) =>
      isActive && rule.scope.kind === kind && mayHaveId(rule.scope, id) &&
      caller.mayTouch(kind, id),
    watches: (subject) =>
      isActive && isInScope(rule.scope, subject) && caller.mayTouch(subject.kind, subject.id),
  };
}
