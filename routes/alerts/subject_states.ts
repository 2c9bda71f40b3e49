/**
 * The states of the subjects of alerts, for answers.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import { type MaintenanceWindow, mutedUntilMs } from "../../data/alerts/maintenance.ts";
import type { AlertRule } from "../../data/alerts/rule.ts";
import { type FindOwner, watcherOf } from "../../data/alerts/watcher.ts";
import type { AlertState } from "../../data/alerts/step.ts";
import { instantText } from "../../data/time/time_text.ts";
import { listMaintenance } from "../../kv/alerts/maintenance.ts";
import { getAlertState, listOpenStates } from "../../kv/alerts/states.ts";
import {
  findSubjects,
  type FoundSubject,
  listSubjects,
  type SubjectDeps,
} from "../../kv/alerts/subjects.ts";
import type { AlertBody, AlertSubjectBody } from "./schemas.ts";

/** Open states that are read at a time. */
const BATCH = 500;

/** What finding states needs. */
export interface StateDeps extends SubjectDeps {
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** Finds the caller that an owner stands for now (`routes/access/find_owner.ts`). */
  readonly findOwner: FindOwner;
}

/** Which subjects to list. */
export interface StatesPage {
  /** The id after which the page begins; "" for the first. */
  readonly afterId: string;
  /** How many it has at most. */
  readonly limit: number;
  /** Only those in this state; all by default. */
  readonly state?: "pending" | "firing" | "muted";
}

/** The maintenance windows. */
export async function maintenanceWindows(
  { kv }: Pick<StateDeps, "kv">,
): Promise<readonly MaintenanceWindow[]> {
  return (await listMaintenance(kv)).map(({ window }) => window);
}

/** How many subjects of an alert are not ok, of those that a caller may touch. */
export async function countStates(
  deps: StateDeps,
  rule: AlertRule,
  caller: Caller,
): Promise<AlertBody["counts"]> {
  const counts = { pending: 0, firing: 0, muted: 0 };
  const windows = await maintenanceWindows(deps);
  for await (const { state } of openSubjects(deps, { rule, caller, windows, afterId: "" })) {
    if (state !== "ok") counts[state]++;
  }
  return counts;
}

/** The subjects of an alert that a caller may touch, with their states. */
export async function subjectStates(
  deps: StateDeps,
  { rule, caller }: { readonly rule: AlertRule; readonly caller: Caller },
  { afterId, limit, state }: StatesPage,
): Promise<AlertSubjectBody[]> {
  const windows = await maintenanceWindows(deps);
  const page: AlertSubjectBody[] = [];
  if (state !== undefined) {
    for await (const body of openSubjects(deps, { rule, caller, windows, afterId })) {
      if (body.state === state) page.push(body);
      if (page.length === limit) break;
    }
    return page;
  }
  const watcher = watcherOf(await deps.findOwner(rule.owner), rule);
  for await (const subjects of listSubjects(deps, rule.scope, afterId)) {
    for (const subject of subjects) {
      const { kind, id } = subject;
      if (!caller.mayTouch(kind, id) || watcher?.mayTouch(kind, id) !== true) continue;
      const stored = await getAlertState(deps.kv, { alertId: rule.id, id });
      page.push(subjectBody(stored?.state ?? null, { rule, subject, windows, nowMs: deps.now() }));
      if (page.length === limit) return page;
    }
  }
  return page;
}

/** The subjects of an alert that are not ok, of those that a caller may touch, after an id. */
export async function* openSubjects(
  deps: StateDeps,
  { rule, caller, windows, afterId }: {
    readonly rule: AlertRule;
    readonly caller: Caller;
    readonly windows: readonly MaintenanceWindow[];
    readonly afterId: string;
  },
): AsyncGenerator<AlertSubjectBody> {
  const { kind } = rule.scope;
  for (let lastId = afterId;;) {
    const states = await listOpenStates(deps.kv, rule.id, { afterId: lastId, limit: BATCH });
    const visible = states.filter(({ id }) => caller.mayTouch(kind, id));
    const found = await findSubjects(deps, kind, visible.map(({ id }) => id));
    for (const { id, state } of visible) {
      const subject = found.get(id);
      // It was deleted, and the duty has not seen it yet.
      if (subject === undefined) continue;
      yield subjectBody(state, { rule, subject, windows, nowMs: deps.now() });
    }
    if (states.length < BATCH) return;
    lastId = states[states.length - 1].id;
  }
}

function subjectBody(
  state: AlertState | null,
  { rule, subject, windows, nowMs }: {
    rule: AlertRule;
    subject: FoundSubject;
    windows: readonly MaintenanceWindow[];
    nowMs: number;
  },
): AlertSubjectBody {
  const untilMs = mutedUntilMs(windows, { alert: rule, subject }, nowMs);
  const isMuted = state?.state === "firing" && untilMs !== null;
  return {
    id: subject.id,
    state: isMuted ? "muted" : state?.state ?? "ok",
    since: state === null ? null : instantText(state.sinceMs),
    value: state?.value ?? null,
    flapping: state?.isFlapping ?? false,
    muted_until: untilMs === null ? null : instantText(untilMs),
  };
}
