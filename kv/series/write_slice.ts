/**
 * Writing a slice of new readings into the blocks of a series, in one commit.
 *
 * A slice reads the blocks that its readings belong to, merges the readings, splits blocks that
 * became too long, and writes what differs. The commit checks the head of the series, which must be
 * read before anything else. So a commit either finds the series as it was read, or fails.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { createByteSlab } from "../../data/readings/byte_slab.ts";
import type { Page } from "../../data/readings/page.ts";
import { addCosts, costOf, fitsCommit, NO_COST, type Stage } from "../budget.ts";
import { type BlockUpdate, blockUpdateAt, changeBlock, type WriteCounts } from "./block_updates.ts";
import { type BlocksBelow, readBlocksBelow } from "./blocks_below.ts";
import { getHead, grownHead, type HeadEntry, liveHead, stageHead } from "./heads.ts";
import type { SeriesRef } from "./ref.ts";
import { purgeSeries } from "./remove.ts";
import { stageRevision } from "./revisions.ts";

/** Blocks read for one slice. With the readings merged into them they mostly fit one commit. */
const SLICE_BLOCKS = 64;
/** Most updates of one slice: as many as a commit holds, with the change of each day. */
const SLICE_UPDATES = 450;
/** Most bytes of new readings merged into one block at a time, so that they fit a commit. */
const SLICE_BYTES = 440_000;
/** How often a commit is retried because another one was faster. */
const MAX_CONFLICTS = 100;

/** What the writers need. */
export interface WriteDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list" | "atomic">;
  /** Whom the readings of series that begin with this write count for. */
  readonly account?: string;
  /** The same for series that begin with readings that were ingested; undefined for nobody. */
  readonly accountOf?: (ref: SeriesRef) => Promise<string | undefined>;
}

/** The result of a slice. */
export interface Slice {
  /** How it changed the readings. */
  readonly counts: WriteCounts;
  /** Index after the last reading of the slice. */
  readonly end: number;
  /** The new head; null if another write was faster, so that nothing was written. */
  readonly head: HeadEntry | null;
}

/** What to write. */
export interface SliceOptions {
  /** The new readings, ascending. */
  readonly page: Page;
  /** Index of the first reading of the slice. */
  readonly start: number;
  /** Whether this changes readings, so that revision and change feed must record it. */
  readonly isChange: boolean;
  /** Added to the commit of the last slice of the page. */
  readonly stageLast: Stage | null;
}

/** Writes the next slice, under a check of `head`, which must have been read before anything else. */
export async function writeSlice(
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
  const span = { firstMs: page.timesMs[start], lastMs: page.timesMs[page.timesMs.length - 1] };
  const reading = { ...span, head, limit: SLICE_BLOCKS, isWholeDay: false };
  const below = await readBlocksBelow(deps.kv, ref, reading);
  const slab = createByteSlab();
  const merging = { page, isChange, allocate: slab.allocate };
  for (const update of updatesOf(ref, options, below)) {
    const change = changeBlock(ref, update, merging);
    const { stage } = change;
    const total = addCosts(cost, stage === null ? NO_COST : costOf(stage));
    if (end > start && !fitsCommit(total)) break;
    cost = total;
    end = update.rows.end;
    counts.inserted += change.inserted;
    counts.updated += change.updated;
    counts.unchanged += change.unchanged;
    if (stage !== null) stages.push(stage);
  }
  const isLast = end === page.timesMs.length;
  if (isLast && options.stageLast !== null) stages.push(options.stageLast);
  if (stages.length === 0) return { counts, end, head };
  const op = deps.kv.atomic().check(head);
  stages.forEach((stage) => stage(op));
  if (isChange) stageRevision(op, ref);
  const times = { firstMs: page.timesMs[start], lastMs: page.timesMs[end - 1] };
  const account = await accountOfLife(deps, ref, head);
  const value = grownHead(head, { ...times, inserted: counts.inserted, account });
  stageHead(op, ref, { from: head.value, to: value });
  const result = await op.commit();
  slab.free();
  if (!result.ok) return { counts, end, head: null };
  return { counts, end, head: { key: head.key, value, versionstamp: result.versionstamp } };
}

/** Whom the readings of a series count for if it begins a life; else its head says so. */
export async function accountOfLife(
  { account, accountOf }: Pick<WriteDeps, "account" | "accountOf">,
  ref: SeriesRef,
  head: HeadEntry,
): Promise<string | undefined> {
  if (liveHead(head) !== null) return undefined;
  return account ?? await accountOf?.(ref);
}

/** Reads the head to start from. If a removal is under way, it is completed first. */
export async function writableHead(deps: WriteDeps, ref: SeriesRef): Promise<HeadEntry> {
  for (;;) {
    const head = await getHead(deps.kv, ref);
    if (head.value?.state !== "deleting") return head;
    await purgeSeries(deps.kv, ref);
  }
}

/**
 * Waits a little longer after each conflict.
 *
 * @throws {AppError} SERIES_BUSY after too many conflicts.
 */
export async function backOff(ref: SeriesRef, conflicts: number): Promise<void> {
  if (conflicts > MAX_CONFLICTS) {
    throw new AppError("SERIES_BUSY", `Too many writes to '${ref.id}' at once`, {
      details: "Send the same data again later. What was already stored stays",
    });
  }
  await new Promise((resolve) => setTimeout(resolve, Math.min(conflicts, 20)));
}

/** The updates from a reading on, as far as the blocks below are known. */
function* updatesOf(
  ref: SeriesRef,
  { page, start }: SliceOptions,
  { blocks, horizonMs }: BlocksBelow,
): Generator<BlockUpdate> {
  const { timesMs } = page;
  const most = Math.floor(SLICE_BYTES / (8 + 9 * page.columns.length));
  let next = 0;
  for (let at = start, count = 0; at < timesMs.length && timesMs[at] < horizonMs; count++) {
    if (count === SLICE_UPDATES) return;
    while (next < blocks.length && blocks[next].startMs <= timesMs[at]) next++;
    const around = { before: blocks[next - 1], nextMs: blocks[next]?.startMs };
    const update = blockUpdateAt(ref, page, { start: at, ...around });
    const end = Math.min(update.rows.end, at + most);
    yield { ...update, rows: { start: at, end } };
    if (end < update.rows.end) return;
    at = end;
  }
}
