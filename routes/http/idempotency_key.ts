/**
 * The `Idempotency-Key` header: a request for a job that is sent again does not create a second job.
 *
 * @module
 */

import { z } from "zod";
import { quoted } from "../../data/quoted.ts";
import { invalidRequest } from "./problem.ts";

/** A valid key. */
export const idempotencyKey: z.ZodType<string> = z.string().min(1).max(255).regex(/^[\x20-\x7e]+$/);

/**
 * The key of a request, or null.
 *
 * @throws {AppError} INVALID_REQUEST if it is not 1 to 255 printable ASCII characters.
 */
export function readIdempotencyKey(text: string | undefined): string | null {
  if (text === undefined) return null;
  if (idempotencyKey.safeParse(text).success) return text;
  const detail = "Idempotency-Key must be 1 to 255 printable ASCII characters";
  throw invalidRequest([{ pointer: "#idempotency-key", detail, value: quoted(text) }]);
}
