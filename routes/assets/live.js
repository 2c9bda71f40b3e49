/**
 * Live updates by server-sent events, and what the page says about its connection.
 *
 * @module
 */

import { context } from "./context.js";

/** After so long without an event or heartbeat the service counts as lost, milliseconds. */
const SILENCE_MS = 25_000;
/** The first and the longest pause before the next attempt, milliseconds. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;

/**
 * Listens to a stream until the page is left. It connects again when the service comes back, and
 * rests while nobody sees the page.
 *
 * @param {string} url The address of the stream.
 * @param {Record<string, (data: any) => void>} handlers What to do with the data of each event.
 * @returns {{ close(): void }}
 */
export function listenTo(url, handlers) {
  /** @type {EventSource | null} */
  let source = null;
  let pauseMs = FIRST_PAUSE_MS;
  let lastMs = Date.now();
  let isClosed = false;
  /** @type {number | undefined} */
  let timer;

  function connect() {
    clearTimeout(timer);
    if (isClosed || source !== null) return;
    source = new EventSource(url);
    source.addEventListener("open", seen);
    source.addEventListener("beat", seen);
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => {
        seen();
        handle(JSON.parse(event.data));
      });
    }
    source.addEventListener("error", lost);
  }

  function seen() {
    lastMs = Date.now();
    pauseMs = FIRST_PAUSE_MS;
    showConnection("on", lastMs);
  }

  function lost() {
    source?.close();
    source = null;
    if (isClosed) return;
    showConnection("lost", lastMs);
    clearTimeout(timer);
    timer = setTimeout(connect, pauseMs);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }

  const watch = setInterval(() => {
    if (source !== null && Date.now() - lastMs > SILENCE_MS) lost();
  }, 5_000);

  function close() {
    isClosed = true;
    clearInterval(watch);
    clearTimeout(timer);
    source?.close();
    source = null;
  }

  addEventListener("online", () => {
    if (source === null) connect();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      source?.close();
      source = null;
      clearTimeout(timer);
    } else {
      lastMs = Date.now();
      connect();
    }
  });
  addEventListener("pagehide", close, { once: true });
  addEventListener("pageshow", (event) => {
    // A page out of the back-forward cache begins again.
    if (event.persisted) location.reload();
  });
  connect();
  return { close };
}

/**
 * Shows the state of the connection in the head of the page.
 *
 * @param {"on" | "lost"} state
 * @param {number} lastMs When something was last heard of the service, epoch milliseconds.
 */
export function showConnection(state, lastMs) {
  const element = document.getElementById("connection");
  if (element === null || element.dataset.state === state) return;
  const { say, formats } = context();
  element.dataset.state = state;
  element.hidden = false;
  document.documentElement.toggleAttribute("data-lost", state === "lost");
  element.textContent = state === "on"
    ? say("live.on")
    : `${say("live.lost")} ${say("live.lost.since", { time: formats.dateTime(lastMs) })}`;
}
