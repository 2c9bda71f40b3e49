/**
 * Which times readings and polls may have.
 *
 * A clock that starts at 1970 or runs years ahead would otherwise fill the store with readings that
 * nobody finds, and move "the latest" for good.
 *
 * @module
 */

import { MINUTE_MS } from "../limits.ts";
import { instantText } from "./time_text.ts";

/** The bounds, the same for every way in. */
export interface AcceptedTimes {
  /** Earliest time that is accepted, epoch milliseconds: the setting `OLDEST_READING`. */
  readonly oldestMs: number;
  /**
   * How far ahead of the service's clock a time may be, milliseconds: the setting
   * `FUTURE_TOLERANCE_SECONDS`.
   */
  readonly futureToleranceMs: number;
}

/** The bounds unless settings say otherwise: from 2000 on, at most 5 minutes ahead. */
export const ACCEPTED_TIMES: AcceptedTimes = {
  oldestMs: Date.UTC(2000, 0, 1),
  futureToleranceMs: 5 * MINUTE_MS,
};

/** The rule that a time before `oldestMs` breaks, such as `2000-01-01T00:00:00Z or later`. */
export function oldestRule({ oldestMs }: Pick<AcceptedTimes, "oldestMs">): string {
  return `${instantText(oldestMs)} or later`;
}

/** The rule that a time too far ahead breaks, such as `at most 5 minutes ahead`. */
export function futureRule({ futureToleranceMs }: AcceptedTimes): string {
  const isMinutes = futureToleranceMs > 0 && futureToleranceMs % MINUTE_MS === 0;
  const [amount, unit] = isMinutes
    ? [futureToleranceMs / MINUTE_MS, "minute"]
    : [futureToleranceMs / 1000, "second"];
  return `at most ${amount} ${unit}${amount === 1 ? "" : "s"} ahead`;
}
