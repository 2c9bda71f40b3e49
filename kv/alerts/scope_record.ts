/**
 * How scopes and patterns are stored, in rules and in maintenance windows.
 *
 * @module
 */

import { z } from "zod";
import type { Patterns } from "../../data/access/caller.ts";
import type { Scope } from "../../data/alerts/rule.ts";

/** A scope. */
export const scopeSchema: z.ZodType<Scope> = z.object({
  kind: z.enum(["meter", "device", "store"]),
  ids: z.array(z.string()).nullable(),
  deviceType: z.string().nullable(),
  location: z.string().nullable(),
  profile: z.string().nullable(),
});

const patterns = z.array(z.string()).nullable();

/** What an owner may touch. */
export const patternsSchema: z.ZodType<Patterns> = z.object({
  meter: patterns,
  device: patterns,
  store: patterns,
});
