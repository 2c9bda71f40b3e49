/**
 * The OpenAPI document's introduction.
 *
 * @module
 */

import { SECURITY_HEADERS } from "../http/security_headers.ts";

/** The licence by its SPDX name. */
export const LICENSE: Readonly<Record<string, string>> = { name: "MIT", identifier: "MIT" };

/** What you need to know before your first request, in Markdown. */
export const DESCRIPTION: string = `
A reading is a time and up to four values: \`energy_kwh\`, \`power_kw\`, \`voltage_v\`,
\`current_a\`. You import the readings of a smart meter, request an export of a time range, poll the
job until it ends, and download a CSV file. Devices send telemetry. Stores have polls, business
hours and a time zone; a report says how long each store was up and down.

**Times** are ISO 8601. A time without an offset is UTC; anything finer than a millisecond is cut
off. The service writes times in UTC. The range of an export includes both ends.

**Errors** are \`application/problem+json\` (RFC 9457): branch on \`code\`; \`detail\` is a
sentence for people; \`errors\` lists everything that is wrong. An address outside this document gets 404 and
\`ROUTE_NOT_FOUND\`; another method gets 405 and \`METHOD_NOT_ALLOWED\`. One error has no body: a
request that is not readable as HTTP (more than 100 header fields, a header or an address that is
too long, a line that is not a header) gets an empty 400 before the service sees it.

**Rules beyond the schemas**: some rules cannot be expressed in a schema, such as an end that must
lie after its start, or a date that must exist. The descriptions state them; a request that breaks
one gets 400 and \`INVALID_REQUEST\`, like one that breaks a schema.

**Request ids**: every response has \`X-Request-Id\`, and a problem has it as \`request_id\`. It is
the one that you send, if it has at most 128 letters, digits and \`. _ : ~ + / = @ -\`, or a new one. Name
it when you report a problem: the log has it too.

**HEAD** works wherever GET does: the same status and headers, no body.

**Every response**, except the empty 400 above, carries ${securityHeaderNames()}.

**There are no accounts**: whoever reaches the service can read, write and delete.
`.trim();

function securityHeaderNames(): string {
  const names = Object.keys(SECURITY_HEADERS).map((name) =>
    `\`${name.split("-").map((word) => word[0].toUpperCase() + word.slice(1)).join("-")}\``
  );
  return `${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}`;
}
