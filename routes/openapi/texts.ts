/**
 * What the OpenAPI document says of the service as a whole.
 *
 * @module
 */

import { SECURITY_HEADERS } from "../http/security_headers.ts";

/** The licence, by its name in the list of SPDX. */
export const LICENSE: Readonly<Record<string, string>> = { name: "MIT", identifier: "MIT" };

/** What the HTTP layer answers before the service sees a request. */
export const UNREADABLE: string =
  "Without a body, where the request is not readable as HTTP: more than 100 header fields, a " +
  "header or address that is too long, a line that is no header.";

/** What there is to know before the first request, in Markdown. */
export const DESCRIPTION: string = `
A reading is a time and up to four values: \`energy_kwh\`, \`power_kw\`, \`voltage_v\`,
\`current_a\`. You import readings of a smart meter, ask for an export of a span, watch the job that
makes it, and download a CSV file. Devices send telemetry. Stores have polls, business hours and a
time zone; a report says how long each was up and down.

**Times** are ISO 8601; without an offset they are UTC; finer than a millisecond is cut off. The
service writes them in UTC. Both ends of an export's range are included.

**Errors** are \`application/problem+json\` (RFC 9457): \`code\` is the name to branch on, \`detail\`
a sentence, \`errors\` lists everything that is wrong. An address that is not in this document is
answered with 404 and \`ROUTE_NOT_FOUND\`, another method with 405 and \`METHOD_NOT_ALLOWED\`.

**Every answer** carries ${securityHeaderNames()}; but for the empty 400 of the HTTP layer.

**There are no accounts**: whoever reaches the service may read, write and delete.
`.trim();

function securityHeaderNames(): string {
  const names = Object.keys(SECURITY_HEADERS).map((name) =>
    `\`${name.split("-").map((word) => word[0].toUpperCase() + word.slice(1)).join("-")}\``
  );
  return `${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}`;
}
