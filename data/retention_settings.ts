/**
 * How long readings and the audit trail are kept. These settings are part of all settings
 * (`data/settings.ts`).
 *
 * @module
 */

import { z } from "zod";
import { DAY_MS, dayStartMs, PROFILE_NAME_PATTERN, RETENTION_MAX_DAYS } from "./limits.ts";
import type { Profile, ProfileName } from "./readings/profile.ts";

/** How long readings and the audit trail are kept. */
export interface RetentionSettings {
  /** How many days readings are kept; null for ever. */
  readonly days: number | null;
  /** The same for some profiles, by name. */
  readonly daysByProfile: ReadonlyMap<ProfileName, number | null>;
  /** How many days the entries of the audit trail are kept. */
  readonly auditDays: number;
}

const DAYS_RULE = `a whole number of 1 to ${RETENTION_MAX_DAYS}`;

/** The rule of each variable, in words. */
export const RETENTION_RULES = {
  RETENTION_DAYS: DAYS_RULE,
  RETENTION_DAYS_BY_PROFILE:
    `profiles with ${DAYS_RULE} or forever, separated by commas, such as battery=90,meter=forever`,
  AUDIT_RETENTION_DAYS: DAYS_RULE,
} as const;

const days = z.string().regex(/^\d{1,5}$/).transform(Number)
  .pipe(z.number().min(1).max(RETENTION_MAX_DAYS));

/** The variables. */
export const RETENTION_VARIABLES = {
  RETENTION_DAYS: days.optional(),
  RETENTION_DAYS_BY_PROFILE: z.string().transform(byProfile)
    .pipe(z.array(z.tuple([z.string().regex(PROFILE_NAME_PATTERN), days.nullable()])))
    .refine((list) => new Set(list.map(([name]) => name)).size === list.length)
    .default([]),
  AUDIT_RETENTION_DAYS: days.default(365),
} as const;

/** The settings from the values of the variables. */
export function retentionSettings(
  values: {
    RETENTION_DAYS?: number | undefined;
    RETENTION_DAYS_BY_PROFILE: readonly (readonly [string, number | null])[];
    AUDIT_RETENTION_DAYS: number;
  },
): RetentionSettings {
  return {
    days: values.RETENTION_DAYS ?? null,
    daysByProfile: new Map(values.RETENTION_DAYS_BY_PROFILE),
    auditDays: values.AUDIT_RETENTION_DAYS,
  };
}

/**
 * How many days the readings of a profile are kept; null for ever. What the profile says itself counts
 * more than the settings.
 */
export function retentionDays(
  { days, daysByProfile }: Pick<RetentionSettings, "days" | "daysByProfile">,
  { name, retentionDays: own }: Profile,
): number | null {
  if (own !== undefined) return own;
  const ofProfile = daysByProfile.get(name);
  return ofProfile === undefined ? days : ofProfile;
}

/**
 * The first moment that is kept if readings are kept for some days, epoch milliseconds: the start of a
 * UTC day. Every day before it ended at least so many times 24 hours ago.
 */
export function keptFromMs(nowMs: number, keptDays: number): number {
  return dayStartMs(nowMs - keptDays * DAY_MS);
}

/** The entries of a list such as `battery=90,meter=forever`. */
function byProfile(text: string): [string, string | null][] {
  const entries = text.split(",").map((entry) => entry.trim()).filter((entry) => entry !== "");
  return entries.map((entry) => {
    const [name, value = "", ...rest] = entry.split("=").map((part) => part.trim());
    // A third part makes the entry wrong.
    return [name, value === "forever" ? null : [value, ...rest].join("=")];
  });
}
