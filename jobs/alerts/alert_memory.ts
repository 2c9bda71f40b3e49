/**
 * What the duty of alerts has in memory while it holds its lease: the states of subjects, and the open
 * groups of messages. Each has the version at which it was read or written, which commits check.
 *
 * @module
 */

import type { AlertState, Transition } from "../../data/alerts/step.ts";
import {
  type AlertGroupEntry,
  deleteAlertMembers,
  listAlertGroups,
  listAlertMembers,
} from "../../kv/alerts/groups.ts";
import {
  type AlertPlace,
  getAlertState,
  listAlertStates,
  type StoredAlertState,
} from "../../kv/alerts/states.ts";

/** The memory of the duty. */
export interface AlertMemory {
  /** The state of a subject; null if it has no record. */
  state(place: AlertPlace): StoredAlertState | null;
  /** The subjects of a rule that have a record, and their states. */
  states(alertId: string): ReadonlyMap<string, StoredAlertState>;
  /** Remembers a state that was written; null for none. */
  setState(place: AlertPlace, stored: { state: AlertState | null; versionstamp: string }): void;
  /** Forgets the states and groups of a rule. */
  forget(alertId: string): void;
  /** The open group of a rule; null if there is none. */
  group(alertId: string, transition: Transition): AlertGroupEntry | null;
  /** All open groups. */
  groups(): AlertGroupEntry[];
  /** Remembers a group that was opened. */
  setGroup(entry: AlertGroupEntry): void;
  /** Whether a subject waits in an open group. */
  isMember(place: AlertPlace, transition: Transition): boolean;
  /** Remembers that a subject waits in an open group. */
  addMember(groupId: string, id: string): void;
  /** The time of the next message of a rule: now, but later than that of the one before. */
  messageMs(alertId: string, nowMs: number): number;
  /** Forgets a group. */
  forgetGroup(alertId: string, transition: Transition): void;
  /** Reads states and all groups again, after a commit failed. */
  reload(places: readonly AlertPlace[]): Promise<void>;
}

type Kv = Pick<Deno.Kv, "get" | "list" | "atomic">;

/** Reads everything that is stored. Deletes what messages left that were sent when a process died. */
export async function loadAlertMemory(kv: Kv): Promise<AlertMemory> {
  const states = new Map<string, Map<string, StoredAlertState>>();
  let groups = new Map<string, AlertGroupEntry>();
  let members = new Map<string, Set<string>>();
  const lastMessageMs = new Map<string, number>();
  for await (const { alertId, id, state, versionstamp } of listAlertStates(kv)) {
    statesOf(alertId).set(id, { state, versionstamp });
  }
  await loadGroups();
  await deleteAlertMembers(kv, null);

  function statesOf(alertId: string): Map<string, StoredAlertState> {
    const known = states.get(alertId);
    if (known !== undefined) return known;
    const made = new Map<string, StoredAlertState>();
    states.set(alertId, made);
    return made;
  }

  async function loadGroups(): Promise<void> {
    const open = await listAlertGroups(kv);
    groups = new Map(open.map((entry) => [nameOf(entry.group), entry]));
    members = new Map();
    for (const { group: { id } } of open) {
      const ids = (await listAlertMembers(kv, id)).map((member) => member.id);
      members.set(id, new Set(ids));
    }
  }

  return {
    state: ({ alertId, id }) => states.get(alertId)?.get(id) ?? null,
    states: (alertId) => states.get(alertId) ?? new Map(),
    setState({ alertId, id }, { state, versionstamp }) {
      if (state === null) states.get(alertId)?.delete(id);
      else statesOf(alertId).set(id, { state, versionstamp });
    },
    forget(alertId) {
      states.delete(alertId);
      for (const { group } of [...groups.values()]) {
        if (group.alertId === alertId) groups.delete(nameOf(group));
      }
    },
    group: (alertId, transition) => groups.get(nameOf({ alertId, transition })) ?? null,
    groups: () => [...groups.values()],
    setGroup(entry) {
      groups.set(nameOf(entry.group), entry);
    },
    isMember({ alertId, id }, transition) {
      const open = groups.get(nameOf({ alertId, transition }));
      return open !== undefined && members.get(open.group.id)?.has(id) === true;
    },
    addMember(groupId, id) {
      const known = members.get(groupId);
      if (known === undefined) members.set(groupId, new Set([id]));
      else known.add(id);
    },
    messageMs(alertId, nowMs) {
      const timeMs = Math.max(nowMs, (lastMessageMs.get(alertId) ?? -Infinity) + 1);
      lastMessageMs.set(alertId, timeMs);
      return timeMs;
    },
    forgetGroup(alertId, transition) {
      const name = nameOf({ alertId, transition });
      members.delete(groups.get(name)?.group.id ?? "");
      groups.delete(name);
    },
    async reload(places) {
      await loadGroups();
      for (const place of places) {
        const stored = await getAlertState(kv, place);
        if (stored === null) states.get(place.alertId)?.delete(place.id);
        else statesOf(place.alertId).set(place.id, stored);
      }
    },
  };
}

function nameOf(
  { alertId, transition }: { readonly alertId: string; readonly transition: Transition },
): string {
  return `${alertId} ${transition}`;
}
