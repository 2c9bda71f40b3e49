/**
 * How a series is identified.
 *
 * @module
 */

import type { ProfileName } from "../../data/readings/profile.ts";

/** A series: the readings of one profile and one id. */
export interface SeriesRef {
  /** What it measures. */
  readonly profile: ProfileName;
  /** Id of the meter, device or store. */
  readonly id: string;
}
