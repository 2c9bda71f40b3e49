/**
 * Preparing groups for a commit: finding out what their items have to say besides their readings, and
 * encoding them.
 *
 * @module
 */

import { encodeGroups } from "../../data/readings/group_encoder.ts";
import { readingsOfItem } from "../../data/readings/group_format.ts";
import { decodeGroup } from "../../data/readings/group_decoder.ts";
import { LONE_WRITER } from "../../data/devices/last_seen_record.ts";
import { encodeState, type GroupedReadings, type IngestGroup, type SeriesState } from "./group.ts";
import type { JournalLog } from "./log.ts";
import type { GroupRoles } from "./spread.ts";
import type { StoredRecord } from "./stored_record.ts";

/** Most bytes of a record, below the 65,536 of a value. */
const RECORD_MAX_BYTES = 65_000;
/** Most keys of one read of Deno KV. */
const KEYS_AT_ONCE = 10;

/** Which parts of a series the journal does not know. */
interface Unknown {
  readonly needsRevision: boolean;
  readonly needsCount: boolean;
  readonly needsLastSeen: boolean;
}

/**
 * The records of a group. Only in turn, as they depend on the entries.
 *
 * @throws {RangeError} when the readings of one item have no room in a record.
 * @throws {TypeError} when a number to which a group adds is none in the database.
 */
export async function recordsOf(
  database: Pick<Deno.Kv, "getMany">,
  log: JournalLog,
  { items, ...head }: IngestGroup,
  roles: GroupRoles,
): Promise<StoredRecord[]> {
  let unknown = unknownOf(items, log, roles);
  if (unknown.size > 0) {
    // Earlier groups, which have not been worked out, may have it.
    void log.entries;
    unknown = unknownOf(items, log, roles);
  }
  for (const item of items) item.state = null;
  await setStates(database, unknown, roles);
  return encodeGroups(head, withoutSaid(items, unknown), RECORD_MAX_BYTES).map((
    { bytes, items: own },
  ) => ({
    bytes,
    group: decodeGroup(bytes),
    ids: own.map(({ id }) => id),
  }));
}

/** The first items of series of which the journal does not know all that they add to. */
function unknownOf(
  items: readonly GroupedReadings[],
  { workedOut, mayBeStored }: JournalLog,
  { revisions, counts, lastSeen }: GroupRoles,
): Map<GroupedReadings, Unknown> {
  const mayHaveRevisions = mayBeStored([revisions]), mayHaveCounts = mayBeStored([counts]);
  const unknown = new Map<GroupedReadings, Unknown>();
  /** What follows in the same group adds to what the first item says. */
  const saidNumbers = new Set<string>(), saidLastSeen = new Set<string>();
  for (const item of items) {
    const { profile, id, receipt } = item;
    const hasReadings = readingsOfItem(item) > 0;
    const needsRevision = hasReadings && mayHaveRevisions &&
      workedOut.based([revisions, profile, id]) === undefined;
    const needsCount = hasReadings && mayHaveCounts &&
      workedOut.based([counts, profile, id]) === undefined;
    const saysNumbers = (needsRevision || needsCount) &&
      isAdded(saidNumbers, `${profile} ${id}`);
    const saysLastSeen = receipt !== null &&
      workedOut.based([lastSeen, id, LONE_WRITER]) === undefined && isAdded(saidLastSeen, id);
    if (!saysNumbers && !saysLastSeen) continue;
    unknown.set(item, {
      needsRevision: saysNumbers && needsRevision,
      needsCount: saysNumbers && needsCount,
      needsLastSeen: saysLastSeen,
    });
  }
  return unknown;
}

/**
 * The items, without the receipts that a last-seen record of another item has already: it is taken when
 * all of them have been counted.
 */
function withoutSaid(
  items: readonly GroupedReadings[],
  unknown: ReadonlyMap<GroupedReadings, Unknown>,
): readonly GroupedReadings[] {
  const said = new Set<string>();
  for (const [{ id }, { needsLastSeen }] of unknown) if (needsLastSeen) said.add(id);
  if (said.size === 0) return items;
  return items.map((item) =>
    item.receipt === null || !said.has(item.id) || unknown.get(item)?.needsLastSeen === true
      ? item
      : { ...item, receipt: null }
  );
}

/** Adds a text to a set. False if it was there. */
function isAdded(set: Set<string>, text: string): boolean {
  const { size } = set;
  return set.add(text).size > size;
}

/** Lets items say what is unknown. It reads numbers that the journal does not have. */
async function setStates(
  database: Pick<Deno.Kv, "getMany">,
  unknown: ReadonlyMap<GroupedReadings, Unknown>,
  { revisions, counts }: GroupRoles,
): Promise<void> {
  const keys: Deno.KvKey[] = [];
  for (const [{ profile, id }, { needsRevision, needsCount }] of unknown) {
    if (needsRevision) keys.push([revisions, profile, id]);
    if (needsCount) keys.push([counts, profile, id]);
  }
  const numbers: bigint[] = [];
  for (let at = 0; at < keys.length; at += KEYS_AT_ONCE) {
    const found = await database.getMany<unknown[]>(keys.slice(at, at + KEYS_AT_ONCE));
    for (const { key, value } of found) numbers.push(numberOf(value, key));
  }
  let next = 0;
  for (const [item, { needsRevision, needsCount, needsLastSeen }] of unknown) {
    const state: SeriesState = {
      revision: needsRevision ? numbers[next++] : null,
      count: needsCount ? numbers[next++] : null,
      lastSeen: needsLastSeen ? item.lastSeen() : null,
    };
    item.state = encodeState(state);
  }
}

function numberOf(value: unknown, key: Deno.KvKey): bigint {
  if (value === null) return 0n;
  if (value instanceof Deno.KvU64) return value.value;
  throw new TypeError(`Cannot add to an entry as it is not a KvU64: ${JSON.stringify(key)}`);
}
