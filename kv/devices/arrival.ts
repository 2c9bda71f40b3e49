/**
 * Readings of a device from their arrival until they are durable: what is known of their times without a
 * read, and what is written of their receipt.
 *
 * @module
 */

import type { TimestampForm } from "../../data/devices/timestamp.ts";
import { gatherPage, type Page, type Rows, slicePage } from "../../data/readings/page.ts";
import type { ProfileName } from "../../data/readings/profile.ts";
import type { Staging } from "../budget.ts";
import type { IngestReceipt, LiveReadings } from "../series/ingest_batches.ts";
import type { SeriesStore } from "../series/store.ts";
import type { CachedDevice } from "./cache.ts";
import type { DeviceRecord } from "./devices.ts";
import {
  LAST_SEEN_KEPT_MS,
  stageLastSeen,
  stageLastSeenDelete,
  type StoredLastSeen,
} from "./last_seen.ts";
import { isPending, type PendingTimes, removePending, rowTimes } from "./pending_times.ts";
import { stageOthersQuiet } from "../series/others_quiet.ts";

/** Readings of one device from one request. */
export interface DeviceReadings {
  /** The device. */
  readonly id: string;
  /** The profile of the readings. */
  readonly profile: ProfileName;
  /** Whom they count for if they are the first ones of the device. */
  readonly account?: string;
  /** Which definition of the profile they follow (`life`); absent for a built-in one. */
  readonly life?: number;
  /** How the device gave their times; ISO 8601 unless given. */
  readonly form?: TimestampForm;
  /** A page with the readings, in the order in which they arrived. */
  readonly page: Page;
  /** Which rows of it they are; all by default. */
  readonly rows?: Rows;
  /** Whether this counts as a request; false for more readings of a request that was counted. */
  readonly isCounted: boolean;
  /**
   * Whether a missing value leaves the stored one of the same time as it is, instead of replacing it.
   * Over several instances, this holds for what was stored when the request arrived.
   */
  readonly isPartial?: boolean;
}

/** What happens to readings, and the rows that have to be compared to find out. */
interface Counts {
  /** Readings with a new time. */
  created: number;
  /** Readings that replace other values of the same time. */
  updated: number;
  /** Readings that change nothing. */
  unchanged: number;
  /** The rows that have to be compared with what is stored. */
  toCompare: readonly number[];
}

/** Readings of a device that are about to be written. */
export interface Begun extends LiveReadings, PendingTimes, Counts {
  /** A page with the readings, in any order. */
  readonly page: Page;
  /** Their device. */
  readonly cached: CachedDevice;
  /** The record of the device when they arrived. */
  readonly device: DeviceRecord;
  /** As they were given. */
  readonly given: DeviceReadings;
  /** When they were received, epoch milliseconds. */
  readonly nowMs: number;
  /** How long nothing had been received before, milliseconds. */
  readonly silentMs: number;
  /** How many requests the device may send after this one. */
  readonly remaining: number;
}

/** What all readings that arrive at the same time have in common. */
export interface ArrivalRules {
  /** When, epoch milliseconds. */
  readonly nowMs: number;
  /** The receipt of those that count as a request; readings of thousands of devices share it. */
  readonly counted: IngestReceipt;
  /** The writer of this process's last-seen records. */
  readonly writer: string;
  /** Whether ingest takes receipts. */
  readonly takesReceipts: boolean;
  /** Whether the commit is to fail if others have written something that is not known. */
  readonly assumesQuiet?: boolean;
}

/** The same readings as all rows of a page. */
export function withOwnPage(given: DeviceReadings): DeviceReadings {
  const { rows, ...readings } = given;
  if (rows === undefined) return given;
  return { ...readings, page: slicePage(readings.page, rows.start, rows.end) };
}

/** Counts readings as on their way to the database. */
export function begin(
  cached: CachedDevice,
  given: DeviceReadings,
  { page, remaining, rules: { nowMs, counted, writer, takesReceipts, assumesQuiet } }: {
    /** The page that is written. */
    page: Page;
    remaining: number;
    rules: ArrivalRules;
  },
): Begun {
  const { id, profile, rows, isCounted } = given;
  // Counted from what is durable: a request that failed did not keep the device online.
  const silentMs = nowMs - cached.onlineMs;
  cached.receivedMs = Math.max(cached.receivedMs, nowMs);
  const times = rowTimes(page.timesMs, rows ?? { start: 0, end: page.timesMs.length });
  const { start, end, lastRows, firstMs, lastMs, unordered } = times;
  const hasReceipt = takesReceipts && !hasOutdated(cached, nowMs);
  const stageQuiet = assumesQuiet ? stageOthersQuiet : undefined;
  const begun: Begun = {
    profile,
    id,
    page,
    rows,
    stage: hasReceipt ? stageQuiet : (op) => {
      stageLastSeenOf(op, cached, { id, writer, nowMs });
      stageQuiet?.(op);
    },
    receipt: !hasReceipt ? undefined : isCounted ? counted : { ...counted, requests: 0 },
    lastSeen: cached.lastSeen,
    cached,
    device: cached.device,
    given,
    start,
    end,
    lastRows,
    firstMs,
    lastMs,
    unordered,
    created: 0,
    updated: 0,
    unchanged: 0,
    toCompare: NO_ROWS,
    nowMs,
    silentMs,
    remaining,
  };
  countTimes(cached, begun);
  cached.pending.push(begun);
  return begun;
}

/** No rows. */
const NO_ROWS: readonly number[] = [];

/**
 * Counts the times that are known to be new without a comparison, because they are later than all
 * stored ones.
 */
function countTimes({ lastMs, pending }: CachedDevice, begun: Begun): void {
  const { page: { timesMs }, start, end, lastRows } = begun;
  const count = lastRows?.length ?? end - start;
  let toCompare: number[] | null = null;
  for (let index = 0; index < count; index++) {
    const row = lastRows === null ? start + index : lastRows[index];
    const timeMs = timesMs[row];
    if (isPending(pending, timeMs)) begun.updated++;
    else if (timeMs > lastMs) begun.created++;
    else (toCompare ??= []).push(row);
  }
  begun.unchanged = end - start - count;
  if (toCompare !== null) begun.toCompare = toCompare;
}

/** Compares rows with what is stored and adds the result to the counts. */
export async function countCompared(
  series: Pick<SeriesStore, "compare">,
  begun: Begun,
): Promise<void> {
  const { profile, id, page, toCompare } = begun;
  const rows = gatherPage(page, Uint32Array.from(toCompare));
  const compared = await series.compare({ profile, id }, rows);
  begun.created += compared.inserted;
  begun.updated += compared.updated;
  begun.unchanged += compared.unchanged;
}

/** Sets the last-seen record of a device, and deletes those of processes that are long gone. */
function stageLastSeenOf(
  op: Staging,
  { receivedMs: lastReceivedMs, window, others }: CachedDevice,
  { id, writer, nowMs }: { id: string; writer: string; nowMs: number },
): void {
  stageLastSeen(op, id, { writer, lastReceivedMs, window });
  for (const other of others) {
    if (isOutdated(other, nowMs)) stageLastSeenDelete(op, id, other.writer);
  }
}

/** Whether some of the last-seen records of a device are of processes that are long gone. */
function hasOutdated({ others }: CachedDevice, nowMs: number): boolean {
  return others.length > 0 && others.some((other) => isOutdated(other, nowMs));
}

function isOutdated({ lastReceivedMs }: StoredLastSeen, nowMs: number): boolean {
  return nowMs - lastReceivedMs > LAST_SEEN_KEPT_MS;
}

/** Removes the times of readings from those that are pending. */
export function release(begun: Begun): void {
  removePending(begun.cached.pending, begun);
}

/** Remembers the times of readings that are durable, and that their commit has deleted some records. */
export function rememberDurable(
  { cached, lastMs, nowMs, receipt }: Begun,
): void {
  cached.lastMs = Math.max(cached.lastMs, lastMs);
  if (receipt !== undefined || !hasOutdated(cached, nowMs)) return;
  const isKept = (record: StoredLastSeen) => !isOutdated(record, nowMs);
  cached.others = cached.others.filter(isKept);
  cached.stored = cached.stored.filter(isKept);
}
