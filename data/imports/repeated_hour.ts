/**
 * Which pass through a repeated hour each row belongs to, by the order of the rows.
 *
 * A clock that goes back shows an hour twice, and so do rows in order.
 *
 * | the rows of the hour | their pass |
 * |---|---|
 * | go back once | the first before that row, the second from it on |
 * | show each of their times twice in a row | the first, then the second |
 * | go through once and join the rows around the hour better as one of the two | that one |
 * | anything else: through once, or in no order | not known |
 *
 * Rows with the newest first are read backwards.
 *
 * @module
 */

/** The first pass: before the clock goes back. */
export const FIRST = 0;
/** The second pass. */
export const SECOND = 1;
/** The rows do not tell. */
export const UNKNOWN = 2;

/** Consecutive rows of a meter with times of one repeated hour. */
export interface HourRows {
  /** The start of the repeated hour, local milliseconds. */
  readonly fromMs: number;
  /** Its end. */
  readonly endMs: number;
  /**
   * The times of the rows, local milliseconds, from the start to the end of the hour. Only the end of
   * an interval may be the end of the hour: exporters write the end of 02:45 to 03:00 as 03:00 too.
   */
  readonly wallsMs: readonly number[];
  /** The time of the row before them, and of the one before that; NaN if there are none. */
  readonly lastMs: number;
  /** See `lastMs`. */
  readonly beforeLastMs: number;
  /** The time of the row after them; NaN if there is none. */
  readonly nextMs: number;
  /** The length of the meter's intervals, milliseconds; 0 if it is not known. */
  readonly intervalMs: number;
}

/** The pass of each row: {@link FIRST}, {@link SECOND} or {@link UNKNOWN}. */
export function passesOf(rows: HourRows): Uint8Array {
  const direction = directionOf(rows);
  if (direction > 0) return ascendingPasses(rows);
  if (direction === 0) return unknownPasses(rows);
  const { wallsMs, lastMs, nextMs } = rows;
  const backwards = { ...rows, wallsMs: wallsMs.toReversed(), lastMs: nextMs, nextMs: lastMs };
  return ascendingPasses(backwards).reverse();
}

/** 1 if the rows ascend, -1 if they descend, 0 if they are in no order. */
function directionOf(
  { fromMs, wallsMs, lastMs, beforeLastMs, nextMs }: HourRows,
): number {
  const inside = Math.sign(
    wallsMs.reduce(
      (sum, wallMs, at) => at === 0 ? 0 : sum + Math.sign(wallMs - wallsMs[at - 1]),
      0,
    ),
  );
  const isFirst = lastMs !== lastMs, isLast = nextMs !== nextMs;
  // A lone row has no order. Equal times are a first and a second pass.
  if (isFirst && isLast) return wallsMs.length === 1 ? 0 : inside || 1;
  const before = isFirst ? 0 : Math.sign(fromMs - lastMs);
  const after = isLast ? 0 : Math.sign(nextMs - fromMs);
  const direction = before === 0 || after === 0 || before === after ? before || after : inside;
  // Rows that were in another order before, or whose times were there twice, show nothing.
  const isBroken = beforeLastMs === beforeLastMs && Math.sign(lastMs - beforeLastMs) !== direction;
  return isBroken ? 0 : direction;
}

function ascendingPasses(rows: HourRows): Uint8Array {
  const { wallsMs } = rows;
  const turns = indexesWhere(wallsMs, (wallMs, before) => wallMs <= before);
  if (turns.length === 0) return onePass(rows);
  if (turns.length === 1) {
    return Uint8Array.from(wallsMs, (_, at) => at < turns[0] ? FIRST : SECOND);
  }
  if (arePairs(wallsMs)) return Uint8Array.from(wallsMs, (_, at) => at % 2 === 0 ? FIRST : SECOND);
  // Some rows are there twice; the clock goes back where their times do.
  const backs = indexesWhere(wallsMs, (wallMs, before) => wallMs < before);
  if (backs.length !== 1) return unknownPasses(rows);
  return Uint8Array.from(wallsMs, (_, at) => at < backs[0] ? FIRST : SECOND);
}

function indexesWhere(
  wallsMs: readonly number[],
  isOne: (wallMs: number, beforeMs: number) => boolean,
): number[] {
  return wallsMs.flatMap((wallMs, at) => at > 0 && isOne(wallMs, wallsMs[at - 1]) ? [at] : []);
}

/** Whether each time is there twice in a row, as in rows that were sorted by their local times. */
function arePairs(wallsMs: readonly number[]): boolean {
  return wallsMs.length % 2 === 0 &&
    wallsMs.every((wallMs, at) =>
      at % 2 === 1 ? wallMs === wallsMs[at - 1] : at === 0 || wallMs > wallsMs[at - 1]
    );
}

/** The pass of rows that go through the hour once, ascending. */
function onePass(rows: HourRows): Uint8Array {
  const { fromMs, endMs, wallsMs, lastMs, beforeLastMs, nextMs, intervalMs } = rows;
  // On the clock, the end of the hour is after it.
  const count = wallsMs[wallsMs.length - 1] === endMs ? wallsMs.length - 1 : wallsMs.length;
  const followingMs = count < wallsMs.length ? endMs : nextMs;
  const steps = wallsMs.slice(1, count).map((wallMs, at) => wallMs - wallsMs[at]);
  const stepMs = steps.length > 0
    ? Math.max(...steps)
    : intervalMs || Math.abs(lastMs - beforeLastMs) || endMs - fromMs;
  const shiftMs = endMs - fromMs;
  const beforeMs = wallsMs[0] - lastMs, afterMs = followingMs - wallsMs[count - 1];
  const firstMisfit = misfit(beforeMs, stepMs) + misfit(afterMs + shiftMs, stepMs);
  const secondMisfit = misfit(beforeMs + shiftMs, stepMs) + misfit(afterMs, stepMs);
  const pass = firstMisfit === secondMisfit ? UNKNOWN : firstMisfit < secondMisfit ? FIRST : SECOND;
  return Uint8Array.from(wallsMs, (_, at) => at < count ? pass : SECOND);
}

/** How far a gap is from a step: at most half a step, 0 if there is no gap. */
function misfit(gapMs: number, stepMs: number): number {
  return gapMs === gapMs ? Math.min(Math.abs(gapMs - stepMs), stepMs / 2) : 0;
}

function unknownPasses({ wallsMs, endMs }: HourRows): Uint8Array {
  return Uint8Array.from(wallsMs, (wallMs) => wallMs === endMs ? SECOND : UNKNOWN);
}
