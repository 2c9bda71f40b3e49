/**
 * What a page that asks again and again does after an answer.
 *
 * @module
 */

/** How long to wait after "too many requests" if the answer does not say, seconds. */
const RETRY_SECONDS = 5;

/**
 * - `use`: the answer is good.
 * - `reload`: the page has to be loaded again, which leads to signing in if the session has ended.
 * - `wait`: ask again after `pauseMs`; the service works.
 * - `lost`: say that the page no longer gets anything new, and try again.
 * - `stop`: say so, and do not ask again: the answer would be the same.
 *
 * @typedef {{ act: "use" | "reload" | "lost" | "stop" } | { act: "wait", pauseMs: number }} Step
 */

/**
 * @param {Pick<Response, "ok" | "status" | "redirected" | "headers">} answer
 * @param {boolean} hasAnswered Whether the same page got a good answer before. A refused request of a
 *   page that did is too old, and the page as well; of one that did not, loading it changes nothing.
 * @returns {Step}
 */
export function stepAfter({ ok, status, redirected, headers }, hasAnswered) {
  if (redirected || status === 401) return { act: "reload" };
  if (ok) return { act: "use" };
  if (status === 429) {
    const seconds = Number(headers.get("retry-after") ?? RETRY_SECONDS);
    return { act: "wait", pauseMs: 1_000 * (seconds >= 0 ? seconds : RETRY_SECONDS) };
  }
  if (status === 400) return { act: hasAnswered ? "reload" : "stop" };
  return { act: "lost" };
}
