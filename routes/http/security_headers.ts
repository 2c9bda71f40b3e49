/**
 * Headers that every answer carries, errors and files too, so that a browser does nothing with an
 * answer but what it was asked for.
 *
 * @module
 */

/** Header by name, as every answer has it; a page has a `Content-Security-Policy` of its own. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy":
    "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()",
};

/**
 * The answer with {@link SECURITY_HEADERS}; a policy of its own stays. It is the same object with
 * the same body, or, where its headers cannot be changed, a new one around that body. The same
 * again changes nothing.
 */
export function secured(response: Response): Response {
  if (made.has(response)) return response;
  const answer = mayChange(response) ? response : new Response(response.body, response);
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
    if (!answer.headers.has(name)) answer.headers.set(name, value);
  }
  return answer;
}

/** Answers of `fetch` and of `Response.redirect` have headers that refuse every change. */
/** Answers that were made with the headers. */
const made = new WeakSet<Response>();

/** An answer that has the headers from the start, which is cheaper than adding them. */
export function securedJson(
  text: string,
  status: number,
  headers: Readonly<Record<string, string>>,
): Response {
  const all = { ...SECURITY_HEADERS, "content-type": "application/json", ...headers };
  const response = new Response(text, { status, headers: all });
  made.add(response);
  return response;
}

function mayChange({ headers }: Response): boolean {
  try {
    headers.delete("x-none");
    return true;
  } catch {
    return false;
  }
}
