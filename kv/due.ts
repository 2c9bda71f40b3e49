/**
 * The due index: everything that time will move, exactly once each.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["due", atMs, kind, id]` | `true` | who owns the state that time moves, in the commit that sets it |
 *
 * An entry says "look then". Whoever looks re-checks the state and arms the entry anew where its
 * time has not come.
 *
 * @module
 */

import type { Staging } from "./budget.ts";

const SPACE = "due";

/** What is moved: a job that waits, one that is leased, one that is kept, a series to delete. */
export type DueKind = "job_wait" | "job_lease" | "job_keep" | "series_purge";

const KINDS: readonly DueKind[] = ["job_wait", "job_lease", "job_keep", "series_purge"];

/** An entry of the index. */
export interface Due {
  /** When to look, epoch milliseconds. */
  readonly atMs: number;
  /** What to look at. */
  readonly kind: DueKind;
  /** Which one. */
  readonly id: string;
}

/** Arms an entry. */
export function stageDue(op: Staging, { atMs, kind, id }: Due): void {
  op.set([SPACE, atMs, kind, id], true);
}

/** Takes an entry away. */
export function stageDueDelete(op: Staging, { atMs, kind, id }: Due): void {
  op.delete([SPACE, atMs, kind, id]);
}

/**
 * Every entry up to a time, the oldest first, read `batchSize` at a time. Entries of unknown kinds
 * are left alone.
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
