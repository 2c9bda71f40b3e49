/**
 * The path of a request as routes are found by.
 *
 * @module
 */

import { getPath } from "hono/utils/url";

/** Paths of reports, which their contract writes with a slash at the end and without. */
const SLASHED = /^(\/trigger_report|\/(?:get|download)_report\/[^/]+)\/$/;

/** The path, of reports without a slash at its end; everywhere else a slash is part of it. */
export function routePath(request: Request): string {
  return getPath(request).replace(SLASHED, "$1");
}
