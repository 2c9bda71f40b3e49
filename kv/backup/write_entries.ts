/**
 * Writing collected entries into an empty database.
 *
 * A database gives each entry the version of the commit that wrote it, and the service compares versions:
 * which change came first, which segment, which segments a removal includes. So entries are written in the
 * order of their versions, and those whose order matters not in the same commit. Checkpoints of continuous
 * export name versions; they are written last, with the versions that now stand for them.
 *
 * @module
 */

import { serialize } from "node:v8";
import { addCosts, type Cost, costOf, fitsCommit, NO_COST } from "../budget.ts";
import { CHECKPOINT_SPACE, seenVersionOf, withSeenVersion } from "../continuous/checkpoints.ts";
import { isDeletingHead } from "../series/heads.ts";
import { SEGMENT_SPACE } from "../series/segments.ts";
import type { ShelvedEntry } from "./entry_shelf.ts";
import { textOfKey } from "./key_text.ts";

/** What is written. */
export interface EntrySource {
  /** All entries in the order of their versions. Called twice. */
  inOrder(): Iterable<ShelvedEntry>;
}

/** Writes entries. Calls `onWritten` with the number of entries that are written so far. */
export async function writeEntries(
  kv: Pick<Deno.Kv, "atomic">,
  source: EntrySource,
  onWritten: (count: number) => void,
): Promise<void> {
  const named = namedVersions(source);
  const checkpoints: ShelvedEntry[] = [];
  /** The version that now stands for each one that a checkpoint names. */
  const versions = new Map<string, string>();
  const commits = createCommits(kv, onWritten);
  let next = 0;
  for (const entry of source.inOrder()) {
    while (next < named.length && entry.versionstamp > named[next]) {
      versions.set(named[next++], await commits.flush());
    }
    if (entry.key[0] === CHECKPOINT_SPACE) checkpoints.push(entry);
    else await commits.add(entry);
  }
  const last = await commits.flush();
  for (const version of named.slice(next)) versions.set(version, last);
  for (const { value, ...entry } of checkpoints) {
    const seen = versions.get(seenVersionOf(value)) ?? "";
    await commits.add({ ...entry, value: withSeenVersion(value, seen) });
  }
  await commits.flush();
}

/** The versions that checkpoints name, ascending. */
function namedVersions(source: EntrySource): string[] {
  const named = new Set<string>();
  for (const { key, value } of source.inOrder()) {
    if (key[0] === CHECKPOINT_SPACE) named.add(seenVersionOf(value));
  }
  named.delete("");
  return [...named].sort();
}

/** About the bytes that the database stores for a value. */
function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  return value instanceof Deno.KvU64 ? new Uint8Array(8) : new Uint8Array(serialize(value));
}

/** Packs entries into commits. */
function createCommits(kv: Pick<Deno.Kv, "atomic">, onWritten: (count: number) => void) {
  let entries: ShelvedEntry[] = [];
  let cost: Cost = NO_COST;
  /** The series whose segments are in the commit, with the version of those. */
  let segments = new Map<string, string>();
  let written = 0, version = "";

  async function flush(): Promise<string> {
    if (entries.length === 0) return version;
    const op = kv.atomic();
    for (const { key, value } of entries) op.set(key, value);
    const result = await op.commit();
    if (!result.ok) throw new Error("Cannot write entries as the database refused them");
    version = result.versionstamp;
    written += entries.length;
    [entries, cost, segments] = [[], NO_COST, new Map()];
    onWritten(written);
    return version;
  }

  return {
    flush,
    async add(entry: ShelvedEntry): Promise<void> {
      const { key, value, versionstamp } = entry;
      const own = costOf((op) => op.set(key, bytesOf(value)));
      const series = key[0] === SEGMENT_SPACE ? textOfKey(key.slice(1, 3)) : null;
      const isAfterOther = series !== null &&
        (segments.get(series) ?? versionstamp) !== versionstamp;
      if (isAfterOther || !fitsCommit(addCosts(cost, own))) await flush();
      entries.push(entry);
      cost = addCosts(cost, own);
      if (series !== null) segments.set(series, versionstamp);
      // A removal includes the segments up to the version of its head.
      if (isDeletingHead(key, value)) await flush();
    },
  };
}
