/**
 * How an upload writes readings, as a value that a message can carry.
 *
 * @module
 */

import type { Profile } from "../readings/profile.ts";
import type { Dialect } from "./dialect.ts";
import { createDialect, type DialectOptions } from "./dialect_options.ts";
import type { MeterRefusal } from "./meter_rows.ts";

/** What dialects are made of. */
export interface DialectPlan {
  /** The profile of the meter; of many, the one that most of them have. */
  readonly profile: Profile;
  /** The options of the upload. They fit the profile. */
  readonly options: DialectOptions;
  /** Why meters of other profiles take no readings; null if they do. */
  readonly otherProfiles: string | null;
}

/** The dialects of an upload. */
export interface Dialects {
  /** How the upload writes readings of the profile. */
  readonly dialect: Dialect;
  /** The same for another profile, or why the upload cannot have readings of it. */
  readonly dialectOf: (profile: Profile) => Dialect | MeterRefusal;
}

/** The dialects of a plan. Throws TypeError if its options do not fit its profile. */
export function dialectsOf({ profile, options, otherProfiles }: DialectPlan): Dialects {
  const made = createDialect(profile, options);
  if (!("dialect" in made)) {
    throw new TypeError(`Cannot read an upload with wrong options: ${made.problems[0].detail}`);
  }
  const { dialect } = made;
  return {
    dialect,
    dialectOf(other) {
      if (other.name === profile.name) return dialect;
      if (otherProfiles !== null) return { rule: otherProfiles };
      const own = createDialect(other, options);
      return "dialect" in own ? own.dialect : { rule: own.problems[0].detail };
    },
  };
}
