/**
 * The duty of alerts over a database in memory, with a clock that tests move, and the parts that change
 * what it watches.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import { ANYONE, EVERY_ID } from "../../data/access/caller.ts";
import type { AlertRule, AlertSettings } from "../../data/alerts/rule.ts";
import type { MaintenanceWindow } from "../../data/alerts/maintenance.ts";
import type { AlertState } from "../../data/alerts/step.ts";
import { createProfiles } from "../../data/readings/profiles.ts";
import { alertDuty } from "../../jobs/alerts/alert_duty.ts";
import type { Duty } from "../../jobs/engine/duty_loop.ts";
import { listAlertStates } from "../../kv/alerts/states.ts";
import { stageMaintenance } from "../../kv/alerts/maintenance.ts";
import { stageAlertPass } from "../../kv/alerts/passes.ts";
import { stageAlertRule, stageAlertRuleDelete } from "../../kv/alerts/rules.ts";
import { maxChecks } from "../../kv/budget.ts";
import { listOutbox } from "../../kv/events/outbox.ts";
import type { OutboxRecord } from "../../kv/events/records.ts";
import { takeLease } from "../../kv/jobs/leases.ts";
import { createSeriesStore, type SeriesStore } from "../../kv/series/store.ts";

/** When the clock of a rig starts: a Sunday, 2024-03-10T00:00:00Z. */
export const START_MS: number = Date.UTC(2024, 2, 10);

/** A database and the duty over it. */
export interface AlertRig extends Disposable {
  /** The database. */
  readonly kv: Deno.Kv;
  /** The readings. */
  readonly series: SeriesStore;
  /** Epoch milliseconds of the rig. */
  now(): number;
  /** Moves the clock. */
  advance(ms: number): void;
  /** Runs a round of the duty, as the process of this name; by default of `one`. */
  round(owner?: string): Promise<void>;
  /** Moves the clock in steps, with a round after each. */
  pass(ms: number, stepMs?: number): Promise<void>;
  /** Makes or changes a rule. */
  setRule(
    rule: Partial<AlertRule> & Pick<AlertSettings, "scope" | "condition">,
  ): Promise<AlertRule>;
  /** Deletes a rule. */
  deleteRule(id: string): Promise<void>;
  /** Makes or changes a window. */
  setWindow(window: Partial<MaintenanceWindow> & Pick<MaintenanceWindow, "times">): Promise<void>;
  /** Starts the duty anew, as after a crash. */
  restart(): void;
  /** The states of a rule by subject. */
  states(alertId?: string): Promise<Record<string, AlertState["state"]>>;
  /** The events of alerts and stores so far. */
  events(): Promise<OutboxRecord[]>;
  /** The events so far, as `firing a,b`. */
  told(): Promise<string[]>;
  /** Writes values of a battery's state of charge, or of what the profile has first. */
  write(
    id: string,
    readings: readonly (readonly [atMs: number, value: number])[],
    profile?: string,
  ): Promise<void>;
}

/** A rule with these fields; the others are as in a test that does not care. */
export function ruleOf(
  change: Partial<AlertRule> & Pick<AlertSettings, "scope" | "condition">,
): AlertRule {
  return {
    id: "rule",
    name: "Rule",
    note: null,
    severity: "warning",
    isEnabled: true,
    resolveAfterMs: 0,
    groupMs: 0,
    damping: null,
    notify: { email: [], webhook: [] },
    owner: ANYONE,
    patterns: EVERY_ID,
    revision: 1,
    createdMs: START_MS,
    changedMs: START_MS,
    ...change,
  };
}

/** Everything with patterns of ids: whole kinds. */
export const ALL = { ids: null, deviceType: null, location: null, profile: null } as const;

/** Opens a rig. */
export async function openAlertRig(
  { kv, findOwner = () => undefined, isExclusive = true, asSeen = (series) => series }: {
    kv?: Deno.Kv;
    /** How the duty sees the readings. */
    asSeen?: (series: SeriesStore) => SeriesStore;
    findOwner?: (owner: string) => Caller | null | undefined;
    isExclusive?: boolean;
  } = {},
): Promise<AlertRig> {
  const database = kv ?? await Deno.openKv(":memory:");
  let nowMs = START_MS;
  const now = () => nowMs;
  const profiles = createProfiles();
  const series = createSeriesStore({ kv: database, now, profiles });
  const parts = {
    kv: database,
    series: asSeen(series),
    profiles,
    maxChecks: maxChecks(isExclusive),
    now,
    log: () => {},
    findOwner,
  };
  let duties = new Map<string, Duty>();
  const { signal } = new AbortController();

  async function events(): Promise<OutboxRecord[]> {
    const all = (await listOutbox(database, 10_000)).map(({ value }) => value);
    return all.filter(({ type }) => /^(alert|store)/.test(type));
  }

  async function round(owner = "one"): Promise<void> {
    const duty = duties.get(owner) ?? alertDuty(parts);
    duties.set(owner, duty);
    const lease = await takeLease(database, {
      name: duty.name,
      owner,
      nowMs,
      untilMs: nowMs + 30_000,
      isExclusive: true,
    });
    if (lease !== null) await duty.round({ signal, lease });
  }

  return {
    kv: database,
    series,
    now,
    advance(ms) {
      nowMs += ms;
    },
    round,
    async pass(ms, stepMs = 1_000) {
      for (const endMs = nowMs + ms; nowMs < endMs;) {
        nowMs = Math.min(endMs, nowMs + stepMs);
        await round();
      }
    },
    async setRule(change) {
      const rule = ruleOf(change);
      const op = database.atomic();
      stageAlertRule(op, rule);
      stageAlertPass(op, rule.id);
      await op.commit();
      return rule;
    },
    async deleteRule(id) {
      const op = database.atomic();
      stageAlertRuleDelete(op, id);
      stageAlertPass(op, id);
      await op.commit();
    },
    async setWindow(change) {
      const op = database.atomic();
      stageMaintenance(op, {
        id: "window",
        name: "Window",
        scopes: null,
        alerts: null,
        owner: ANYONE,
        patterns: EVERY_ID,
        createdMs: nowMs,
        changedMs: nowMs,
        ...change,
      });
      await op.commit();
    },
    restart() {
      duties = new Map();
    },
    async states(alertId = "rule") {
      const states: Record<string, AlertState["state"]> = {};
      for await (const { id, state } of listAlertStates(database, alertId)) {
        states[id] = state.state;
      }
      return states;
    },
    events,
    async told() {
      return (await events()).map(({ type, data }) =>
        `${type.split(".")[1]} ${"ids" in data ? String(data.ids) : data.store_id}`
      );
    },
    async write(id, readings, profile = "battery") {
      const sorted = readings.toSorted(([one], [other]) => one - other);
      const width = profiles.get(profile)?.metrics.length ?? 1;
      await series.write({ profile, id }, {
        timesMs: Float64Array.from(sorted, ([atMs]) => atMs),
        columns: Array.from({ length: width }, (_, column) => ({
          scale: 0,
          values: Float64Array.from(sorted, ([, value]) => column === 0 ? value : NaN),
        })),
      });
    },
    [Symbol.dispose]: () => database.close(),
  };
}
