/**
 * The id of a request: in the log, in the answer (`X-Request-Id`) and in problems, so that a report of
 * a user leads to the lines of the log.
 *
 * @module
 */

import { withoutSecrets } from "../../data/access/key_text.ts";

/** The header that brings an id, and takes it back. */
export const REQUEST_ID_HEADER = "x-request-id";

/** Ids that are taken over: what proxies and tracers make, short, and harmless in logs and URLs. */
const TAKEN_OVER = /^[A-Za-z0-9][A-Za-z0-9._:~+/=@-]{0,127}$/;

/**
 * The id of a request: its own if it brings a proper one, else a new one. A key that somebody sends as
 * an id is not repeated.
 */
export function requestIdOf(headers: Headers): string {
  const given = headers.get(REQUEST_ID_HEADER);
  const isTaken = given !== null && TAKEN_OVER.test(given) && withoutSecrets(given) === given;
  return isTaken ? given : crypto.randomUUID();
}
