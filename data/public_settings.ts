/**
 * The settings of what everyone may see: status pages and badges. They are part of all settings
 * (`data/settings.ts`).
 *
 * @module
 */

import { z } from "zod";
import { ID_PATTERN_RULE, isPattern, matchesPattern } from "./access/id_pattern.ts";

/** What everyone may see. */
export interface PublicSettings {
  /** Patterns of the ids of stores; none by default. */
  readonly stores: readonly string[];
  /** Patterns of the ids of devices; none by default. */
  readonly devices: readonly string[];
}

/** Nothing is public. */
export const NOTHING_PUBLIC: PublicSettings = { stores: [], devices: [] };

/** The rule of each variable, in words. */
export const PUBLIC_RULES = {
  PUBLIC_STORES: `patterns of store ids, separated by commas: ${ID_PATTERN_RULE}`,
  PUBLIC_DEVICES: `patterns of device ids, separated by commas: ${ID_PATTERN_RULE}`,
} as const;

const patterns = z.string()
  .transform((text) => text.split(",").map((one) => one.trim()).filter((one) => one !== ""))
  .pipe(z.array(z.string().refine(isPattern)));

/** The schema of each variable. */
export const PUBLIC_VARIABLES = {
  PUBLIC_STORES: patterns.optional(),
  PUBLIC_DEVICES: patterns.optional(),
};

/** The settings of variables without problems. */
export function publicSettings(
  values: z.output<z.ZodObject<typeof PUBLIC_VARIABLES>>,
): PublicSettings {
  return { stores: values.PUBLIC_STORES ?? [], devices: values.PUBLIC_DEVICES ?? [] };
}

/** Whether everyone may see what has this id. */
export function isPublic(
  settings: PublicSettings,
  kind: "stores" | "devices",
  id: string,
): boolean {
  return settings[kind].some((pattern) => matchesPattern(pattern, id));
}
