/**
 * The query of lists: how many entries, after which id, and with which extra fields.
 *
 * @module
 */

import { z } from "zod";
import { DEVICE_ID_PATTERN, DEVICE_ID_RULE } from "../../data/limits.ts";
import type { Parameter } from "./operation.ts";

/** How many entries a page has at most, 1 to 1000. */
export const limitText: z.ZodType<number, string | undefined> = z.string()
  .regex(/^\d{1,4}$/, "limit must be a whole number of 1 to 1000").transform(Number)
  .pipe(z.int().min(1, "limit must be at least 1").max(1000, "limit must be at most 1000"))
  .default(100);

/** The id after which a page begins. */
export const cursorText: z.ZodType<string> = z.string()
  .regex(DEVICE_ID_PATTERN, `cursor must be ${DEVICE_ID_RULE}`);

/** The extra field that the entries of a list can have. */
export const fieldsText: z.ZodType<"latest"> = z.enum(["latest"], "fields must be latest");

/** `fields`, documented. */
export const fieldsParameter: Parameter = {
  in: "query",
  name: "fields",
  description: "`latest` adds the latest values of each entry and their time.",
  schema: fieldsText,
  example: "latest",
};
