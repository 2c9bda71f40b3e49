/**
 * Security headers of every answer, including errors and files. They keep browsers from using an
 * answer for anything but its purpose.
 *
 * @module
 */

/** The headers by name. Pages have their own `Content-Security-Policy`. */
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

/** The last of them to be added. No answer has it otherwise. */
const LAST_HEADER = "permissions-policy";

/**
 * Adds {@link SECURITY_HEADERS} to an answer, except those that it has. Returns the same object, or a
 * new one with the same body if its headers cannot be changed. A second call changes nothing.
 */
export function secured(response: Response): Response {
  if (response.headers.has(LAST_HEADER)) return response;
  const answer = mayChange(response) ? response : new Response(response.body, response);
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
    if (!answer.headers.has(name)) answer.headers.set(name, value);
  }
  return answer;
}

/** A JSON answer with the security headers. */
export function jsonAnswer(
  text: string,
  status: number,
  more: Readonly<Record<string, string>> = {},
): Response {
  const headers = { ...SECURITY_HEADERS, "content-type": "application/json", ...more };
  return new Response(text, { status, headers });
}

/**
 * Makes copies of an answer of {@link jsonAnswer}. A copy takes a tenth of what a new one takes, as no
 * header is checked again.
 */
export function jsonCopies(...answer: Parameters<typeof jsonAnswer>): () => Response {
  const first = jsonAnswer(...answer);
  return () => first.clone();
}

/** Whether the headers can be changed. Those of `fetch` and `Response.redirect` cannot. */
function mayChange({ headers }: Response): boolean {
  try {
    headers.delete("x-none");
    return true;
  } catch {
    return false;
  }
}
