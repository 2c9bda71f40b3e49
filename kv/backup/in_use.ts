/**
 * Whether a service uses a shared database. Nothing locks one, so what services write gives them away: a
 * lease, which every process that runs jobs holds, or the pulse of any process that writes.
 *
 * @module
 */

import { PULSE_MS, pulseVersion } from "../activity.ts";
import { findHeldLease } from "../jobs/leases.ts";

/** How long the pulse is watched, milliseconds: a process that writes sets it once meanwhile. */
const WATCHED_MS = PULSE_MS + 1_000;

/** How to look. */
export interface LookOptions {
  /** The name of the database, for the error. */
  readonly database: string;
  /** Epoch milliseconds now. */
  readonly nowMs: number;
  /** Waits so many milliseconds. */
  readonly pause: (ms: number) => Promise<void>;
}

/**
 * Makes sure that no service uses a shared database, which takes 6 seconds unless it is empty. A process
 * that neither runs jobs nor writes anything meanwhile is not noticed.
 *
 * @throws {Error} if one does.
 */
export async function requireUnused(
  kv: Pick<Deno.Kv, "get" | "list">,
  { database, nowMs, pause }: LookOptions,
): Promise<void> {
  const holder = await findHeldLease(kv, nowMs);
  if (holder !== null) {
    throw new Error(`A service uses the database, as it holds the lease '${holder}': ${database}`);
  }
  // Every service stores the version of the schema.
  if (await isEmpty(kv)) return;
  const before = await pulseVersion(kv);
  await pause(WATCHED_MS);
  if (await pulseVersion(kv) === before) return;
  throw new Error(`A service uses the database, as it has just written to it: ${database}`);
}

/** Whether a database has no entries. */
export async function isEmpty(kv: Pick<Deno.Kv, "list">): Promise<boolean> {
  for await (const _ of kv.list({ start: [""], end: [0] }, { limit: 1 })) return false;
  return true;
}

/** Waits so many milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
