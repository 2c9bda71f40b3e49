/**
 * Shows the times of a page in the chosen zone, and keeps "3 minutes ago" true.
 *
 * `<time datetime>` shows a time; with `data-relative`, how long ago it is; with `data-zone`, the zone
 * of its source counts if that was chosen.
 *
 * @module
 */

import { context, zoneOf } from "./context.js";
import { createFormats } from "./format.js";

/** How often relative times are written again, milliseconds. */
const TICK_MS = 10_000;

/** @type {Map<string, import("./format.js").Formats>} */
const formatsByZone = new Map();

/**
 * The formats of a zone.
 *
 * @param {string} zone
 */
function formatsOf(zone) {
  const { locale, language } = context();
  const made = formatsByZone.get(zone) ?? createFormats({ locale, language, zone });
  formatsByZone.set(zone, made);
  return made;
}

/**
 * Writes all times below an element.
 *
 * @param {ParentNode} root
 */
export function writeTimes(root = document) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    if (element instanceof HTMLTimeElement) writeTime(element);
  }
}

/** @param {HTMLTimeElement} element */
function writeTime(element) {
  const timeMs = Date.parse(element.dateTime);
  if (Number.isNaN(timeMs)) return;
  const formats = formatsOf(zoneOf(element.dataset.zone));
  const exact = formats.exactTime(timeMs);
  const { relative, form } = element.dataset;
  const text = relative !== undefined
    ? formats.ago(timeMs, context().now())
    : form === "date"
    ? formats.date(timeMs)
    : formats.dateTime(timeMs);
  if (element.textContent !== text) element.textContent = text;
  if (element.title !== exact) element.title = exact;
}

/** Writes all times now, and relative ones again and again. */
export function startTimes() {
  writeTimes();
  setInterval(() => {
    if (document.hidden) return;
    for (const element of document.querySelectorAll("time[data-relative]")) {
      if (element instanceof HTMLTimeElement) writeTime(element);
    }
  }, TICK_MS);
}
