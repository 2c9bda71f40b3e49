/**
 * Requests of live ingest as groups, for a database whose journal has them: one value in place of the
 * mutations of each series (`kv/journal/group.ts`). Nothing here writes.
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
  let used = NO_COST, windowMs = 0;

  function close(): void {
    if (own.length === 0) return;
    const group = items.length === 0 ? null : { writer, firstNumber: number, windowMs, items };
    commits.push({ group, extras, requests: own });
    number += items.length;
    items = [];
    extras = [];
    own = [];
    used = NO_COST;
    windowMs = 0;
  }

  function add(request: IngestRequest, item: GroupedReadings | null, cost: Cost): void {
    const ownWindowMs = request.receipt?.windowMs ?? windowMs;
    const total = addCosts(used, cost);
    const isOther = windowMs !== 0 && ownWindowMs !== windowMs;
    if (own.length > 0 && (isOther || !fitsCommit(total, room))) close();
    used = addCosts(used, cost);
    windowMs = request.receipt?.windowMs ?? windowMs;
    if (item !== null) items.push(item);
    else if (request.extra !== null) extras.push(request.extra);
    if (own.at(-1) === request) return;
    own.push(request);
    request.open++;
  }

  for (const request of requests) {
    request.open = 0;
    if (request.extra !== null) add(request, null, request.extra.cost);
    if (readingsOfItem(request) === 0 && request.receipt === null) continue;
    for (const item of itemsOf(request)) {
      add(request, item, { mutations: 0, bytes: itemMaxBytes(item), keyBytes: 0 });
    }
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
