/**
 * Maintenance windows.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["maintenance", id]` | {@link MaintenanceWindow} without its id | whoever makes or changes a window, under a check of its version |
 *
 * @module
 */

import { z } from "zod";
import type { MaintenanceWindow } from "../../data/alerts/maintenance.ts";
import { AppError } from "../../data/app_error.ts";
import { MAINTENANCE_WINDOWS_MAX } from "../../data/limits.ts";
import type { Staging } from "../budget.ts";
import { stageAlertChange } from "./rules.ts";
import { patternsSchema, scopeSchema } from "./scope_record.ts";

const SPACE = "maintenance";
const LIST_BATCH = 100;

const windowSchema = z.object({
  v: z.literal(1),
  name: z.string(),
  scopes: z.array(scopeSchema).nullable(),
  alerts: z.array(z.string()).nullable(),
  times: z.discriminatedUnion("type", [
    z.object({ type: z.literal("once"), fromMs: z.number(), toMs: z.number() }),
    z.object({
      type: z.literal("repeated"),
      zone: z.string(),
      startMs: z.number(),
      endMs: z.number(),
      weekdays: z.array(z.number()).nullable(),
      monthDays: z.array(z.number()).nullable(),
      fromMs: z.number().nullable(),
      untilMs: z.number().nullable(),
    }),
  ]),
  owner: z.string(),
  patterns: patternsSchema,
  createdMs: z.number(),
  changedMs: z.number(),
});

/** A window and the version at which it was read. */
export interface MaintenanceEntry {
  /** Its key, for checks. */
  readonly key: Deno.KvKey;
  /** The window. */
  readonly window: MaintenanceWindow;
  /** The version of its last change. */
  readonly versionstamp: string;
}

/** Reads a window; null if there is none. */
export async function getMaintenance(
  kv: Pick<Deno.Kv, "get">,
  id: string,
): Promise<MaintenanceEntry | null> {
  const { key, value, versionstamp } = await kv.get([SPACE, id]);
  return versionstamp === null ? null : entryOf({ key, value, versionstamp });
}

/** All windows in the order of their ids. */
export async function listMaintenance(kv: Pick<Deno.Kv, "list">): Promise<MaintenanceEntry[]> {
  return await Array.fromAsync(kv.list({ prefix: [SPACE] }, { batchSize: LIST_BATCH }), entryOf);
}

/** Sets a window. */
export function stageMaintenance(op: Staging, { id, ...window }: MaintenanceWindow): void {
  op.set([SPACE, id], { v: 1, ...window });
  stageAlertChange(op);
}

/** Deletes a window. */
export function stageMaintenanceDelete(op: Staging, id: string): void {
  op.delete([SPACE, id]);
  stageAlertChange(op);
}

/**
 * Makes a window.
 *
 * @throws {AppError} TOO_MANY_MAINTENANCE_WINDOWS.
 */
export async function createMaintenance(
  kv: Pick<Deno.Kv, "list" | "atomic">,
  window: MaintenanceWindow,
): Promise<void> {
  if ((await listMaintenance(kv)).length >= MAINTENANCE_WINDOWS_MAX) {
    const detail = `There can be at most ${MAINTENANCE_WINDOWS_MAX} maintenance windows`;
    throw new AppError("TOO_MANY_MAINTENANCE_WINDOWS", detail);
  }
  const op = kv.atomic();
  stageMaintenance(op, window);
  await op.commit();
}

/**
 * Changes a window, or deletes it if `change` returns null. Returns what was there before and what is
 * there now; null if there was no window.
 */
export async function changeMaintenance(
  kv: Pick<Deno.Kv, "get" | "atomic">,
  id: string,
  change: (window: MaintenanceWindow) => MaintenanceWindow | null,
): Promise<
  { readonly before: MaintenanceWindow; readonly window: MaintenanceWindow | null } | null
> {
  for (;;) {
    const entry = await getMaintenance(kv, id);
    if (entry === null) return null;
    const window = change(entry.window);
    const op = kv.atomic().check(entry);
    if (window === null) stageMaintenanceDelete(op, id);
    else stageMaintenance(op, window);
    if ((await op.commit()).ok) return { before: entry.window, window };
  }
}

function entryOf({ key, value, versionstamp }: Deno.KvEntry<unknown>): MaintenanceEntry {
  const { v: _, ...window } = windowSchema.parse(value);
  return { key, window: { ...window, id: String(key[1]) }, versionstamp };
}
