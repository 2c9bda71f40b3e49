/**
 * The audit trail: one entry per event, in the order of time.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["audit", atMs, id]` | {@link AuditRecord} | `kv/audit/audit.ts`; the duty that deletes old entries |
 *
 * `id` is a number that grows in a process, and the process. So no two entries share a key, and those
 * of one process in one millisecond are in order.
 *
 * @module
 */

import { z } from "zod";
import { AUDIT_ACTORS, AUDIT_OUTCOMES } from "../../data/audit/event.ts";
import type { Staging } from "../budget.ts";

const SPACE = "audit";
/** Entries per read of a list. */
const LIST_BATCH = 200;
/** Entries that one commit deletes. Their keys have some 80 bytes. */
const DELETE_BATCH = 400;

const recordSchema = z.object({
  v: z.literal(1),
  action: z.string(),
  outcome: z.enum(AUDIT_OUTCOMES),
  actor: z.object({ kind: z.enum(AUDIT_ACTORS), id: z.string(), name: z.string() }),
  address: z.string().nullable(),
  subject: z.object({ kind: z.string(), id: z.string() }).nullable(),
  code: z.string().nullable(),
  count: z.int(),
  lastMs: z.number(),
  details: z.record(z.string(), z.json()),
});

/**
 * An event as it is stored. `action` and the kind of the subject may be of a newer release. `count` is
 * how many equal events it stands for, and `lastMs` when the last of them was, epoch milliseconds.
 */
export type AuditRecord = z.infer<typeof recordSchema>;

/** Where an entry stands in the trail. */
export interface AuditPlace {
  /** When the event began, epoch milliseconds. */
  readonly atMs: number;
  /** Tells events of the same time apart. */
  readonly id: string;
}

/** An entry of the trail. */
export interface AuditEntry extends AuditPlace {
  /** The event. */
  readonly record: AuditRecord;
}

/** What to read of the trail: the half-open span `[fromMs, toMs)`. */
export interface AuditRange {
  /** The first moment, epoch milliseconds. */
  readonly fromMs?: number;
  /** The end, exclusive. */
  readonly toMs?: number;
  /** Only entries that follow this one in the order of the list. */
  readonly after?: AuditPlace | null;
  /** Whether the newest entries come first. */
  readonly isNewestFirst: boolean;
}

/** Adds an entry to a commit, or replaces it. */
export function stageAuditEntry(op: Staging, { atMs, id, record }: AuditEntry): void {
  op.set([SPACE, atMs, id], record);
}

/** Deletes an entry in a commit. */
export function stageAuditDelete(op: Staging, { atMs, id }: AuditPlace): void {
  op.delete([SPACE, atMs, id]);
}

/** The entries of a range, in order. */
export async function* listAudit(
  kv: Pick<Deno.Kv, "list">,
  { fromMs = 0, toMs = Infinity, after = null, isNewestFirst }: AuditRange,
): AsyncGenerator<AuditEntry> {
  const key = (place: AuditPlace) => [SPACE, place.atMs, place.id];
  let start: Deno.KvKey = [SPACE, fromMs], end: Deno.KvKey = [SPACE, toMs];
  if (after !== null && isNewestFirst && after.atMs < toMs) end = key(after);
  // The next key after that of an entry.
  if (after !== null && !isNewestFirst && after.atMs >= fromMs) {
    start = key({ ...after, id: `${after.id}\0` });
  }
  // Deno KV refuses a range that ends before it starts.
  const isEmpty = toMs <= fromMs || (after !== null &&
    (isNewestFirst ? after.atMs < fromMs : after.atMs >= toMs));
  if (isEmpty) return;
  const options = { reverse: isNewestFirst, batchSize: LIST_BATCH };
  for await (const { key, value } of kv.list({ start, end }, options)) {
    yield { atMs: Number(key[1]), id: String(key[2]), record: recordSchema.parse(value) };
  }
}

/** Deletes the entries before a time, some per commit, until the signal aborts. Returns how many. */
export async function deleteAuditBefore(
  kv: Pick<Deno.Kv, "list" | "atomic">,
  untilMs: number,
  signal: AbortSignal,
): Promise<number> {
  let count = 0;
  const selector = { start: [SPACE, 0], end: [SPACE, untilMs] };
  // Deno KV refuses a range that ends before it starts.
  while (untilMs > 0 && !signal.aborted) {
    const op = kv.atomic();
    let found = 0;
    for await (const { key } of kv.list(selector, { limit: DELETE_BATCH })) {
      op.delete(key);
      found++;
    }
    if (found === 0) break;
    await op.commit();
    count += found;
  }
  return count;
}
