/**
 * Answers requests for signed links of files.
 *
 * @module
 */

import type { Context } from "hono";
import { JSON_BODY_MAX_BYTES, LINK_DEFAULT_SECONDS } from "../../data/limits.ts";
import { instantText } from "../../data/time/time_text.ts";
import { noteAuditDetails } from "../access/audited.ts";
import { type LinkDeps, makeLink } from "../access/links.ts";
import { fieldErrors, readOptionalJson } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { type FileLink, linkRequest } from "./link_schemas.ts";

/** Answers with a link to a path, valid as long as the body says. */
export async function answerNewLink(c: Context, links: LinkDeps, path: string): Promise<Response> {
  const body = await readOptionalJson(c.req.raw, JSON_BODY_MAX_BYTES);
  const result = linkRequest.safeParse(body === undefined ? {} : body);
  if (!result.success) throw invalidRequest(fieldErrors(result.error, body));
  const { url, expiresMs } = await makeLink(links, {
    path,
    seconds: result.data.expires_in ?? LINK_DEFAULT_SECONDS,
    caller: c.get("caller"),
    requestUrl: c.req.url,
  });
  noteAuditDetails(c, { expires_at: instantText(expiresMs) });
  const link: FileLink = { url, expires_at: instantText(expiresMs) };
  // Whoever has the link can read the file.
  c.header("cache-control", "no-store");
  return c.json(link);
}
