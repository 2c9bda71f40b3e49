/**
 * Answers to forms and to requests for fragments.
 *
 * @module
 */

import type { Context } from "hono";
import { AppError } from "../../data/app_error.ts";
import { isOwnRequest } from "../access/same_origin.ts";
import { pageResponse } from "./compressed.ts";
import type { Markup } from "./markup.ts";

/**
 * Refuses a form that another site sent, which matters where no session does.
 *
 * @throws {AppError} FORBIDDEN.
 */
export function requireOwnForm(c: Context, publicUrl: string | null): void {
  if (isOwnRequest(c.req.raw, publicUrl)) return;
  throw new AppError("FORBIDDEN", "This form counts only if a page of this service sent it");
}

/** Leads a browser to the page that shows what its form did. */
export function seeOther(location: string): Response {
  return new Response(null, { status: 303, headers: { location, "cache-control": "no-store" } });
}

/** A part of a page. */
export async function fragmentAnswer(c: Context, markup: Markup): Promise<Response> {
  return pageResponse(c.req.raw, String(await markup), {
    status: 200,
    headers: { "cache-control": "no-store" },
  });
}
