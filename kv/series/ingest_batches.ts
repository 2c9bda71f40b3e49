/**
 * Grouping the requests of live ingest so that commits hold them. Nothing here writes.
 *
 * @module
 */

import { dayStartMs } from "../../data/limits.ts";
import { concatPages, type Page, type Rows, slicePage } from "../../data/readings/page.ts";
import type { ProfileName } from "../../data/readings/profile.ts";
import { splitPage } from "../../data/readings/page_split.ts";
import type { GroupedReadings } from "../journal/group.ts";
import type { Receipt } from "../../data/readings/group_format.ts";
import {
  addCosts,
  type Cost,
  fitsCommit,
  NO_COST,
  type RecordedStage,
  type Stage,
} from "../budget.ts";
import type { SeriesRef } from "./ref.ts";

/** Most readings of a segment. Its bytes are bounded too (`data/readings/page_split.ts`). */
const SEGMENT_MAX_READINGS = 4_000;
/** Most days of a segment. Each day is a mutation of its commit. */
const SEGMENT_MAX_DAYS = 150;

/** Readings of one series. */
export interface LiveReadings {
  /** The profile of the series. */
  readonly profile: ProfileName;
  /** The id of the series. */
  readonly id: string;
  /** A page with the readings, in any order. */
  readonly page: Page;
  /** Which rows of it they are; all by default. */
  readonly rows?: Rows | undefined;
  /** Is added to the same commit, or gets a commit of its own if there are no readings. */
  readonly stage?: Stage | undefined;
  /** When they were received, if the committer takes receipts. */
  readonly receipt?: IngestReceipt | undefined;
  /** The whole last-seen record of the device after the receipt. */
  readonly lastSeen?: (() => Uint8Array) | undefined;
}

/** That something was received from a device. */
export interface IngestReceipt extends Receipt {
  /** The window in which requests are counted, milliseconds. */
  readonly windowMs: number;
}

/** A request that waits to be committed. In a group it is an item. */
export interface IngestRequest extends GroupedReadings {
  /** When it was received, for a commit that holds groups; null if `extra` says it, or nobody counts it. */
  readonly receipt: IngestReceipt | null;
  /** What the request adds to the commit of its readings; null if nothing. */
  readonly extra: RecordedStage | null;
  /** The span that sent it; undefined while nothing is traced. */
  readonly traceparent: string | undefined;
  /** How many commits with parts of it are not durable yet. */
  open: number;
  /** The call that it came with. */
  readonly call: IngestCall;
  /** Its index in the call. */
  readonly index: number;
}

/** Requests that came together. */
export interface IngestCall {
  /** What has happened to each: null if it is durable, why it is not, or undefined. */
  readonly errors: unknown[];
  /** How many are undefined. */
  left: number;
  /** Answers the call. */
  readonly resolve: (errors: readonly unknown[]) => void;
}

/** Settles a request: with null once it is durable, or with why it is not. The first time counts. */
export function settle({ call, index }: IngestRequest, error: unknown): void {
  if (call.errors[index] !== undefined) return;
  call.errors[index] = error;
  if (--call.left === 0) call.resolve(call.errors);
}

/** Requests of one series that are written together. */
export interface IngestBatch {
  /** The requests, in the order of their arrival. */
  readonly requests: IngestRequest[];
  /** How many of its stages are not durable yet. */
  open: number;
}

/** The content of one new segment. */
export interface SegmentPart {
  /** The encoded page. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The UTC days for the change feed; they include the days of the readings. */
  readonly days: Iterable<number>;
}

/** A text that stands for a series. */
function seriesName({ profile, id }: SeriesRef): string {
  return `${profile}/${id}`;
}

/** Groups requests by series. If their extra stages would fill a commit, a series gets several batches. */
export function batchesOf(requests: readonly IngestRequest[]): IngestBatch[] {
  const batches: IngestBatch[] = [];
  const latest = new Map<string, { batch: IngestBatch; cost: Cost }>();
  for (const request of requests) {
    const name = seriesName(request);
    const open = latest.get(name);
    const own = request.extra?.cost ?? NO_COST;
    const cost = addCosts(open?.cost ?? NO_COST, own);
    // Twice the cost must fit, so that the extra stages leave half of the commit to the readings.
    if (open !== undefined && fitsCommit(addCosts(cost, cost))) {
      open.batch.requests.push(request);
      open.cost = cost;
    } else {
      const batch = { requests: [request], open: 0 };
      batches.push(batch);
      latest.set(name, { batch, cost: own });
    }
  }
  return batches;
}

/** The readings of a batch, cut into segments. None if its requests have no readings. */
export function segmentParts({ requests }: IngestBatch): SegmentPart[] {
  return pageParts(concatPages(requests.map((request) => request.page)));
}

/** Readings in any order, cut into segments. None if there are no readings. */
export function pageParts(page: Page): SegmentPart[] {
  if (page.timesMs.length === 0) return [];
  return splitByDays(page).flatMap((piece) =>
    splitPage(piece.page, { maxReadings: SEGMENT_MAX_READINGS })
      .map((part) => ({ bytes: part.bytes, days: piece.days }))
  );
}

/** Cuts a page into pieces with so few days that a commit holds their entries of the change feed. */
function splitByDays(page: Page): { page: Page; days: Iterable<number> }[] {
  if (page.timesMs.length === 1) return [{ page, days: [dayStartMs(page.timesMs[0])] }];
  const pieces: { page: Page; days: Set<number> }[] = [];
  let start = 0;
  let days = new Set<number>();
  page.timesMs.forEach((timeMs, row) => {
    const dayMs = dayStartMs(timeMs);
    if (days.size === SEGMENT_MAX_DAYS && !days.has(dayMs)) {
      pieces.push({ page: slicePage(page, start, row), days });
      start = row;
      days = new Set();
    }
    days.add(dayMs);
  });
  return [...pieces, { page: slicePage(page, start, page.timesMs.length), days }];
}

/** In place of a last-seen record where there is no receipt. */
export function noRecord(): never {
  throw new TypeError("Cannot give a last-seen record as the readings came without one");
}

/**
 * Makes sure that a stage leaves half of a commit to readings.
 *
 * @throws {RangeError} when it does not.
 */
export function requireHalf(cost: Cost): void {
  if (fitsCommit(addCosts(cost, cost))) return;
  const fact = "a stage may fill at most half of a commit";
  throw new RangeError(`Cannot ingest stage as ${fact}: ${cost.mutations} mutations`);
}
