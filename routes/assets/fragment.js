/**
 * Parts of a page that the server writes again and again: they are asked for every few seconds, and
 * only what changed is replaced, so that focus, selection and open details stay.
 *
 * @module
 */

import { showConnection } from "./live.js";
import { writeTimes } from "./times.js";

/** How often a fragment is asked for, milliseconds. */
const EVERY_MS = 5_000;
/** How long an answer may take, milliseconds. */
const TIMEOUT_MS = 15_000;

/**
 * Keeps an element up to date from the address in its `data-fragment`, until the page is left.
 *
 * @param {HTMLElement} root
 * @param {{ everyMs?: () => number, onChange?: () => void }} [options]
 */
export function keepFresh(root, { everyMs = () => EVERY_MS, onChange = () => {} } = {}) {
  const url = root.dataset.fragment ?? "";
  let lastMs = Date.now();
  /** @type {number | undefined} */
  let timer;

  async function refresh() {
    clearTimeout(timer);
    let pauseMs = everyMs();
    try {
      const answer = await fetch(url, {
        headers: { accept: "text/html" },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      // The session has ended: the page itself leads to signing in.
      if (answer.redirected || answer.status === 401) return location.reload();
      if (answer.status === 429) {
        pauseMs = Math.max(pauseMs, 1_000 * Number(answer.headers.get("retry-after") ?? 5));
      } else if (!answer.ok) {
        throw new TypeError(`The service answered ${answer.status}`);
      } else {
        const html = await answer.text();
        lastMs = Date.now();
        showConnection("on", lastMs);
        if (applyFragment(root, html)) onChange();
      }
    } catch {
      showConnection("lost", lastMs);
    }
    if (!document.hidden) timer = setTimeout(refresh, pauseMs);
  }

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden) refresh();
  });
  document.addEventListener("openwatts:refresh", refresh);
  addEventListener("online", refresh);
  addEventListener("offline", () => showConnection("lost", lastMs));
  refresh();
}

/**
 * Replaces what differs. Elements with `data-live` and an id are replaced alone; if there are others
 * than before, everything is.
 *
 * @param {HTMLElement} root
 * @param {string} html
 * @returns {boolean} Whether anything changed.
 */
export function applyFragment(root, html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").body;
  const before = livePartsOf(root), after = livePartsOf(fresh);
  const isSameShape = before.size > 0 && before.size === after.size &&
    [...after.keys()].every((id) => before.has(id));
  if (!isSameShape) {
    if (stable(root.innerHTML) === stable(fresh.innerHTML)) return false;
    const refocus = focusWithin(root);
    root.replaceChildren(...fresh.childNodes);
    writeTimes(root);
    refocus(root);
    return true;
  }
  let isChanged = false;
  for (const [id, part] of after) {
    const old = before.get(id);
    if (old === undefined || stable(old.outerHTML) === stable(part.outerHTML)) continue;
    const refocus = focusWithin(old);
    old.replaceWith(part);
    writeTimes(part);
    refocus(part);
    isChanged = true;
  }
  return isChanged;
}

/**
 * Remembers what has the focus within an element. The function that it gives finds the same thing in
 * what replaced the element: the link with the same address, or the button with the same `data-key`.
 *
 * @param {Element} element
 * @returns {(replacement: Element) => void}
 */
function focusWithin(element) {
  const focused = element.contains(document.activeElement) ? document.activeElement : null;
  const name = ["data-key", "href"].find((attribute) => focused?.hasAttribute(attribute));
  const value = name === undefined ? null : focused?.getAttribute(name);
  return (replacement) => {
    if (name === undefined || value === null || value === undefined) return;
    /** @type {HTMLElement | null} */
    const again = replacement.querySelector(`[${name}="${CSS.escape(value)}"]`);
    again?.focus();
  };
}

/**
 * @param {ParentNode} root
 * @returns {Map<string, Element>}
 */
function livePartsOf(root) {
  return new Map([...root.querySelectorAll("[data-live][id]")].map((part) => [part.id, part]));
}

/**
 * HTML without what the page writes itself: the texts of times.
 *
 * @param {string} html
 */
function stable(html) {
  return html.replaceAll(/(<time[^>]*?datetime="[^"]*")[^>]*>[^<]*/g, "$1>");
}
