/**
 * The due index: everything that must be handled at a certain time, exactly once each.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["due", atMs, kind, id]` | `true` | the owner of the state, in the commit that writes the state |
 * | `["due", kind, atMs, id]` | `true` | the same, for crowd kinds |
 *
 * An entry only says when to check the state. The handler reads the state again, and moves the entry
 * to a later time if nothing is due yet.
 *
 * A crowd kind may have thousands of entries due at the same time. It has its own key range, so that
 * a scan for jobs does not have to read through it.
 *
 * @module
 */

import type { Staging } from "../budget.ts";

const SPACE = "due";
/** How many entries of a crowd one read returns. */
const CROWD_BATCH = 500;
/** After this many entries the event loop gets a turn. */
const CROWD_TURN = 1_000;

/** A pending job, a lease that may expire, an ended job's retention, a series to purge. */
export type DueKind = "job_wait" | "job_lease" | "job_keep" | "series_purge";

/** A kind with crowds of entries: a device that may be offline. */
export type CrowdKind = "device_offline";

const KINDS: readonly DueKind[] = ["job_wait", "job_lease", "job_keep", "series_purge"];

const CROWD_KINDS: readonly CrowdKind[] = ["device_offline"];

/** An entry of the index. */
export interface Due<Kind extends DueKind | CrowdKind = DueKind> {
  /** When it is due, epoch milliseconds. */
  readonly atMs: number;
  /** What is due. */
  readonly kind: Kind;
  /** The id of the job, series or device. */
  readonly id: string;
}

/** Adds an entry. */
export function stageDue(op: Staging, due: Due<DueKind | CrowdKind>): void {
  op.set(dueKey(due), true);
}

/** Deletes an entry. */
export function stageDueDelete(op: Staging, due: Due<DueKind | CrowdKind>): void {
  op.delete(dueKey(due));
}

/**
 * Every entry up to a time, oldest first, read `batchSize` at a time. Entries of unknown kinds are
 * skipped. Crowds are not included.
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

/** The entries of a crowd in a time range, both ends inclusive: oldest first, at most `limit`. */
export async function listCrowd<Kind extends CrowdKind>(
  kv: Pick<Deno.Kv, "list">,
  kind: Kind,
  { fromMs = -Infinity, upToMs, limit }: { fromMs?: number; upToMs: number; limit: number },
): Promise<Due<Kind>[]> {
  const due: Due<Kind>[] = [];
  const selector = { start: [SPACE, kind, fromMs], end: [SPACE, kind, upToMs, "\uffff"] };
  for await (const { key } of kv.list(selector, { limit, batchSize: CROWD_BATCH })) {
    due.push({ atMs: Number(key[2]), kind, id: String(key[3]) });
    // Reads in a row delay timers; measured: 100,000 entries delay them by 50 ms.
    if (due.length % CROWD_TURN === 0) await new Promise((resolve) => setTimeout(resolve));
  }
  return due;
}

function dueKey({ atMs, kind, id }: Due<DueKind | CrowdKind>): Deno.KvKey {
  const isCrowd = CROWD_KINDS.some((crowd) => crowd === kind);
  return isCrowd ? [SPACE, kind, atMs, id] : [SPACE, atMs, kind, id];
}
