/**
 * The paths of uploads, such as `/stores/hours`. They look like those of stores, but are none.
 *
 * @module
 */

import type { Context } from "hono";
import { AppError } from "../../data/app_error.ts";
import { STORE_ID_RESERVED } from "../../data/limits.ts";
import { problemResponse } from "../http/problem.ts";

const ALLOW = "GET, HEAD, POST";

/** The answer to a method that a store has and the path of an upload has not; null for other paths. */
export function refuseUploadPath(c: Context): Response | null {
  if (!STORE_ID_RESERVED.includes(c.req.param("store_id") ?? "")) return null;
  const detail = `${c.req.path} allows only ${ALLOW}`;
  return problemResponse(new AppError("METHOD_NOT_ALLOWED", detail), { allow: ALLOW });
}
