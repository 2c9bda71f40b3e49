/**
 * Writing readings into the blocks of a series.
 *
 * Readings go in slices. A slice is one commit: it reads the blocks that it touches, lays the new
 * readings over them, splits what has become too long and writes what differs, under a check of
 * the series' head. So each commit leaves the series whole, and a crash leaves a beginning of the
 * work, which doing it again completes.
 *
 * @module
 */

import { AppError } from "../data/app_error.ts";
import { decodePage } from "../data/block_codec.ts";
import { DAY_MS, dayStartMs } from "../data/limits.ts";
import { emptyPage, lowerBound, type Page, slicePage } from "../data/page.ts";
import { type Merge, mergePages } from "../data/page_merge.ts";
import { splitPage } from "../data/page_split.ts";
import { listBlocks, stageBlock, type StoredBlock, stretchEnd, stretchStart } from "./blocks.ts";
import { addCosts, costOf, fitsCommit, NO_COST, type Stage } from "./budget.ts";
import { stageChanged } from "./changes.ts";
import { stageRevision } from "./revisions.ts";
import { listSegments, segmentsPage, stageSegmentDelete, type StoredSegment } from "./segments.ts";
import { getHead, type HeadEntry, type SeriesHead, stageHead } from "./series_heads.ts";
import type { SeriesRef } from "./series_ref.ts";
import { purgeSeries } from "./series_remove.ts";

/** Blocks read for one slice; they and what is laid over them fit one commit mostly. */
const SLICE_BLOCKS = 64;
/** Most new readings laid over one block at a time: 12,000 of 37 bytes stay below a commit's limit. */
const SLICE_BYTES = 440_000;
/** Segments folded at once, so that deleting them leaves room in the commit. */
const FOLD_SEGMENTS = 128;
/** How often a write starts again because another one came first. */
const MAX_CONFLICTS = 100;

/** What a write did to the readings that were there. */
export type WriteCounts = Pick<Merge, "inserted" | "updated" | "unchanged">;

/** What the writers need. */
export interface WriteDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list" | "atomic">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

interface Slice {
  readonly counts: WriteCounts;
  /** Index behind the last reading of the slice. */
  readonly end: number;
  /** Whether the commit went through; another write came first where not. */
  readonly isCommitted: boolean;
}

interface SliceOptions {
  readonly page: Page;
  readonly start: number;
  /** Whether readings are altered, which the change feed is told. */
  readonly isChange: boolean;
  /** Goes on the commit of the last slice. */
  readonly stageLast: Stage | null;
}

/**
 * Lays an ascending page over the readings of a series. Segments are folded first, as what is
 * written now is later than they are.
 *
 * @throws {AppError} SERIES_BUSY when other processes keep coming first.
 */
export async function writeReadings(
  deps: WriteDeps,
  ref: SeriesRef,
  page: Page,
): Promise<WriteCounts> {
  const total = { inserted: 0, updated: 0, unchanged: 0 };
  if (page.timesMs.length === 0) return total;
  await foldSegments(deps, ref);
  let conflicts = 0;
  for (let start = 0; start < page.timesMs.length;) {
    const slice = await writeSlice(deps, ref, { page, start, isChange: true, stageLast: null });
    if (!slice.isCommitted) {
      await backOff(ref, ++conflicts);
      continue;
    }
    start = slice.end;
    total.inserted += slice.counts.inserted;
    total.updated += slice.counts.updated;
    total.unchanged += slice.counts.unchanged;
  }
  return total;
}

/**
 * Folds the segments of a series into its blocks, the oldest first. Readings stay what they are.
 * Returns how many segments there were.
 *
 * @throws {AppError} SERIES_BUSY when other processes keep coming first.
 */
export async function foldSegments(deps: WriteDeps, ref: SeriesRef): Promise<number> {
  let folded = 0;
  for (let conflicts = 0;;) {
    const segments = (await listSegments(deps.kv, ref)).slice(0, FOLD_SEGMENTS);
    if (segments.length === 0) return folded;
    if (await foldOnce(deps, ref, segments)) folded += segments.length;
    else await backOff(ref, ++conflicts);
  }
}

/** False where another write came first; what it changed has to be read anew, segments included. */
async function foldOnce(
  deps: WriteDeps,
  ref: SeriesRef,
  segments: readonly StoredSegment[],
): Promise<boolean> {
  const page = segmentsPage(ref, segments);
  const stageLast: Stage = (op) => segments.forEach((segment) => stageSegmentDelete(op, segment));
  for (let start = 0; start < page.timesMs.length;) {
    const slice = await writeSlice(deps, ref, { page, start, isChange: false, stageLast });
    if (!slice.isCommitted) return false;
    start = slice.end;
  }
  return true;
}

async function writeSlice(deps: WriteDeps, ref: SeriesRef, options: SliceOptions): Promise<Slice> {
  const { page, start, isChange } = options;
  const head = await liveHead(deps, ref);
  const stages: Stage[] = [];
  const counts = { inserted: 0, updated: 0, unchanged: 0 };
  let cost = costOf(options.stageLast ?? (() => {}));
  let end = start;
  for (const group of await readGroups(deps.kv, ref, options)) {
    const merge = mergePages(group.base, slicePage(page, group.start, group.end));
    const stage = blocksStage(ref, group, { merge, isChange });
    const together = addCosts(cost, stage === null ? NO_COST : costOf(stage));
    if (end > start && !fitsCommit(together)) break;
    cost = together;
    end = group.end;
    counts.inserted += merge.inserted;
    counts.updated += merge.updated;
    counts.unchanged += merge.unchanged;
    if (stage !== null) stages.push(stage);
  }
  const isLast = end === page.timesMs.length;
  if (stages.length === 0 && !(isLast && options.stageLast)) {
    return { counts, end, isCommitted: true };
  }
  const op = deps.kv.atomic().check(head);
  stages.forEach((stage) => stage(op));
  if (isLast) options.stageLast?.(op);
  if (isChange) stageRevision(op, ref);
  const first = page.timesMs[start];
  const last = page.timesMs[end - 1];
  stageHead(op, ref, nextHead(head.value, { bornMs: deps.now(), first, last, ...counts }));
  const { ok } = await op.commit();
  return { counts, end, isCommitted: ok };
}

/** The head to start from; a series that is being removed is removed first. */
async function liveHead(deps: WriteDeps, ref: SeriesRef): Promise<HeadEntry> {
  for (;;) {
    const head = await getHead(deps.kv, ref);
    if (head.value?.state !== "deleting") return head;
    await purgeSeries(deps.kv, ref);
  }
}

interface Group {
  /** Where the block's stretch begins, epoch milliseconds. */
  readonly startMs: number;
  /** The readings that it holds. */
  readonly base: Page;
  /** Indexes of the new readings that go over it. */
  readonly start: number;
  readonly end: number;
}

/** The next new readings, grouped by the blocks that they belong to; ends where reads did. */
async function readGroups(
  kv: WriteDeps["kv"],
  ref: SeriesRef,
  { page, start }: SliceOptions,
): Promise<Group[]> {
  const { timesMs } = page;
  const fromMs = await stretchStart(kv, ref, timesMs[start]);
  const toMs = dayStartMs(timesMs[timesMs.length - 1]) + DAY_MS;
  const blocks = await listBlocks(kv, ref, { fromMs, toMs, limit: SLICE_BLOCKS });
  const isCut = blocks.length === SLICE_BLOCKS;
  const horizonMs = isCut ? blocks[SLICE_BLOCKS - 1].startMs : toMs;
  const most = Math.floor(SLICE_BYTES / (8 + 9 * page.columns.length));
  const groups: Group[] = [];
  let block = 0;
  for (let at = start; at < timesMs.length && timesMs[at] < horizonMs && groups.length < 200;) {
    while (block < blocks.length && blocks[block].startMs <= timesMs[at]) block++;
    const group = groupAt(page, at, { before: blocks[block - 1], nextMs: blocks[block]?.startMs });
    const end = Math.min(group.end, at + most);
    groups.push({ ...group, end });
    if (end < group.end) break;
    at = end;
  }
  return groups;
}

function groupAt(
  page: Page,
  start: number,
  { before, nextMs }: { before: StoredBlock | undefined; nextMs: number | undefined },
): Group {
  const dayMs = dayStartMs(page.timesMs[start]);
  const block = before !== undefined && before.startMs >= dayMs ? before : null;
  const startMs = block?.startMs ?? dayMs;
  const end = lowerBound(page.timesMs, stretchEnd(startMs, nextMs));
  const base = block === null ? emptyPage(page.columns.length) : decodePage(block.bytes);
  return { startMs, base, start, end };
}

/** What writes a merged block back, split where it is too long; null where nothing differs. */
function blocksStage(
  ref: SeriesRef,
  { startMs, base }: Group,
  { merge, isChange }: { merge: Merge; isChange: boolean },
): Stage | null {
  if (merge.page === base) return null;
  const parts = splitPage(merge.page);
  return (op) => {
    for (const { start, firstMs, bytes } of parts) {
      stageBlock(op, ref, { startMs: start === 0 ? startMs : firstMs, bytes });
    }
    if (isChange) stageChanged(op, ref, dayStartMs(startMs));
  };
}

function nextHead(
  head: SeriesHead | null,
  { bornMs, first, last, inserted }: {
    bornMs: number;
    first: number;
    last: number;
    inserted: number;
  },
): SeriesHead {
  return {
    v: 1,
    state: "live",
    bornMs: head?.bornMs ?? bornMs,
    generation: (head?.generation ?? 0) + 1,
    count: (head?.count ?? 0) + inserted,
    firstMs: Math.min(head?.firstMs ?? first, first),
    lastMs: Math.max(head?.lastMs ?? last, last),
  };
}

async function backOff(ref: SeriesRef, conflicts: number): Promise<void> {
  if (conflicts > MAX_CONFLICTS) {
    throw new AppError("SERIES_BUSY", `Too many writes to '${ref.id}' at once`, {
      details: "Send the same again later; what was already taken stays",
    });
  }
  await new Promise((resolve) => setTimeout(resolve, Math.min(conflicts, 20)));
}
