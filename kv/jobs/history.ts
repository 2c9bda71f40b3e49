/**
 * The history of jobs: the jobs of each kind in the order of their creation.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["job_history", kind, createdMs, id]` | `true` | whoever creates or deletes the job, in the same commit |
 *
 * @module
 */

import type { Staging } from "../budget.ts";

const SPACE = "job_history";

/** Where a job stands in the history of its kind. */
export interface HistoryEntry {
  /** The kind of the job. */
  readonly kind: string;
  /** When it was created, epoch milliseconds. */
  readonly createdMs: number;
  /** The id of the job. */
  readonly id: string;
}

/** A place in a history. */
export type HistoryPlace = Pick<HistoryEntry, "createdMs" | "id">;

/** What to read of a history. */
export interface HistoryRange {
  /** The first moment of creation, epoch milliseconds. */
  readonly fromMs?: number;
  /** The end of the range, exclusive. */
  readonly toMs?: number;
  /** Only jobs older than this one. */
  readonly before?: HistoryPlace;
}

/** Adds a job to the history of its kind. */
export function stageHistory(op: Staging, entry: HistoryEntry): void {
  op.set(historyKey(entry), true);
}

/** Deletes a job from the history of its kind. */
export function stageHistoryDelete(op: Staging, entry: HistoryEntry): void {
  op.delete(historyKey(entry));
}

/** The jobs of a kind, the newest first. Jobs of the same millisecond come in the order of their ids, reversed. */
export async function* listHistory(
  kv: Pick<Deno.Kv, "list">,
  kind: string,
  range: HistoryRange = {},
): AsyncGenerator<HistoryPlace> {
  yield* listPlaces(kv, [SPACE, kind], range);
}

/** The places under a key that ends in the time and the id of each job, the newest first. */
export async function* listPlaces(
  kv: Pick<Deno.Kv, "list">,
  above: Deno.KvKey,
  { fromMs = 0, toMs = Infinity, before }: HistoryRange,
): AsyncGenerator<HistoryPlace> {
  // Deno KV refuses a range that ends before it starts.
  if (toMs <= fromMs || (before !== undefined && before.createdMs < fromMs)) return;
  const end = before !== undefined && before.createdMs < toMs
    ? [...above, before.createdMs, before.id]
    : [...above, toMs];
  for await (const { key } of kv.list({ start: [...above, fromMs], end }, { reverse: true })) {
    yield { createdMs: Number(key.at(-2)), id: String(key.at(-1)) };
  }
}

function historyKey({ kind, createdMs, id }: HistoryEntry): Deno.KvKey {
  return [SPACE, kind, createdMs, id];
}
