/**
 * Calls of the API as commands to copy.
 *
 * @module
 */

import type { View } from "./view.ts";

/** A call of the API. */
export interface ApiRequest {
  /** Its method; by default GET, with a body POST. */
  readonly method?: string;
  /** Its path and query. */
  readonly path: string;
  /** Its JSON body. */
  readonly json?: unknown;
}

/** The command that makes a call. The key stands in a variable, so that none ends up in a history. */
export function curlOf(
  { origin, hasSignIn }: Pick<View, "origin" | "hasSignIn">,
  { path, json, method = json === undefined ? "GET" : "POST" }: ApiRequest,
): string {
  const verb = method === (json === undefined ? "GET" : "POST") ? "" : `-X ${method} `;
  const parts = [
    `curl -s ${verb}${shellText(origin + path)}`,
    ...(hasSignIn ? [`-H "Authorization: Bearer $OPENWATTS_KEY"`] : []),
    ...(json === undefined
      ? []
      : [`-H 'Content-Type: application/json'`, `-d ${shellText(JSON.stringify(json))}`]),
  ];
  return parts.length < 3 ? parts.join(" ") : parts.join(" \\\n  ");
}

/** A text as one word of a POSIX shell. */
export function shellText(text: string): string {
  return /^[\w./:=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
