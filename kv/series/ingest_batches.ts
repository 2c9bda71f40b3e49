/**
 * Grouping the requests of live ingest so that commits hold them. Nothing here writes.
 *
 * @module
 */

import { dayStartMs } from "../../data/limits.ts";
import { concatPages, type Page, slicePage } from "../../data/readings/page.ts";
import { splitPage } from "../../data/readings/page_split.ts";
import { addCosts, type Cost, fitsCommit, NO_COST, type RecordedStage } from "../budget.ts";
import type { SeriesRef } from "./ref.ts";

/** Most readings of a segment. Its bytes are bounded too (`data/readings/page_split.ts`). */
const SEGMENT_MAX_READINGS = 4_000;
/** Most days of a segment. Each day is a mutation of its commit. */
const SEGMENT_MAX_DAYS = 150;

/** A request that waits to be committed. */
export interface IngestRequest {
  /** The series. */
  readonly ref: SeriesRef;
  /** Its new readings, in any order. */
  readonly page: Page;
  /** What the request adds to the commit of its readings. */
  readonly extra: RecordedStage;
  /** The span that sent it; undefined while nothing is traced. */
  readonly traceparent?: string | undefined;
  /** Answers the request. */
  readonly resolve: () => void;
  /** Rejects the request. */
  readonly reject: (reason: unknown) => void;
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
export function seriesName({ profile, id }: SeriesRef): string {
  return `${profile}/${id}`;
}

/** Groups requests by series. If their extra stages would fill a commit, a series gets several batches. */
export function batchesOf(requests: readonly IngestRequest[]): IngestBatch[] {
  const batches: IngestBatch[] = [];
  const latest = new Map<string, { batch: IngestBatch; cost: Cost }>();
  for (const request of requests) {
    const name = seriesName(request.ref);
    const open = latest.get(name);
    const cost = addCosts(open?.cost ?? NO_COST, request.extra.cost);
    // Twice the cost must fit, so that the extra stages leave half of the commit to the readings.
    if (open !== undefined && fitsCommit(addCosts(cost, cost))) {
      open.batch.requests.push(request);
      open.cost = cost;
    } else {
      const batch = { requests: [request], open: 0 };
      batches.push(batch);
      latest.set(name, { batch, cost: request.extra.cost });
    }
  }
  return batches;
}

/** The readings of a batch, cut into segments. None if its requests have no readings. */
export function segmentParts({ requests }: IngestBatch): SegmentPart[] {
  const page = concatPages(requests.map((request) => request.page));
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
