/**
 * What the headers of answers mean, for the OpenAPI document.
 *
 * @module
 */

/** What a header is: a sentence in Markdown, and what its text matches. */
interface HeaderText {
  readonly description: string;
  readonly pattern: string;
}

const HTTP_DATE =
  "^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \\d{2} [A-Z][a-z]{2} \\d{4} \\d{2}:\\d{2}:\\d{2} GMT$";

/** Every header that an operation may name. */
export const ANSWER_HEADERS = {
  "Accept-Ranges": { description: "Parts can be asked for in bytes.", pattern: "^bytes$" },
  "Allow": {
    description: "The methods that the path takes.",
    pattern: "^[A-Z]+(, [A-Z]+)*$",
  },
  "Cache-Control": {
    description: "How long the answer may be kept; `no-cache`: ask with `If-None-Match` each time.",
    pattern: "^(no-store|no-cache|private, no-cache)$",
  },
  "Content-Disposition": {
    description: "The name under which the file is to be saved.",
    pattern: '^attachment; filename="[A-Za-z0-9_.-]+"$',
  },
  "Content-Length": { description: "The length of the body in bytes.", pattern: "^\\d+$" },
  "Content-Range": {
    description: "Which bytes these are, and how many the file has.",
    pattern: "^bytes (\\d+-\\d+|\\*)/\\d+$",
  },
  "ETag": {
    description: "Names this very content, for `If-None-Match`, `If-Match` and `If-Range`.",
    pattern: '^"[0-9a-f]{64}"$',
  },
  "Last-Modified": { description: "When the file was made.", pattern: HTTP_DATE },
  "Link": {
    description: 'The next page, `rel="next"` (RFC 8288); absent on the last.',
    pattern: '^<[^>]+>; rel="next"$',
  },
  "Location": {
    description: "Where the status of the job is.",
    pattern: "^(/api/export/status/[0-9a-f-]{36}|/get_report/[0-9a-f-]{36}/)$",
  },
  "Preference-Applied": {
    description: "The preferences that were applied (RFC 7240).",
    pattern: "^(respond-async|wait=\\d+|respond-async, wait=\\d+)$",
  },
  "RateLimit": {
    description: "Requests that are left, and in how many seconds more are let through " +
      "(draft-ietf-httpapi-ratelimit-headers).",
    pattern: '^"device";r=\\d+;t=\\d+$',
  },
  "RateLimit-Policy": {
    description: "How many requests a device may send in so many seconds " +
      "(draft-ietf-httpapi-ratelimit-headers).",
    pattern: '^"device";q=\\d+;w=\\d+$',
  },
  "Repr-Digest": {
    description: "SHA-256 of the whole file (RFC 9530).",
    pattern: "^sha-256=:[A-Za-z0-9+/]{43}=:$",
  },
  "Vary": { description: "Headers that the answer depends on.", pattern: "^accept$" },
  "Retry-After": { description: "Seconds after which to ask again.", pattern: "^\\d+$" },
} satisfies Record<string, HeaderText>;

/** The name of a header that an operation may name. */
export type HeaderName = keyof typeof ANSWER_HEADERS;

/** A header as OpenAPI describes it. */
export function headerObject(name: HeaderName, isRequired: boolean): Record<string, unknown> {
  const { description, pattern } = ANSWER_HEADERS[name];
  return {
    description,
    ...(isRequired ? { required: true } : {}),
    schema: { type: "string", pattern },
  };
}
