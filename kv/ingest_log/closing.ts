/**
 * Closing logs, so that the list of writers stays short.
 *
 * A log may be closed when all of its records were carried out. Its process may be alive: it finds its log
 * closed, and makes another one.
 *
 * @module
 */

import type { LogState } from "./log_state.ts";
import { FLUSHED_KEY, flushedValue, recordKey, WRITERS_KEY, writersValue } from "./record_keys.ts";

/** Most writers before those are taken off the list of whose logs nothing is left. */
const MANY_WRITERS = 16;
/** Most logs that are closed at once: a commit has ten checks. */
const CLOSED_AT_ONCE = 8;

/** What closing needs of what a process knows. */
type Known = Pick<
  LogState,
  | "writers"
  | "writersVersion"
  | "others"
  | "nextOf"
  | "flushed"
  | "flushedVersion"
  | "setWriters"
  | "setFlushed"
>;

/** Whether nothing of a log waits, and nothing is left to delete. */
export function isEmptied(state: Pick<Known, "flushed" | "nextOf">, writer: string): boolean {
  const { upTo, kept } = state.flushed();
  const next = state.nextOf(writer);
  return (upTo.get(writer) ?? 0) + 1 === next && (kept.get(writer) ?? 1) === next;
}

/** Others to close before one more process begins a log: their processes are probably gone. */
export function othersToClose(state: Known): readonly string[] {
  const tooMany = state.writers().length + 1 - MANY_WRITERS;
  if (tooMany <= 0) return [];
  const emptied = state.others().filter((writer) => isEmptied(state, writer));
  return emptied.slice(0, Math.min(tooMany, CLOSED_AT_ONCE));
}

/** Closes logs, and begins others. False if somebody has written meanwhile. */
export async function changeWriters(
  kv: Pick<Deno.Kv, "atomic">,
  state: Known,
  { closed = [], begun = [], leftover = [] }: {
    readonly closed?: readonly string[];
    readonly begun?: readonly string[];
    /** Records of closed logs that were not deleted. */
    readonly leftover?: readonly Deno.KvKey[];
  },
): Promise<boolean> {
  const writers = [...state.writers().filter((writer) => !closed.includes(writer)), ...begun];
  const op = kv.atomic()
    .check({ key: WRITERS_KEY, versionstamp: state.writersVersion() })
    .set(WRITERS_KEY, writersValue(writers));
  const upTo = new Map(state.flushed().upTo), kept = new Map(state.flushed().kept);
  if (closed.length > 0) {
    op.check({ key: FLUSHED_KEY, versionstamp: state.flushedVersion() });
    for (const writer of closed) {
      op.check({ key: recordKey(writer, state.nextOf(writer)), versionstamp: null });
      upTo.delete(writer);
      kept.delete(writer);
    }
    for (const key of leftover) op.delete(key);
    op.set(FLUSHED_KEY, flushedValue({ upTo, kept }));
  }
  const result = await op.commit();
  if (!result.ok) return false;
  state.setWriters(writers, result.versionstamp);
  if (closed.length > 0) state.setFlushed({ upTo, kept }, result.versionstamp, true);
  return true;
}
