/**
 * Security headers of every answer, including errors and files. They keep browsers from using an
 * answer for anything but its purpose.
 *
 * @module
 */

import { objectNote } from "../../data/object_note.ts";

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
 * What of them an answer to a script needs, which no browser shows or embeds. The request for it has a
 * media type that only scripts send, and of other origins only those that CORS lets read the answer.
 */
const SCRIPT_HEADERS = { "x-content-type-options": "nosniff" } as const;
/** Answers that have these. */
const scriptAnswers = objectNote<Response, typeof SCRIPT_HEADERS>("script answer");

/**
 * Adds {@link SECURITY_HEADERS} to an answer, except those that it has; nothing to one to a script.
 * Returns the same object, or a new one with the same body if its headers cannot be changed. A second
 * call changes nothing.
 */
export function secured(response: Response): Response {
  if (scriptAnswers.get(response) !== undefined) return response;
  if (response.headers.has(LAST_HEADER)) return response;
  const answer = mayChange(response) ? response : new Response(response.body, response);
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
    if (!answer.headers.has(name)) answer.headers.set(name, value);
  }
  return answer;
}

/** A JSON answer to a request that only scripts can send. */
export function scriptAnswer(
  text: string,
  status: number,
  more: Readonly<Record<string, string>> = {},
): Response {
  const headers = { ...SCRIPT_HEADERS, "content-type": "application/json", ...more };
  return marked(new Response(text, { status, headers }));
}

/**
 * Makes copies of an answer of {@link scriptAnswer}. A copy takes a tenth of what a new one takes, as no
 * header is checked again.
 */
export function scriptAnswerCopies(...answer: Parameters<typeof scriptAnswer>): () => Response {
  const first = scriptAnswer(...answer);
  return () => marked(first.clone());
}

function marked(answer: Response): Response {
  scriptAnswers.set(answer, SCRIPT_HEADERS);
  return answer;
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
