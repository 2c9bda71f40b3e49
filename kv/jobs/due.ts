/**
 * The due index: everything that time will move, exactly once each.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["due", atMs, kind, id]` | `true` | who owns the state that time moves, in the commit that sets it |
 * | `["due", kind, atMs, id]` | `true` | the same, of kinds that come in crowds |
 *
 * An entry says "look then". Whoever looks re-checks the state and arms the entry anew where its
 * time has not come.
 *
 * A crowd is a kind of which thousands may be due at one moment. Each has a range of its own, so
 * that who looks for jobs need not read past it.
 *
 * @module
 */

import type { Staging } from "../budget.ts";

const SPACE = "due";
/** Entries of a crowd that are read at once. */
const CROWD_BATCH = 500;
/** Entries after which everything else gets its turn. */
const CROWD_TURN = 1_000;

/** What is moved: a job that waits, one that is leased, one that is kept, a series to delete. */
export type DueKind = "job_wait" | "job_lease" | "job_keep" | "series_purge";

/** What comes in crowds: a device that may have to go offline. */
export type CrowdKind = "device_offline";

const KINDS: readonly DueKind[] = ["job_wait", "job_lease", "job_keep", "series_purge"];

const CROWD_KINDS: readonly CrowdKind[] = ["device_offline"];

/** An entry of the index. */
export interface Due<Kind extends DueKind | CrowdKind = DueKind> {
  /** When to look, epoch milliseconds. */
  readonly atMs: number;
  /** What to look at. */
  readonly kind: Kind;
  /** Which one. */
  readonly id: string;
}

/** Arms an entry. */
export function stageDue(op: Staging, due: Due<DueKind | CrowdKind>): void {
  op.set(dueKey(due), true);
}

/** Takes an entry away. */
export function stageDueDelete(op: Staging, due: Due<DueKind | CrowdKind>): void {
  op.delete(dueKey(due));
}

/**
 * Every entry up to a time, the oldest first, read `batchSize` at a time. Entries of unknown kinds
 * are left alone, and those that come in crowds are not among them.
 */
export async function* listDue(
  kv: Pick<Deno.Kv, "list">,
  { upToMs, batchSize = 100 }: { upToMs: number; batchSize?: number },
): AsyncGenerator<Due> {
  const selector = { start: [SPACE, -Infinity], end: [SPACE, upToMs + 1] };
  for await (const { key } of kv.list(selector, { batchSize })) {
    const kind = KINDS.find((known) => known === key[2]);
    if (kind !== undefined) yield { atMs: Number(key[1]), kind, id: String(key[3]) };
  }
}

/** Entries of a crowd of some stretch of time, both ends included, the oldest first, at most `limit`. */
export async function listCrowd<Kind extends CrowdKind>(
  kv: Pick<Deno.Kv, "list">,
  kind: Kind,
  { fromMs = -Infinity, upToMs, limit }: { fromMs?: number; upToMs: number; limit: number },
): Promise<Due<Kind>[]> {
  const due: Due<Kind>[] = [];
  const selector = { start: [SPACE, kind, fromMs], end: [SPACE, kind, upToMs, "\uffff"] };
  for await (const { key } of kv.list(selector, { limit, batchSize: CROWD_BATCH })) {
    due.push({ atMs: Number(key[2]), kind, id: String(key[3]) });
    // Reads that follow each other at once hold up timers, measured: for 50 ms of 100,000 entries.
    if (due.length % CROWD_TURN === 0) await new Promise((resolve) => setTimeout(resolve));
  }
  return due;
}

function dueKey({ atMs, kind, id }: Due<DueKind | CrowdKind>): Deno.KvKey {
  const isCrowd = CROWD_KINDS.some((crowd) => crowd === kind);
  return isCrowd ? [SPACE, kind, atMs, id] : [SPACE, atMs, kind, id];
}
