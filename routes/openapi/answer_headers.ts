/**
 * The response headers that operations document, each with its meaning and its pattern.
 *
 * @module
 */

/** A header: a sentence in Markdown, and the pattern that its value matches. */
interface HeaderText {
  readonly description: string;
  readonly pattern: string;
}

const HTTP_DATE =
  "^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \\d{2} [A-Z][a-z]{2} \\d{4} \\d{2}:\\d{2}:\\d{2} GMT$";

/** Every header that an operation may document. */
export const ANSWER_HEADERS = {
  "Accept-Ranges": { description: "You can request byte ranges.", pattern: "^bytes$" },
  "Allow": {
    description: "The methods that this path accepts.",
    pattern: "^[A-Z]+(, [A-Z]+)*$",
  },
  "Cache-Control": {
    description: "How long you may cache the response. `no-cache`: revalidate with " +
      "`If-None-Match` each time.",
    pattern: "^(no-store|no-cache|private, no-cache)$",
  },
  "Content-Disposition": {
    description: "The file name to save the download under.",
    pattern: '^attachment; filename="[A-Za-z0-9_.-]+"$',
  },
  "Content-Length": { description: "The length of the body in bytes.", pattern: "^\\d+$" },
  "Content-Range": {
    description: "Which bytes the body holds, and the size of the whole file.",
    pattern: "^bytes (\\d+-\\d+|\\*)/\\d+$",
  },
  "ETag": {
    description: "Identifies this version of the content. Send it in `If-None-Match`, `If-Match` " +
      "or `If-Range`.",
    pattern: '^"[0-9a-f]{64}"$',
  },
  "End-Time": {
    description: "The end of the range that the answer covers.",
    pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{3})?Z$",
  },
  "Start-Time": {
    description: "The start of the range that the answer covers.",
    pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{3})?Z$",
  },
  "X-Influxdb-Build": { description: "The software.", pattern: "^OpenWatts$" },
  "X-Influxdb-Error": {
    description: "The beginning of the error, in ASCII.",
    pattern: "^[ -~]{1,500}$",
  },
  "X-Influxdb-Version": {
    description:
      "The release of InfluxDB whose write API the service follows, and its own release.",
    pattern: "^\\d+\\.\\d+\\.\\d+-openwatts\\.\\S+$",
  },
  "X-Platform-Error-Code": {
    description: "The kind of error, as in the body.",
    pattern: "^[a-z ]+$",
  },
  "Last-Modified": { description: "When the file was written.", pattern: HTTP_DATE },
  "Link": {
    description: 'The next page, `rel="next"` (RFC 8288). The last page has no such header.',
    pattern: '^<[^>]+>; rel="next"$',
  },
  "Location": {
    description: "The address of the job's status, or of what was made.",
    pattern:
      "^(/api/export/status/[0-9a-f-]{36}|/get_report/[0-9a-f-]{36}/|/api/(jobs|exports|deletions|schedules)/[0-9a-f-]{36})$",
  },
  "Preference-Applied": {
    description: "The preferences that the service followed (RFC 7240).",
    pattern: "^(respond-async|wait=\\d+|respond-async, wait=\\d+)$",
  },
  "RateLimit": {
    description: "`r`: how many requests remain. `t`: seconds until the service accepts more " +
      "(draft-ietf-httpapi-ratelimit-headers).",
    pattern: '^"(device|requests)";r=\\d+;t=\\d+$',
  },
  "RateLimit-Policy": {
    description: "`q`: how many requests a device (`device`) or you (`requests`) may send within " +
      "`w` seconds " +
      "(draft-ietf-httpapi-ratelimit-headers).",
    pattern: '^"(device|requests)";q=\\d+;w=\\d+$',
  },
  "Repr-Digest": {
    description: "SHA-256 of the whole file (RFC 9530).",
    pattern: "^sha-256=:[A-Za-z0-9+/]{43}=:$",
  },
  "Vary": {
    description: "The request headers that affect the response.",
    pattern: "^accept(, Origin)?$",
  },
  "WWW-Authenticate": {
    description: "How to authenticate, and what is missing (RFC 6750).",
    pattern: '^Bearer realm="openwatts"(, [a-z]+="[a-z_ ]+")*$',
  },
  "Retry-After": { description: "Wait this many seconds before you retry.", pattern: "^\\d+$" },
} satisfies Record<string, HeaderText>;

/** The name of a header that an operation may document. */
export type HeaderName = keyof typeof ANSWER_HEADERS;

/** A header as an OpenAPI header object. */
export function headerObject(name: HeaderName, isRequired: boolean): Record<string, unknown> {
  const { description, pattern } = ANSWER_HEADERS[name];
  return {
    description,
    ...(isRequired ? { required: true } : {}),
    schema: { type: "string", pattern },
  };
}
