/**
 * How to read an upload of readings.
 *
 * @module
 */

import type { Profile } from "../readings/profile.ts";
import type { Dialect } from "./dialect.ts";
import type { SeeDialect } from "./first_rows.ts";
import type { MeterRefusal } from "./meter_rows.ts";

/** How to read an upload. */
export interface UploadOptions {
  /** The profile of the meter; of many, the one that most of them have. */
  readonly profile: Profile;
  /** The id of the meter; null if each record names its own. */
  readonly id: string | null;
  /** Which records of an upload of many meters are those of the one; `*` for all; null for its id. */
  readonly register?: string | null;
  /** How the upload writes readings of the profile. */
  readonly dialect: Dialect;
  /** The same for another profile, or why the upload cannot have readings of it. */
  readonly dialectOf: (profile: Profile) => Dialect | MeterRefusal;
  /** Earlier times are rejected, epoch milliseconds. */
  readonly oldestMs: number;
}

/** The options with dialects that know what the first rows showed. */
export function withSeen(options: UploadOptions, seen: SeeDialect): UploadOptions {
  return {
    ...options,
    dialect: seen(options.dialect),
    dialectOf(profile) {
      const dialect = options.dialectOf(profile);
      return "rule" in dialect ? dialect : seen(dialect);
    },
  };
}
