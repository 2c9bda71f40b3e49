/**
 * Bars explain themselves: pointing at one or moving to it shows its day, a click keeps it shown.
 * Without this module, a bar is a link to the page of its day.
 *
 * @module
 */

import { context } from "./context.js";
import { make } from "./elements.js";
import { keepFresh } from "./fragment.js";

/** Polls of stores come every few minutes. Milliseconds. */
const EVERY_MS = 30_000;
/** How long the pointer rests before a day is asked for, milliseconds. */
const REST_MS = 120;
/** How many explanations are kept. */
const KEPT_MAX = 300;

/** @type {Map<string, Promise<string>>} */
const kept = new Map();
const panel = make("div", { id: "explain", class: "explain", role: "status", hidden: true });
/** @type {SVGAElement | null} */
let shown = null;
let isPinned = false;
let timer = 0;

/**
 * The explanation of a bar, as HTML that the server wrote.
 *
 * @param {SVGAElement} bar
 */
function explanationOf(bar) {
  const store = bar.closest("[data-store]")?.getAttribute("data-store") ?? "";
  const { hold } = context().data;
  const url = `/fragments/fleet/${encodeURIComponent(store)}/${bar.dataset.day}?hold=${hold}`;
  const known = kept.get(url);
  if (known !== undefined) return known;
  const asked = fetch(url, { headers: { accept: "text/html" } }).then((answer) => {
    if (answer.ok) return answer.text();
    throw new TypeError(`The service answered ${answer.status}`);
  });
  kept.set(url, asked);
  asked.catch(() => kept.delete(url));
  if (kept.size > KEPT_MAX) kept.delete(kept.keys().next().value ?? "");
  return asked;
}

/** @param {SVGAElement} bar */
async function show(bar) {
  shown = bar;
  const { say } = context();
  panel.replaceChildren(make("p", {}, bar.getAttribute("aria-label") ?? ""));
  panel.hidden = false;
  place(bar);
  try {
    const html = await explanationOf(bar);
    if (shown !== bar) return;
    const { body } = new DOMParser().parseFromString(html, "text/html");
    panel.replaceChildren(...body.childNodes);
  } catch {
    if (shown !== bar) return;
    panel.append(make("p", { class: "fault" }, say("fleet.js.fault")));
  }
  if (isPinned) addButtons(bar);
  place(bar);
}

/** @param {SVGAElement} bar */
function addButtons(bar) {
  const { say } = context();
  if (panel.querySelector("button") !== null) return;
  const close = make("button", { type: "button", class: "small" }, say("fleet.js.close"));
  close.addEventListener("click", () => {
    hide();
    bar.focus();
  });
  const link = make("a", { href: bar.getAttribute("href") }, say("fleet.js.page"));
  panel.append(make("p", { class: "row" }, link, close));
}

function hide() {
  clearTimeout(timer);
  shown = null;
  isPinned = false;
  panel.hidden = true;
}

/**
 * Below the bar, or above it where there is no room.
 *
 * @param {SVGAElement} bar
 */
function place(bar) {
  const box = bar.getBoundingClientRect();
  const width = panel.offsetWidth, height = panel.offsetHeight;
  const left = Math.max(8, Math.min(box.left + box.width / 2 - width / 2, innerWidth - width - 8));
  const below = box.bottom + 8;
  const top = below + height <= innerHeight ? below : Math.max(8, box.top - height - 8);
  panel.style.left = `${left}px`;
  panel.style.top = `${top}px`;
}

/**
 * @param {EventTarget | null} target
 * @returns {SVGAElement | null}
 */
function barOf(target) {
  const found = target instanceof Element ? target.closest("a[data-day]") : null;
  return found instanceof SVGAElement ? found : null;
}

/**
 * Moves to another bar of the same row.
 *
 * @param {SVGAElement} bar
 * @param {string} key
 */
function next(bar, key) {
  const bars = [...bar.parentElement?.querySelectorAll("a[data-day]") ?? []];
  const at = bars.findIndex((one) => one === bar);
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: bars.length - 1 }[key];
  const found = to === undefined ? undefined : bars[to];
  return found instanceof SVGAElement ? found : null;
}

/** Makes the bars of the page explain themselves. */
function startBars() {
  document.querySelector("main")?.append(panel);
  document.addEventListener("pointerover", (event) => {
    const bar = barOf(event.target);
    if (isPinned || event.pointerType === "touch") return;
    clearTimeout(timer);
    if (bar !== null) timer = setTimeout(() => show(bar), REST_MS);
    else if (shown !== null && shown !== document.activeElement) hide();
  });
  document.addEventListener("focusin", (event) => {
    const bar = barOf(event.target);
    if (bar !== null && !isPinned) show(bar);
    else if (bar === null && event.target instanceof Node && !panel.contains(event.target)) hide();
  });
  document.addEventListener("click", (event) => {
    const bar = barOf(event.target);
    if (bar === null) {
      if (event.target instanceof Node && !panel.contains(event.target)) hide();
      return;
    }
    // Whoever wants another tab gets it.
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    isPinned = true;
    show(bar);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && shown !== null) {
      const bar = shown;
      hide();
      bar.focus();
      hide();
      return;
    }
    const bar = barOf(event.target);
    const to = bar === null ? null : next(bar, event.key);
    if (bar === null || to === null) return;
    event.preventDefault();
    isPinned = false;
    bar.setAttribute("tabindex", "-1");
    to.setAttribute("tabindex", "0");
    to.focus();
  });
  addEventListener("scroll", () => shown !== null && place(shown), { passive: true });
}

startBars();
const fleet = document.getElementById("fleet");
// What is known of days is not fresh either.
if (fleet !== null) keepFresh(fleet, { everyMs: () => EVERY_MS, onChange: () => kept.clear() });
