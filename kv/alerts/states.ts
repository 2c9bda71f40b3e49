/**
 * The states of the subjects of alerts. A subject that is ok, and that nothing must be remembered of, has
 * no record.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["alert_state", alertId, "all", subjectId]` | {@link AlertState} | the duty of alerts, under a check of the version that was read and of the rule |
 * | `["alert_state", alertId, "open", subjectId]` | the same, if it is not ok: for lists | in the same commit |
 *
 * A state whose `dueMs` is set has an entry in the due index, of the kind `alert`.
 *
 * @module
 */

import { z } from "zod";
import type { AlertState } from "../../data/alerts/step.ts";
import { packStages, type Stage, type Staging } from "../budget.ts";
import { type Due, stageDue, stageDueDelete } from "../jobs/due.ts";

const SPACE = "alert_state";
const ALL = "all", OPEN = "open";
const LIST_BATCH = 500;

const stateSchema = z.object({
  v: z.literal(1),
  state: z.enum(["ok", "pending", "firing"]),
  sinceMs: z.number(),
  value: z.number().nullable(),
  isTold: z.boolean(),
  isFlapping: z.boolean(),
  firingsMs: z.array(z.number()),
  dueMs: z.number().nullable(),
});

/** A state and the version at which it was read. */
export interface StoredAlertState {
  /** The state. */
  readonly state: AlertState;
  /** The version of its last change. */
  readonly versionstamp: string;
}

/** The subject of a rule. */
export interface AlertPlace {
  /** The id of the rule. */
  readonly alertId: string;
  /** The id of the subject. */
  readonly id: string;
}

/** A state and whose it is. */
export interface SubjectState extends AlertPlace {
  /** The state. */
  readonly state: AlertState;
}

/** Every state with its version, of all rules or of one. */
export async function* listAlertStates(
  kv: Pick<Deno.Kv, "list">,
  alertId?: string,
): AsyncGenerator<AlertPlace & StoredAlertState> {
  const prefix = alertId === undefined ? [SPACE] : [SPACE, alertId, ALL];
  for await (const entry of kv.list({ prefix }, { batchSize: LIST_BATCH })) {
    if (entry.key[2] !== ALL) continue;
    const { versionstamp } = entry;
    yield { ...placeOf(entry.key), state: stateOf(entry.value), versionstamp };
  }
}

/** The state of a subject; null if it has no record. */
export async function getAlertState(
  kv: Pick<Deno.Kv, "get">,
  { alertId, id }: AlertPlace,
): Promise<StoredAlertState | null> {
  const { value, versionstamp } = await kv.get([SPACE, alertId, ALL, id]);
  return versionstamp === null ? null : { state: stateOf(value), versionstamp };
}

/** The states of a rule that are not ok, in the order of subjects, after an id, at most `limit`. */
export async function listOpenStates(
  kv: Pick<Deno.Kv, "list">,
  alertId: string,
  { afterId = "", limit }: { afterId?: string; limit?: number } = {},
): Promise<SubjectState[]> {
  const prefix = [SPACE, alertId, OPEN];
  const start = afterId === "" ? {} : { start: [...prefix, `${afterId}\0`] };
  return await Array.fromAsync(
    kv.list({ prefix, ...start }, { limit, batchSize: LIST_BATCH }),
    ({ key, value }) => ({ ...placeOf(key), state: stateOf(value) }),
  );
}

/** Replaces a state; null for none. Its check keeps two processes from doing it. */
export function stageAlertState(
  op: Staging,
  { alertId, id }: AlertPlace,
  { from, to }: { from: AlertState | null; to: AlertState | null },
): void {
  const key = [SPACE, alertId, ALL, id], open = [SPACE, alertId, OPEN, id];
  if (to === null) op.delete(key);
  else op.set(key, recordOf(to));
  if (to !== null && to.state !== "ok") op.set(open, recordOf(to));
  else if (from !== null && from.state !== "ok") op.delete(open);
  const before = from?.dueMs ?? null, after = to?.dueMs ?? null;
  if (before === after) return;
  if (before !== null) stageDueDelete(op, dueOf({ alertId, id }, before));
  if (after !== null) stageDue(op, dueOf({ alertId, id }, after));
}

/** Deletes all states of a rule that is gone, and their entries in the due index. */
export async function deleteAlertStates(
  kv: Pick<Deno.Kv, "list" | "atomic">,
  alertId: string,
): Promise<void> {
  const stages: Stage[] = [];
  for await (const { id, state } of listAlertStates(kv, alertId)) {
    stages.push((op) => stageAlertState(op, { alertId, id }, { from: state, to: null }));
  }
  for (const commit of packStages(stages)) {
    const op = kv.atomic();
    commit.forEach((stage) => stage(op));
    await op.commit();
  }
}

/** Makes a commit fail if a state changed since it was read; null: if there is one. */
export function stageAlertStateCheck(
  op: Pick<Deno.AtomicOperation, "check">,
  { alertId, id }: AlertPlace,
  stored: StoredAlertState | null,
): void {
  op.check({ key: [SPACE, alertId, ALL, id], versionstamp: stored?.versionstamp ?? null });
}

/** Whose state a due entry is about. */
export function placeOfDue({ id }: Due<"alert">): AlertPlace {
  const at = id.indexOf(" ");
  return { alertId: id.slice(0, at), id: id.slice(at + 1) };
}

function dueOf({ alertId, id }: AlertPlace, atMs: number): Due<"alert"> {
  // Neither id can have a space.
  return { atMs, kind: "alert", id: `${alertId} ${id}` };
}

function placeOf(key: Deno.KvKey): AlertPlace {
  return { alertId: String(key[1]), id: String(key[3]) };
}

function recordOf({ firingsMs, ...state }: AlertState): z.infer<typeof stateSchema> {
  return { v: 1, ...state, firingsMs: [...firingsMs] };
}

function stateOf(value: unknown): AlertState {
  const { v: _, ...state } = stateSchema.parse(value);
  return state;
}
