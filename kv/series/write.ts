/**
 * Writing readings into the blocks of a series.
 *
 * Readings go in slices. A slice is one commit: it reads the blocks that it touches, lays the new
 * readings over them, splits what has become too long and writes what differs, under a check of
 * the series' head, which is read first. So each commit leaves the series whole, and a crash leaves a beginning of the
 * work, which doing it again completes.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { decodePage } from "../../data/readings/page_decoder.ts";
import { DAY_MS, dayStartMs } from "../../data/limits.ts";
import { emptyPage, lowerBound, type Page, slicePage } from "../../data/readings/page.ts";
import { type Merge, mergePages } from "../../data/readings/page_merge.ts";
import { splitPage } from "../../data/readings/page_split.ts";
import { blockEnd, blockStart, listBlocks, stageBlock, type StoredBlock } from "./blocks.ts";
import { addCosts, costOf, fitsCommit, NO_COST, type Stage } from "../budget.ts";
import { stageChanged } from "./changes.ts";
import { stageRevision } from "./revisions.ts";
import { listSegments, segmentsPage, stageSegmentDelete, type StoredSegment } from "./segments.ts";
import { getHead, grownHead, type HeadEntry, stageHead } from "./heads.ts";
import type { SeriesRef } from "./ref.ts";
import { purgeSeries } from "./remove.ts";
import { getSegmentCount } from "./segment_counts.ts";

/** Blocks read for one slice; they and what is laid over them fit one commit mostly. */
const SLICE_BLOCKS = 64;
/** Most bytes of new readings laid over one block at a time, so that they fit a commit. */
const SLICE_BYTES = 440_000;
/** Segments folded at once, so that deleting them leaves room in the commit. */
const FOLD_SEGMENTS = 128;
/** How often a commit is started again because another one came first. */
const MAX_CONFLICTS = 100;

/** What a write did to the readings that were there. */
export type WriteCounts = Pick<Merge, "inserted" | "updated" | "unchanged">;

/** What the writers need. */
export interface WriteDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list" | "atomic">;
}

interface Slice {
  readonly counts: WriteCounts;
  /** Index behind the last reading of the slice. */
  readonly end: number;
  /** The head after it; null where another write came first, so that nothing was written. */
  readonly head: HeadEntry | null;
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
  let head = await readyHead(deps, ref);
  for (let start = 0, conflicts = 0; start < page.timesMs.length;) {
    const options = { page, start, isChange: true, stageLast: null };
    const slice = await writeSlice(deps, ref, head, options);
    if (slice.head === null) {
      await backOff(ref, ++conflicts);
      head = await readyHead(deps, ref);
      continue;
    }
    conflicts = 0;
    head = slice.head;
    start = slice.end;
    total.inserted += slice.counts.inserted;
    total.updated += slice.counts.updated;
    total.unchanged += slice.counts.unchanged;
  }
  return total;
}

/**
 * Folds the segments that a series has now into its blocks, the oldest first. Readings stay what
 * they are. Returns how many segments there were.
 *
 * Only segments up to the last ingest before the start are folded, as of later ones a list, which
 * is read in batches, may miss one and show its successor; that one would be laid over too early.
 *
 * @throws {AppError} SERIES_BUSY when other processes keep coming first.
 */
export async function foldSegments(deps: WriteDeps, ref: SeriesRef): Promise<number> {
  const mark = await getSegmentCount(deps.kv, ref);
  if (mark === null) return 0;
  for (let folded = 0, conflicts = 0;;) {
    // The head goes first: whoever folds these segments meanwhile, and writes over them, changes it.
    const head = await readyHead(deps, ref);
    const segments = (await listSegments(deps.kv, ref))
      .filter(({ versionstamp }) => versionstamp <= mark.versionstamp)
      .slice(0, FOLD_SEGMENTS);
    if (segments.length === 0) return folded;
    if (await foldOnce(deps, ref, { head, segments })) {
      folded += segments.length;
      conflicts = 0;
    } else await backOff(ref, ++conflicts);
  }
}

/** False where another write came first; what it changed has to be read anew, segments included. */
async function foldOnce(
  deps: WriteDeps,
  ref: SeriesRef,
  { head, segments }: { head: HeadEntry; segments: readonly StoredSegment[] },
): Promise<boolean> {
  const page = segmentsPage(ref, segments);
  const stageLast: Stage = (op) => segments.forEach((segment) => stageSegmentDelete(op, segment));
  let current = head;
  for (let start = 0; start < page.timesMs.length;) {
    const options = { page, start, isChange: false, stageLast };
    const slice = await writeSlice(deps, ref, current, options);
    if (slice.head === null) return false;
    current = slice.head;
    start = slice.end;
  }
  return true;
}

/** Writes the next readings under a check of the head that was read before anything else. */
async function writeSlice(
  deps: WriteDeps,
  ref: SeriesRef,
  head: HeadEntry,
  options: SliceOptions,
): Promise<Slice> {
  const { page, start, isChange } = options;
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
  if (isLast && options.stageLast !== null) stages.push(options.stageLast);
  if (stages.length === 0) return { counts, end, head };
  const op = deps.kv.atomic().check(head);
  stages.forEach((stage) => stage(op));
  if (isChange) stageRevision(op, ref);
  const times = { firstMs: page.timesMs[start], lastMs: page.timesMs[end - 1] };
  const value = grownHead(head, { ...times, inserted: counts.inserted });
  stageHead(op, ref, value);
  const result = await op.commit();
  if (!result.ok) return { counts, end, head: null };
  return { counts, end, head: { key: head.key, value, versionstamp: result.versionstamp } };
}

/** The head to start from; a series that is being removed is removed first. */
async function readyHead(deps: WriteDeps, ref: SeriesRef): Promise<HeadEntry> {
  for (;;) {
    const head = await getHead(deps.kv, ref);
    if (head.value?.state !== "deleting") return head;
    await purgeSeries(deps.kv, ref);
  }
}

/** New readings that belong to one block, and what it holds. */
export interface Group {
  /** Where the block's stretch begins, epoch milliseconds. */
  readonly startMs: number;
  /** The readings that it holds. */
  readonly base: Page;
  /** Index of the first new reading that goes over it. */
  readonly start: number;
  /** Index behind the last one. */
  readonly end: number;
}

/** The next new readings, grouped by the blocks that they belong to; ends where reads did. */
async function readGroups(
  kv: WriteDeps["kv"],
  ref: SeriesRef,
  { page, start }: SliceOptions,
): Promise<Group[]> {
  const { timesMs } = page;
  const fromMs = await blockStart(kv, ref, timesMs[start]);
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

/** The group of the reading at an index, given the blocks around its time. */
export function groupAt(
  page: Page,
  start: number,
  { before, nextMs }: { before: StoredBlock | undefined; nextMs: number | undefined },
): Group {
  const dayMs = dayStartMs(page.timesMs[start]);
  const block = before !== undefined && before.startMs >= dayMs ? before : null;
  const startMs = block?.startMs ?? dayMs;
  const end = lowerBound(page.timesMs, blockEnd(startMs, nextMs));
  const base = block === null ? emptyPage(page.columns.length) : decodePage(block.bytes);
  return { startMs, base, start, end };
}

/** What writes a merged block back, split where it is too long; null where nothing differs. */
export function blocksStage(
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

async function backOff(ref: SeriesRef, conflicts: number): Promise<void> {
  if (conflicts > MAX_CONFLICTS) {
    throw new AppError("SERIES_BUSY", `Too many writes to '${ref.id}' at once`, {
      details: "Send the same again later; what was already taken stays",
    });
  }
  await new Promise((resolve) => setTimeout(resolve, Math.min(conflicts, 20)));
}
