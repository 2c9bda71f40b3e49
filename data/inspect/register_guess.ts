/**
 * Whether the values of energy are those of intervals or of a register that counts on.
 *
 * @module
 */

import { HOUR_MS } from "../limits.ts";

/** What the values show. */
export interface RegisterGuess {
  /** What they are. */
  readonly values: "interval" | "cumulative";
  /** Whether the values and the name leave no doubt. */
  readonly isClear: boolean;
}

/** Rises from one row to the next that are needed: fewer are no sign. */
const RISES_MIN = 3;
/** Share of the steps that go up, or stay, in a register; the rest are exchanges and errors. */
const RISE_SHARE = 0.75;
/** Above so many kW on average, values are not those of the intervals of a usual meter. */
const POWER_MAX_KW = 2_000;
/** A register that only counts up over so many rows: a load goes down at some time of the day. */
const ROWS_CLEAR = 96;

/**
 * What values in kWh are, one list a meter in the order of time (NaN where there is none).
 *
 * @param isNamed whether the column's name says that it is a register.
 */
export function guessRegister(
  series: readonly Float64Array[],
  { intervalMs, isNamed }: { intervalMs: number | null; isNamed: boolean },
): RegisterGuess {
  let rises = 0, falls = 0, count = 0, largest = 0;
  for (const values of series) {
    let before = NaN;
    for (const value of values) {
      if (value !== value) continue;
      count++;
      largest = Math.max(largest, value);
      if (value > before) rises++;
      else if (value < before) falls++;
      before = value;
    }
  }
  const isRising = rises >= RISES_MIN && rises >= (rises + falls) * RISE_SHARE;
  if (!isRising) return { values: "interval", isClear: rises + falls >= RISES_MIN && !isNamed };
  const powerKw = largest / ((intervalMs ?? HOUR_MS) / HOUR_MS);
  const isHuge = powerKw > POWER_MAX_KW;
  if (isNamed || isHuge) return { values: "cumulative", isClear: isNamed && isHuge };
  if (falls === 0 && count >= ROWS_CLEAR) return { values: "cumulative", isClear: false };
  return { values: "interval", isClear: falls > 0 };
}
