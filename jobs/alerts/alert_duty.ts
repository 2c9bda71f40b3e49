/**
 * The duty of alerts. Each round looks at what may have changed the state of a subject, and at nothing
 * else:
 *
 * - a rule was made, changed or deleted (`kv/alerts/passes.ts`), or its owner may touch other ids: all of
 *   its subjects;
 * - a device went offline or online, or changed; the hours of a store changed (`kv/touched.ts`);
 * - a time has come that a state waits for: the due index;
 * - readings changed: their revisions (`changed_series.ts`).
 *
 * Then it sends the messages that are due. After an upload there may be many stores: they are judged in
 * portions, and what else changed or is due comes in between. One process holds the lease. What it has in
 * memory is stored too, and every commit checks what it is based on, so that a process that has lost the
 * lease, or dies, neither loses nor repeats a transition.
 *
 * @module
 */

import type { Log } from "../../data/log.ts";
import { type ProfileName, PROFILES } from "../../data/readings/profile.ts";
import type { Profiles } from "../../data/readings/profiles.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import { nextCrowdMs } from "../../kv/jobs/due.ts";
import { keepCursor, type Lease } from "../../kv/jobs/leases.ts";
import type { Duty } from "../engine/duty_loop.ts";
import { type AlertMemory, loadAlertMemory } from "./alert_memory.ts";
import { type AlertWork, createAlertWork, type JudgedStores } from "./alert_work.ts";
import { type ChangedSeries, createChangedSeries } from "./changed_series.ts";
import { createJudge } from "./judge.ts";
import { createLiveRules, type OwnerDeps } from "./live_rules.ts";
import { createTimelineReader } from "./read_timelines.ts";
import { sendMessages } from "./send_messages.ts";
import { STORE_RULE } from "./store_alerts.ts";

/** The name of the duty and of its lease. */
const NAME = "alerts";
/** Time between two rounds, milliseconds. */
const EVERY_MS = 1_000;
/** The duty looks for changed readings at most for this share of the time … */
const LOOK_SHARE = 1 / 3;
/** … but at least this often, milliseconds: a value is judged within 5 s. */
const LOOK_MAX_MS = 3_000;
/** How often it is stored how far the changes are judged, milliseconds. */
const CURSOR_MS = 10_000;
/** Changed stores that are judged at a time: after an upload they are many, and others wait. */
const STORES_AT_ONCE = 200;
/** How long before the end of the lease a round ends, milliseconds. */
const LEASE_MARGIN_MS = 3_000;

/** What the duty needs. */
export interface AlertDutyDeps extends OwnerDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "getMany" | "list" | "atomic">;
  /** The readings. */
  readonly series: SeriesStore;
  /** The profiles. */
  readonly profiles: Pick<Profiles, "get" | "ofDevices" | "list">;
  /** Most checks of one commit. */
  readonly maxChecks: number;
  /** How many subjects are read at the same time; by default many, as over a network. */
  readonly lanes?: number;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
  /** Called after events were stored, so that their deliveries need not wait. */
  readonly onEvents?: () => void;
}

/** What a process knows while it holds the lease. */
interface Held {
  readonly epoch: number;
  readonly memory: AlertMemory;
  readonly work: AlertWork;
  readonly changes: ChangedSeries;
  nextLookMs: number;
  lookedMs: number | undefined;
  othersMs: number;
  judged: JudgedStores;
  cursor: string;
  cursorMs: number;
}

/** The profile of stores; whether one is another. */
const STORES: ProfileName = PROFILES.site.name;
const isOther = (profile: ProfileName) => profile !== STORES;

/** Creates the duty. */
export function alertDuty(deps: AlertDutyDeps): Duty {
  const { kv, now } = deps;
  const rules = createLiveRules(deps, [STORE_RULE]);
  const judge = createJudge({ ...deps, reader: createTimelineReader(deps) }, rules);
  let held: Held | null = null;
  let roundMs = -Infinity;

  async function take(lease: Lease): Promise<Held> {
    const after = typeof lease.cursor === "string" ? lease.cursor : "";
    const memory = await loadAlertMemory(kv);
    const work = createAlertWork({ ...deps, rules, judge, memory });
    // Their owners may have gone while no process held the lease.
    for (const { isActive, rule } of rules.all().values()) if (!isActive) work.askPass(rule.id);
    return {
      epoch: lease.epoch,
      memory,
      work,
      changes: createChangedSeries(kv, after),
      nextLookMs: -Infinity,
      lookedMs: undefined,
      othersMs: now(),
      judged: { upTo: "", ids: new Set() },
      cursor: after,
      cursorMs: now(),
    };
  }

  async function lookAtChanges(one: Held, lease: Lease, signal: AbortSignal): Promise<void> {
    const startedMs = now();
    const isEarly = startedMs < one.nextLookMs && startedMs > one.nextLookMs - LOOK_MAX_MS;
    const profiles = one.work.profiles();
    // What changes of a profile between the pass of a new rule and the first look at it would not be found.
    if (isEarly && one.changes.knows(profiles)) return;
    const startedAt = performance.now();
    const look = await one.changes.look(profiles);
    const sinceMs = one.lookedMs;
    const others = [...look.changed].filter(([profile]) => isOther(profile));
    await one.work.judgeChanges(new Map(others), { sinceMs, signal });
    look.settle(isOther);
    one.lookedMs = one.othersMs = startedMs;
    const stores = look.changed.get(STORES) ?? [];
    for (let at = 0; at < stores.length; at += STORES_AT_ONCE) {
      if (at > 0) await judgeOthers(one, signal);
      const portion = new Map([[STORES, stores.slice(at, at + STORES_AT_ONCE)]]);
      await one.work.judgeChanges(portion, { sinceMs, signal });
    }
    one.judged = { upTo: look.upTo, ids: new Set(stores) };
    const tookMs = performance.now() - startedAt;
    one.nextLookMs = startedMs + Math.min(LOOK_MAX_MS, tookMs / LOOK_SHARE);
    const cursor = look.finish();
    const isTime = startedMs - one.cursorMs >= CURSOR_MS || startedMs < one.cursorMs;
    if (cursor === "" || cursor === one.cursor || !isTime) return;
    one.cursorMs = startedMs;
    one.cursor = cursor;
    await keepCursor(kv, NAME, { ...lease, cursor });
  }

  /** While many stores are judged: judges what else changed or is due, as often as a round would. */
  async function judgeOthers(one: Held, signal: AbortSignal): Promise<void> {
    const startedMs = now();
    if (Math.abs(startedMs - one.othersMs) < EVERY_MS) return;
    const look = await one.changes.look([...one.work.profiles()].filter(isOther));
    await one.work.judgeChanges(look.changed, { sinceMs: one.lookedMs, signal });
    look.settle();
    one.lookedMs = one.othersMs = startedMs;
    await one.work.judgeDue(() => signal.aborted, signal);
    await sendMessages(deps, rules, { memory: one.memory, nowMs: now() });
  }

  return {
    name: NAME,
    everyMs: EVERY_MS,
    async untilNextMs() {
      const times = held?.memory.groups().map(({ group }) => group.dueMs) ?? [];
      return Math.min(await nextCrowdMs(kv, "alert", roundMs) ?? Infinity, ...times) - now();
    },
    async round({ signal, lease }) {
      roundMs = now();
      const endMs = lease.untilMs - LEASE_MARGIN_MS;
      const isOver = () => signal.aborted || now() >= endMs;
      try {
        const moved = await rules.refresh();
        if (held?.epoch !== lease.epoch) held = await take(lease);
        const one = held;
        moved.forEach((id) => one.work.askPass(id));
        // Before the passes: what changes from here on is found by the next look.
        await lookAtChanges(one, lease, signal);
        await one.work.runPasses(isOver, signal);
        await one.work.judgeTouched(isOver, signal, {
          judged: one.judged,
          between: () => judgeOthers(one, signal),
        });
        await one.work.judgeDue(isOver, signal);
        await one.work.judgeAgain(signal);
        await sendMessages(deps, rules, { memory: one.memory, nowMs: now() });
      } catch (error) {
        // Whether a commit happened is not known: everything is read again.
        held = null;
        throw error;
      }
    },
  };
}
