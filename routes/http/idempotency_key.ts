/**
 * The name that a client gives to a request for a job, so that sending it again makes no second one.
 *
 * @module
 */

import { z } from "zod";
import { quoted } from "../../data/quoted.ts";
import { invalidRequest } from "./problem.ts";

/** What a key may be. */
export const idempotencyKey: z.ZodType<string> = z.string().min(1).max(255).regex(/^[\x20-\x7e]+$/);

/**
 * The key that a request carries, or null.
 *
 * @throws {AppError} INVALID_REQUEST where it is not 1 to 255 printable ASCII characters.
 */
export function readIdempotencyKey(text: string | undefined): string | null {
  if (text === undefined) return null;
  if (idempotencyKey.safeParse(text).success) return text;
  const detail = "Idempotency-Key must be 1 to 255 printable ASCII characters";
  throw invalidRequest([{ pointer: "#idempotency-key", detail, value: quoted(text) }]);
}
