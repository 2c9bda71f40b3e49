/**
 * How a series is named.
 *
 * @module
 */

import type { ProfileName } from "../../data/readings/profile.ts";

/** A series: readings of one profile and one id. */
export interface SeriesRef {
  /** What it measures. */
  readonly profile: ProfileName;
  /** Whose readings they are. */
  readonly id: string;
}
