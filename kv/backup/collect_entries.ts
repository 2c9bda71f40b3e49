/**
 * Collecting the entries of a database that several processes share, as they are at one moment.
 *
 * Deno KV shows only a batch of a list as of one moment. So passes over all entries follow each other
 * until one of them finds that nothing has changed since the pass before it read it: between the two,
 * every entry was what both have seen.
 *
 * What ingest brings need not wait for such a pass. The logs of ingest are left out: what was acknowledged
 * before has been carried out (`kv/ingest_log`). Commits that carry out more only add segments, and raise
 * counters and marks that go with them. A pass reads all segments before everything else. So it may miss segments that
 * are newer than its start, but whatever belongs to a segment that it has is there.
 *
 * Leases, sessions and the pulse are left out: their owners do not exist where the entries go.
 *
 * @module
 */

import { KEY_USE_SPACE } from "../access/key_uses.ts";
import { SESSION_SPACE } from "../access/sessions.ts";
import { PULSE_SPACE } from "../activity.ts";
import { LAST_SEEN_SPACE } from "../devices/last_seen.ts";
import { isIngestLogKey } from "../ingest_log/record_keys.ts";
import { LEASE_SPACE } from "../jobs/leases.ts";
import { CHANGED_SPACE } from "../series/changes.ts";
import { isRevisionKey } from "../series/revisions.ts";
import { SEGMENT_COUNT_SPACE } from "../series/segment_counts.ts";
import { SEGMENT_SPACE } from "../series/segments.ts";
import type { EntryShelf, ShelfChange, ShelfState, ShelvedEntry } from "./entry_shelf.ts";

/** Entries of a list batch. Values of blocks are large. */
const BATCH = 100;
/** Entries after which the shelf is saved. */
const SAVED_AT_ONCE = 2_000;
/** The pause before another pass, milliseconds. */
const PAUSE_MS = 500;

/** Spaces of what ingest only adds or raises. */
const OF_INGEST: ReadonlySet<unknown> = new Set([
  SEGMENT_COUNT_SPACE,
  CHANGED_SPACE,
  LAST_SEEN_SPACE,
  KEY_USE_SPACE,
]);
/** Spaces that are left out. */
const LEFT_OUT: ReadonlySet<unknown> = new Set([LEASE_SPACE, SESSION_SPACE, PULSE_SPACE]);

/** Whether the entry of a key means nothing in another database. */
export function isLeftOut([space]: Deno.KvKey): boolean {
  return LEFT_OUT.has(space);
}

/** How to collect. */
export interface CollectOptions {
  /** Called now and then, with the pass and the entries that it has seen. */
  readonly onProgress: (progress: { pass: number; seen: number }) => void;
  /** Whether there is time for another pass, after one that has found changes. */
  readonly mayGoOn: (changes: number) => boolean;
}

/**
 * Puts all entries on a shelf, as they were at a moment during this call. Goes on where an interrupted call
 * has stopped. False if the database has changed during every pass; calling it again goes on.
 */
export async function collectEntries(
  kv: Pick<Deno.Kv, "list">,
  shelf: EntryShelf,
  { onProgress, mayGoOn }: CollectOptions,
): Promise<boolean> {
  for (;;) {
    const { pass, part, after } = shelf.state();
    // A pass that an earlier call began may agree with the one before it, and both be days old.
    const isOfThisCall = part === 0 && after === null;
    const changes = await collectOnce(kv, shelf, (seen) => onProgress({ pass, seen }));
    shelf.save({ pass: pass + 1, part: 0, after: null, changes: 0 });
    // The first pass has nothing to compare with.
    const isCompared = pass > 1 && isOfThisCall;
    if (isCompared && changes === 0) return true;
    if (isCompared && !mayGoOn(changes)) return false;
    if (pass > 1) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** The rest of a pass. Returns how many changes it has found that must not be torn apart. */
async function collectOnce(
  kv: Pick<Deno.Kv, "list">,
  shelf: EntryShelf,
  onSeen: (seen: number) => void,
): Promise<number> {
  let state: ShelfState = shelf.state();
  let seen = 0;
  for (; state.part < PARTS.length; state = { ...state, part: state.part + 1, after: null }) {
    for await (const entry of PARTS[state.part](kv, state.after)) {
      const change = shelf.put(entry, state.pass);
      const changes = state.changes + (isTorn(entry, change) ? 1 : 0);
      state = { ...state, after: entry.key, changes };
      if (++seen % SAVED_AT_ONCE > 0) continue;
      shelf.save(state);
      onSeen(seen);
    }
  }
  onSeen(seen);
  return state.changes + shelf.dropMissing(state.pass);
}

/** The parts of a pass in their order: segments, then everything else. */
const PARTS = [segments, everythingElse] as const;

async function* segments(
  kv: Pick<Deno.Kv, "list">,
  after: Deno.KvKey | null,
): AsyncGenerator<ShelvedEntry> {
  const prefix = [SEGMENT_SPACE];
  const selector = after === null ? { prefix } : { prefix, start: keyAfter(after) };
  yield* kv.list(selector, { batchSize: BATCH });
}

async function* everythingElse(
  kv: Pick<Deno.Kv, "list">,
  after: Deno.KvKey | null,
): AsyncGenerator<ShelvedEntry> {
  // Every key begins with a text, which comes before all numbers.
  const selector = { start: after === null ? [""] : keyAfter(after), end: [0] };
  for await (const entry of kv.list(selector, { batchSize: BATCH })) {
    const isElsewhere = entry.key[0] === SEGMENT_SPACE || isIngestLogKey(entry.key);
    if (!isElsewhere && !isLeftOut(entry.key)) yield entry;
  }
}

/** The first key that may come after a key. */
function keyAfter(key: Deno.KvKey): Deno.KvKey {
  return [...key, new Uint8Array()];
}

/** Whether a change can be a part of a commit whose other parts a pass has missed. */
function isTorn({ key }: ShelvedEntry, change: ShelfChange): boolean {
  const [space] = key;
  if (change === "none" || OF_INGEST.has(space) || isRevisionKey(key)) return false;
  return space !== SEGMENT_SPACE || change === "changed";
}
