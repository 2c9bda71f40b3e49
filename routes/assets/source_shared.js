/**
 * What the parts of the page of a meter or device share.
 *
 * @module
 */

import { context } from "./context.js";
import { createFormats } from "./format.js";

/**
 * What the page knows of its source.
 *
 * @typedef {object} SourceData
 * @property {string} api The address of the source in the API.
 * @property {string} metric
 * @property {string} label The metric in words.
 * @property {string} unit
 * @property {number} year
 * @property {string} zone The zone of the page.
 * @property {number | null} firstMs
 * @property {number | null} lastMs
 * @property {number} fromMs Where the year begins.
 * @property {number} toMs Where it ends.
 * @property {number[]} dayMinutes When each day of the year begins, minutes after the year does.
 * @property {[number, number][]} bands When a device was offline.
 */

const { data, say, locale, language } = context();

/** @type {SourceData} */
export const source = data;

/** Numbers and times in the zone of the page. */
export const formats = createFormats({ locale, language, zone: source.zone });

/**
 * An element of the page.
 *
 * @param {string} id
 */
export function byId(id) {
  return document.getElementById(id);
}

/**
 * A value with its unit, or the word for a missing one.
 *
 * @param {number | null} value
 */
export function valueText(value) {
  return value === null || Number.isNaN(value)
    ? say("source.missing")
    : `${formats.number(value, 3)} ${source.unit}`;
}

/**
 * The address of data of the source.
 *
 * @param {string} path
 * @param {Record<string, string>} query
 */
export function apiUrl(path, query) {
  return `${source.api}/${path}?${new URLSearchParams({ timezone: source.zone, ...query })}`;
}

/**
 * Says in a place of the page that something could not be loaded.
 *
 * @param {string} id
 * @param {unknown} error
 */
export function showFault(id, error) {
  const element = byId(id);
  if (element !== null) element.textContent = `${say("source.fault")} ${String(error)}`;
}

/**
 * Calls back when the theme changes.
 *
 * @param {() => void} redraw
 */
export function followTheme(redraw) {
  new MutationObserver(redraw).observe(document.documentElement, {
    attributes: true,
    attributeFilter: ["data-theme"],
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
}
