/**
 * Working out the entries of each series that groups stand for.
 *
 * Several groups are worked out together, so a series that many of them have gets its sums, its days
 * and its last-seen record once.
 *
 * @module
 */

import { addReceipts, LONE_WRITER } from "../../data/devices/last_seen_record.ts";
import { dayStartMs } from "../../data/limits.ts";
import {
  type DecodedGroup,
  type GroupSection,
  idsOf,
  receiptsOf,
  rowStarts,
  sectionTimes,
  statesOf,
} from "../../data/readings/group_decoder.ts";
import type { Receipt } from "../../data/readings/group_format.ts";
import { decodeState } from "./group.ts";
import type { JournalValue } from "./record.ts";
import type { RecordSource } from "./value_index.ts";

/** The key spaces of what a group stands for. */
export interface GroupRoles {
  /** `[space, profile, id, writer, number]`: a segment. */
  readonly segments: string;
  /** `[space, profile, id]`: how many segments. */
  readonly counts: string;
  /** `[space, profile, id]`: the revision. */
  readonly revisions: string;
  /** `[space, profile, id, dayMs]`: a day that has changed. */
  readonly days: string;
  /** `[space, id, writer]`: a last-seen record. */
  readonly lastSeen: string;
}

/** The spaces of what groups stand for; null unless there is one for each of it. */
export function rolesOf(
  spaces: Readonly<Record<string, { readonly role?: keyof GroupRoles }>>,
): GroupRoles | null {
  const byRole = new Map(Object.entries(spaces).map(([space, { role }]) => [role, space]));
  const [segments, counts, revisions, days, lastSeen] = [
    "segments",
    "counts",
    "revisions",
    "days",
    "lastSeen",
  ].map((role) => byRole.get(role as keyof GroupRoles));
  return segments && counts && revisions && days && lastSeen
    ? { segments, counts, revisions, days, lastSeen }
    : null;
}

/** A group of a stored record that has not been worked out. */
export interface PendingGroup {
  /** The record. */
  readonly source: RecordSource & { readonly group: DecodedGroup };
  /** The ids of its items in order; null if they are to be decoded. */
  readonly ids: readonly string[] | null;
}

/** An entry, and the record that holds its value whole. Records after that only add to it. */
export interface BasedValue {
  /** What the key holds. */
  readonly value: JournalValue;
  /** The number of the record. */
  readonly base: number;
}

/** Where the entries go. */
export interface SpreadTarget {
  /** The entry of a key of a flushed space. */
  based(key: Deno.KvKey): BasedValue | undefined;
  /** Sets such an entry. */
  setBased(key: Deno.KvKey, value: BasedValue, source: RecordSource): void;
  /** How to add segments whose keys have a prefix in common. */
  segmentsOf(prefix: Deno.KvKey): AddSegment;
}

/** Adds a segment: rows of the section of its profile. */
export type AddSegment = (
  number: number,
  section: GroupSection,
  rows: { readonly source: RecordSource; readonly start: number; readonly length: number },
) => void;

/** What the groups bring of one number that grows. */
interface Growth {
  /** What it was before, and the record that says so; null if no item says it. */
  before: BasedValue | null;
  added: number;
  source: RecordSource;
}

/** What the groups bring of one series. */
interface Gain {
  readonly id: string;
  readonly revision: Growth;
  readonly count: Growth;
  /** Adds segments of `writer`; null if it has added none. */
  addSegment: AddSegment | null;
  writer: string;
  /** The record of the last change of each day, but for `lastDayMs`; null as most are of one day. */
  days: Map<number, RecordSource> | null;
  lastDayMs: number | null;
  lastSource: RecordSource;
}

/** What the groups bring of when something was received from a device, whatever its profile is. */
interface Seen {
  /** A whole last-seen record; then receipts after it. */
  lastSeen: BasedValue | null;
  receipts: Receipt[];
  windowMs: number;
  /** The record of the last receipt. */
  source: RecordSource;
}

/** Works out groups, in the order of their records. */
export function spreadGroups(
  groups: readonly PendingGroup[],
  roles: GroupRoles,
  target: SpreadTarget,
): void {
  const profiles = new Map<string, Map<string, Gain>>();
  const devices = new Map<string, Seen>();
  for (const { source, ids } of groups) {
    const { writer, firstNumber, windowMs, sections } = source.group;
    for (const section of sections) {
      const { profile, firstIndex, count } = section;
      const own = ids ?? idsOf(section), first = ids === null ? 0 : firstIndex;
      const starts = rowStarts(section), timesMs = sectionTimes(section);
      const receiptAt = receiptsOf(section);
      const states = section.stateWidth === 0 ? null : statesOf(section);
      let gains = profiles.get(profile);
      if (gains === undefined) profiles.set(profile, gains = new Map());
      for (let index = 0; index < count; index++) {
        const id = own[first + index];
        let gain = gains.get(id);
        if (gain === undefined) gains.set(id, gain = newGain(id, source));
        const state = states?.[index] ?? null;
        const whole = state === null ? null : takeState(gain, state, source);
        const start = starts[index], length = starts[index + 1] - start;
        if (length > 0) {
          if (gain.addSegment === null || gain.writer !== writer) {
            gain.addSegment = target.segmentsOf([roles.segments, profile, id, writer]);
            gain.writer = writer;
          }
          const number = firstNumber + firstIndex + index;
          gain.addSegment(number, section, { source, start, length });
          grow(gain, source);
          for (let row = start; row < start + length; row++) {
            addDay(gain, dayStartMs(timesMs[row]), source);
          }
        }
        const receipt = receiptAt(index);
        if (receipt === null) continue;
        let seen = devices.get(id);
        if (seen === undefined) devices.set(id, seen = newSeen(source));
        seen.windowMs = windowMs;
        seen.source = source;
        if (whole === null) seen.receipts.push(receipt);
        else {
          // It has the receipt already.
          seen.lastSeen = { value: whole, base: source.number };
          seen.receipts = [];
        }
      }
    }
  }
  for (const [profile, gains] of profiles) {
    for (const gain of gains.values()) setGain(profile, gain, roles, target);
  }
  for (const [id, seen] of devices) setSeen([roles.lastSeen, id, LONE_WRITER], seen, target);
}

function newGain(id: string, source: RecordSource): Gain {
  return {
    id,
    revision: { before: null, added: 0, source },
    count: { before: null, added: 0, source },
    addSegment: null,
    writer: "",
    days: null,
    lastDayMs: null,
    lastSource: source,
  };
}

/** Notes the last change of a day. */
function addDay(gain: Gain, dayMs: number, source: RecordSource): void {
  if (dayMs !== gain.lastDayMs) {
    if (gain.lastDayMs !== null) (gain.days ??= new Map()).set(gain.lastDayMs, gain.lastSource);
    gain.lastDayMs = dayMs;
  }
  gain.lastSource = source;
}

function newSeen(source: RecordSource): Seen {
  return { lastSeen: null, receipts: [], windowMs: 0, source };
}

function grow({ revision, count }: Gain, source: RecordSource): void {
  revision.added++;
  revision.source = source;
  count.added++;
  count.source = source;
}

/** Takes the numbers that a state says. Returns the last-seen record that it has. */
function takeState(
  { revision, count }: Gain,
  bytes: Uint8Array,
  { number: base }: RecordSource,
): Uint8Array | null {
  const state = decodeState(bytes);
  if (state.revision !== null) {
    revision.before = { value: state.revision, base };
    revision.added = 0;
  }
  if (state.count !== null) {
    count.before = { value: state.count, base };
    count.added = 0;
  }
  return state.lastSeen;
}

function setGain(
  profile: string,
  { id, revision, count, days, lastDayMs, lastSource }: Gain,
  roles: GroupRoles,
  target: SpreadTarget,
): void {
  setGrowth([roles.revisions, profile, id], revision, target);
  setGrowth([roles.counts, profile, id], count, target);
  const setDay = (dayMs: number, source: RecordSource) => {
    const day = { value: true, base: source.number } as const;
    target.setBased([roles.days, profile, id, dayMs], day, source);
  };
  // In the order in which they first changed, as they are flushed.
  if (lastDayMs !== null) days?.set(lastDayMs, lastSource);
  if (days !== null) days.forEach((source, dayMs) => setDay(dayMs, source));
  else if (lastDayMs !== null) setDay(lastDayMs, lastSource);
}

function setSeen(
  key: Deno.KvKey,
  { lastSeen, receipts, windowMs, source }: Seen,
  target: SpreadTarget,
): void {
  const before = lastSeen ?? target.based(key);
  const bytes = before?.value instanceof Uint8Array ? before.value : undefined;
  const value = receipts.length === 0 && bytes !== undefined
    ? bytes
    : addReceipts(bytes, receipts, windowMs);
  target.setBased(key, { value, base: before?.base ?? source.number }, source);
}

function setGrowth(key: Deno.KvKey, { before, added, source }: Growth, target: SpreadTarget): void {
  if (added === 0) return;
  const known = before ?? target.based(key);
  const number = typeof known?.value === "bigint" ? known.value : 0n;
  const value = BigInt.asUintN(64, number + BigInt(added));
  target.setBased(key, { value, base: known?.base ?? source.number }, source);
}
