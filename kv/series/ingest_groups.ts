/**
 * Requests of live ingest as groups, for a database whose journal or logs take them: one value in place of
 * the mutations of each series (`kv/journal/group.ts`). Nothing here writes.
 *
 * @module
 */

import { itemMaxBytes } from "../../data/readings/group_encoder.ts";
import { readingsOfItem, rowsOfItem } from "../../data/readings/group_format.ts";
import { addCosts, type Cost, fitsCommit, NO_COST, type RecordedStage } from "../budget.ts";
import type { GroupedReadings, IngestGroup } from "../journal/group.ts";
import type { IngestRequest } from "./ingest_batches.ts";

/** Most readings of an item. */
const ITEM_MAX_READINGS = 1_500;
/** Most bytes of an item, so that every record of a journal has room for it. */
const ITEM_MAX_BYTES = 32_000;

/** What one commit holds. */
export interface GroupedCommit {
  /** The readings, and what was received; null if the requests bring only mutations. */
  readonly group: IngestGroup | null;
  /** What the requests add. */
  readonly extras: readonly RecordedStage[];
  /** The requests of which it has something. */
  readonly requests: readonly IngestRequest[];
}

/** What groups have in common. */
export interface GroupingOptions {
  /** The process that writes. */
  readonly writer: string;
  /** The number of the next segment. */
  readonly firstNumber: number;
  /** What a commit may hold. */
  readonly room: Cost;
}

/**
 * Requests as commits, in their order. It sets how many commits each request has to wait for. The
 * numbers of the items follow each other without a gap.
 */
export function groupedCommits(
  requests: readonly IngestRequest[],
  { writer, firstNumber, room }: GroupingOptions,
): GroupedCommit[] {
  const commits: GroupedCommit[] = [];
  let number = firstNumber;
  let items: GroupedReadings[] = [], extras: RecordedStage[] = [], own: IngestRequest[] = [];
  let used = NO_COST, usedBytes = 0, windowMs = 0;

  function close(): void {
    if (own.length === 0) return;
    const group = items.length === 0 ? null : { writer, firstNumber: number, windowMs, items };
    commits.push({ group, extras, requests: own });
    number += items.length;
    items = [];
    extras = [];
    own = [];
    used = NO_COST;
    usedBytes = windowMs = 0;
  }

  /** Makes room for something of a request. */
  function enter(request: IngestRequest, isFitting: boolean): void {
    const ownWindowMs = request.receipt?.windowMs ?? windowMs;
    const isOther = windowMs !== 0 && ownWindowMs !== windowMs;
    if (own.length > 0 && (isOther || !isFitting)) close();
    windowMs = request.receipt?.windowMs ?? windowMs;
    if (own.length > 0 && own[own.length - 1] === request) return;
    own.push(request);
    request.open++;
  }

  function addExtra(request: IngestRequest, extra: RecordedStage): void {
    const total = addCosts(used, extra.cost);
    enter(request, fitsCommit({ ...total, bytes: total.bytes + usedBytes }, room));
    used = addCosts(used, extra.cost);
    extras.push(extra);
  }

  /** An item is only bytes. This runs for every reading, so nothing is made of them. */
  function addItem(request: IngestRequest, item: GroupedReadings): void {
    const bytes = itemMaxBytes(item);
    enter(request, used.bytes + usedBytes + bytes <= room.bytes);
    usedBytes += bytes;
    items.push(item);
  }

  for (const request of requests) {
    request.open = 0;
    if (request.extra !== null) addExtra(request, request.extra);
    const readings = readingsOfItem(request);
    if (readings === 0 && request.receipt === null) continue;
    if (readings === 1) addItem(request, request);
    else for (const item of itemsOf(request)) addItem(request, item);
  }
  close();
  return commits;
}

/** The items of a request: itself, or parts of it that each have room in a record. */
function itemsOf(request: IngestRequest): readonly GroupedReadings[] {
  const { profile, id, page, receipt, lastSeen } = request;
  const { start, end } = rowsOfItem(request);
  const fitting = Math.floor(ITEM_MAX_BYTES / (8 + 9 * page.columns.length));
  const most = Math.max(1, Math.min(ITEM_MAX_READINGS, fitting));
  if (end - start <= most) return [request];
  const items: GroupedReadings[] = [];
  for (let at = start; at < end; at += most) {
    const rows = { start: at, end: Math.min(at + most, end) };
    const ownReceipt = at === start ? receipt : null;
    items.push({ profile, id, page, rows, receipt: ownReceipt, lastSeen, state: null });
  }
  return items;
}
