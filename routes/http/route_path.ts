/**
 * The path by which a request finds its route.
 *
 * @module
 */

import { getPath } from "hono/utils/url";

/** Paths of reports, which the contract writes with and without a slash at the end. */
const SLASHED = /^(\/trigger_report|\/reports|\/(?:get|download)_report\/[^/]+)\/$/;

/** The path. A slash at the end is dropped for reports only; elsewhere it is part of the path. */
export function routePath(request: Request): string {
  return getPath(request).replace(SLASHED, "$1");
}
