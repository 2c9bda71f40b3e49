/**
 * The query of lists: how many, and where to go on.
 *
 * @module
 */

import { z } from "zod";
import { DEVICE_ID_PATTERN, DEVICE_ID_RULE } from "../../data/limits.ts";

/** How many of something at most, 1 to 1000. */
export const limitText: z.ZodType<number, string | undefined> = z.string()
  .regex(/^\d{1,4}$/, "limit must be a whole number of 1 to 1000").transform(Number)
  .pipe(z.int().min(1, "limit must be at least 1").max(1000, "limit must be at most 1000"))
  .default(100);

/** An id behind which a list goes on. */
export const cursorText: z.ZodType<string> = z.string()
  .regex(DEVICE_ID_PATTERN, `cursor must be ${DEVICE_ID_RULE}`);
