/**
 * Checking stored readings: every block and segment decodes, and the head of a series says what its blocks
 * have. A repair sets blocks and segments aside that cannot be decoded, and corrects heads. What readers can
 * decode stays, even if it is not as it should be.
 *
 * @module
 */

import { dayStartMs, END_OF_TIME_MS } from "../../data/limits.ts";
import { decodePage } from "../../data/readings/page_decoder.ts";
import { blockEnd, blockKey, listBlocksBack, type StoredBlock } from "../series/blocks.ts";
import { damageText, decodeBlock, ifSound } from "../series/damage.ts";
import {
  getHead,
  grownHead,
  type HeadEntry,
  liveHead,
  nextHead,
  stageHead,
} from "../series/heads.ts";
import type { SeriesRef } from "../series/ref.ts";
import { stageRevision } from "../series/revisions.ts";
import { listAllSegments } from "../series/segments.ts";
import { dayText, type Verifying } from "./findings.ts";
import { stageSetAside } from "../set_aside.ts";

/** Blocks read at once. */
const BATCH = 16;
/** How often a series that others write is read again before its head counts as wrong. */
const MAX_READS = 5;
/** Blocks set aside in one commit: each may have 64 KB. */
const ASIDE_AT_ONCE = 8;

/** A series as its blocks are. */
interface SeriesState {
  readonly head: HeadEntry;
  /** Blocks that cannot be decoded. */
  readonly damaged: readonly StoredBlock[];
  /** Blocks that can be decoded, and whose times do not ascend or are those of the next block. */
  readonly disordered: readonly StoredBlock[];
  /** How many readings those have that can be decoded. */
  readonly count: number;
  /** The first and last time of those, epoch milliseconds. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** How many blocks there are. */
  readonly blocks: number;
}

/** Checks the blocks and the head of a series. With `repairMs`, the time now, it also repairs them. */
export async function checkSeries(
  verifying: Verifying,
  ref: SeriesRef,
  repairMs: number | null,
): Promise<void> {
  const { kv, checked, add } = verifying;
  let state = await readState(kv, ref);
  for (let read = 1; read < MAX_READS && headFault(state) !== null; read++) {
    state = await readState(kv, ref);
  }
  checked.series++;
  checked.blocks += state.blocks;
  // Its blocks are deleted, whatever they have. A repair would give it a head that lives again.
  if (state.head.value?.state === "deleting") return;
  const fault = headFault(state);
  const { damaged, disordered } = state;
  // Blocks that are not as they should be explain that the head says something else.
  const isHeadWrong = fault !== null && damaged.length === 0 && disordered.length === 0;
  const isRepaired = repairMs !== null && (damaged.length > 0 || isHeadWrong) &&
    await repairSeries(kv, ref, { state, nowMs: repairMs });
  for (const { startMs } of damaged) {
    const dayMs = dayStartMs(startMs);
    const detail = damageText({ ref, dayMs });
    add({ check: "block", detail, ...ref, day: dayText(dayMs), isRepaired });
  }
  for (const { startMs } of disordered) {
    const day = dayText(dayStartMs(startMs));
    const detail = `The readings of ${day} (UTC) of '${ref.id}' (profile ${ref.profile}) ` +
      "can be read, but their times are not in order";
    add({ check: "block", detail, ...ref, day, isRepaired: false });
  }
  if (isHeadWrong) {
    const detail = `The head of '${ref.id}' (profile ${ref.profile}) ${fault}`;
    add({ check: "head", detail, ...ref, isRepaired });
  }
}

async function readState(kv: Deno.Kv, ref: SeriesRef): Promise<SeriesState> {
  for (;;) {
    const head = await getHead(kv, ref);
    const damaged: StoredBlock[] = [], disordered: StoredBlock[] = [];
    let count = 0, blocks = 0, firstMs = Infinity, lastMs = -Infinity;
    let nextMs: number | undefined;
    const all = { toMs: END_OF_TIME_MS, batchSize: BATCH };
    for await (const block of listBlocksBack(kv, ref, all)) {
      blocks++;
      const timesMs = ifSound(() => decodeBlock(ref, block).timesMs, null);
      const endMs = blockEnd(block.startMs, nextMs);
      nextMs = block.startMs;
      if (timesMs === null) {
        damaged.push(block);
        continue;
      }
      if (!isInOrder(timesMs, endMs)) disordered.push(block);
      count += timesMs.length;
      firstMs = Math.min(firstMs, timesMs[0]);
      lastMs = Math.max(lastMs, timesMs[timesMs.length - 1]);
    }
    if ((await getHead(kv, ref)).versionstamp !== head.versionstamp) continue;
    return { head, damaged, disordered, count, firstMs, lastMs, blocks };
  }
}

function isInOrder(timesMs: Float64Array, endMs: number): boolean {
  const isAscending = timesMs.every((timeMs, row) => row === 0 || timeMs > timesMs[row - 1]);
  return isAscending && timesMs[timesMs.length - 1] < endMs;
}

/** What a head says that is wrong; null if it agrees with the blocks, or they are being removed. */
function headFault({ head, count, firstMs, lastMs, blocks }: SeriesState): string | null {
  if (head.value?.state === "deleting") return null;
  const live = liveHead(head);
  if (live === null) return blocks === 0 ? null : `is missing, but it has ${blocks} blocks`;
  if (blocks === 0) return `says that it has ${live.count} readings, but it has no blocks`;
  if (live.count !== count) {
    return `says that it has ${live.count} readings, but blocks have ${count}`;
  }
  if (live.firstMs === firstMs && live.lastMs === lastMs) return null;
  return "says that it begins or ends at another time than its blocks";
}

/** Sets damaged blocks aside and corrects the head. False if others have changed the series meanwhile. */
async function repairSeries(
  kv: Deno.Kv,
  ref: SeriesRef,
  { state, nowMs }: { state: SeriesState; nowMs: number },
): Promise<boolean> {
  const { damaged, count, firstMs, lastMs } = state;
  let { head } = state;
  for (let at = 0; at === 0 || at < damaged.length; at += ASIDE_AT_ONCE) {
    const op = kv.atomic().check(head);
    for (const { startMs, bytes } of damaged.slice(at, at + ASIDE_AT_ONCE)) {
      stageSetAside(op, { key: blockKey(ref, startMs), value: bytes }, nowMs);
    }
    const grown = grownHead(head, { firstMs, lastMs, inserted: 0, account: undefined });
    const to = count === 0
      ? nextHead(head.value, { state: "gone", count: 0, removedMs: nowMs })
      : { ...grown, count, firstMs, lastMs };
    stageHead(op, ref, { from: head.value, to });
    // Not the days: continuous export keeps the readings that it has written.
    stageRevision(op, ref);
    const result = await op.commit();
    if (!result.ok) return false;
    head = { key: head.key, value: to, versionstamp: result.versionstamp };
  }
  return true;
}

/** Checks all segments. With `repairMs`, the time now, those that cannot be decoded are set aside. */
export async function checkSegments(
  { kv, checked, add, onProgress }: Verifying,
  repairMs: number | null,
): Promise<void> {
  for await (const { ref, entry } of listAllSegments(kv)) {
    checked.segments++;
    onProgress(`Checked ${checked.segments} segments`);
    try {
      if (decodePage(entry.value).timesMs.length > 0) continue;
      const detail = `A segment of '${ref.id}' (profile ${ref.profile}) has no readings`;
      add({ check: "segment", detail, ...ref, isRepaired: false });
      continue;
    } catch {
      // It is damaged.
    }
    let isRepaired = false;
    if (repairMs !== null) {
      const op = kv.atomic().check(entry);
      stageSetAside(op, entry, repairMs);
      stageRevision(op, ref);
      isRepaired = (await op.commit()).ok;
    }
    add({ check: "segment", detail: damageText({ ref, dayMs: null }), ...ref, isRepaired });
  }
}
