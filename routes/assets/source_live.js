/**
 * New readings, as they come.
 *
 * @module
 */

import { stepAfter } from "./answers.js";
import { context } from "./context.js";
import { showConnection } from "./live.js";
import { byId, formats, source } from "./source_shared.js";
import { writeTimes } from "./times.js";

/** How often the page asks for new readings, milliseconds. */
const LIVE_MS = 1_200;
/** How often it tries while the service does not answer. */
const LOST_MS = 3_000;
const { say } = context();

/**
 * Asks for new readings until the page is left.
 *
 * @param {(beforeMs: number, lastMs: number) => void} onReadings Called when there are some.
 */
export function startLive(onReadings) {
  const place = byId("source-last");
  let lastMs = source.lastMs ?? 0;
  /** When the service last answered. */
  let answeredMs = Date.now();
  let hasAnswered = false;
  /** @type {number | undefined} */
  let timer;

  async function look() {
    clearTimeout(timer);
    if (document.hidden) return;
    let pauseMs = LIVE_MS;
    try {
      const query = {
        start_time: new Date(lastMs + 1).toISOString(),
        interval: "raw",
        timezone: "UTC",
      };
      const response = await fetch(`${source.api}/series?${new URLSearchParams(query)}`);
      const step = stepAfter(response, hasAnswered);
      if (step.act === "reload") return location.reload();
      if (step.act === "wait") {
        pauseMs = Math.max(pauseMs, step.pauseMs);
      } else if (step.act === "use") {
        const body = await response.json();
        hasAnswered = true;
        answeredMs = Date.now();
        showConnection("on", answeredMs);
        show(body);
      } else {
        showConnection("lost", answeredMs);
        if (step.act === "stop") return;
        pauseMs = LOST_MS;
      }
    } catch {
      pauseMs = LOST_MS;
      showConnection("lost", answeredMs);
    }
    timer = setTimeout(look, pauseMs);
  }

  /** @param {any} body */
  function show({ timestamp, columns }) {
    if (timestamp.length === 0) return;
    const time = timestamp[timestamp.length - 1];
    const earlierMs = lastMs;
    lastMs = Date.parse(time);
    source.lastMs = lastMs;
    if (place instanceof HTMLTimeElement) {
      place.dateTime = time;
      flash(place);
    }
    for (const element of document.querySelectorAll("[data-metric]")) {
      if (!(element instanceof HTMLElement)) continue;
      const values = columns[element.dataset.metric ?? ""];
      if (values === undefined) continue;
      const value = values[values.length - 1];
      element.textContent = value === null ? say("source.missing") : formats.number(value, 3);
      flash(element);
    }
    writeTimes();
    onReadings(earlierMs, lastMs);
  }

  /** @param {Element} element */
  function flash(element) {
    element.classList.remove("changed");
    requestAnimationFrame(() => element.classList.add("changed"));
  }

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden) look();
  });
  addEventListener("pagehide", () => clearTimeout(timer), { once: true });
  timer = setTimeout(look, LIVE_MS);
}
