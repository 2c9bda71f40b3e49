/**
 * What the server tells the modules of a page: texts, formats, data.
 *
 * @module
 */

import { createFormats } from "./format.js";
import { fill } from "./text.js";

/** @typedef {import("./format.js").Formats} Formats */

/**
 * @typedef {object} PageContext
 * @property {string} language The language of the texts.
 * @property {string} locale The locale of numbers and dates.
 * @property {"browser" | "utc" | "source"} zoneChoice In which zone times are shown.
 * @property {string} zone The zone in which times are shown where no source has one.
 * @property {Formats} formats Writes numbers and times in `zone`.
 * @property {(key: string, values?: Record<string, string | number>) => string} say Gives texts.
 * @property {any} data What the page gives its modules.
 * @property {() => number} now Epoch milliseconds now by the clock of the server.
 */

/** @type {PageContext | null} */
let known = null;

/**
 * The context of this page.
 *
 * @returns {PageContext}
 */
export function context() {
  return known ??= readContext();
}

/** The zone of the browser. */
export function browserZone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

/**
 * The zone in which a time of a source is shown.
 *
 * @param {string | null | undefined} sourceZone The zone of the meter or store, if it has one.
 * @returns {string}
 */
export function zoneOf(sourceZone) {
  const { zoneChoice, zone } = context();
  return zoneChoice === "source" && sourceZone ? sourceZone : zone;
}

/** @returns {PageContext} */
function readContext() {
  const { dataset, lang } = document.documentElement;
  /** @type {{ texts: Record<string, string>, nowMs: number, data: unknown }} */
  const given = JSON.parse(document.getElementById("page-data")?.textContent ?? "{}");
  const choice = dataset.zoneChoice;
  const zoneChoice = choice === "utc" || choice === "source" ? choice : "browser";
  const zone = zoneChoice === "browser" ? browserZone() : "UTC";
  const locale = dataset.locale ?? lang;
  const skewMs = given.nowMs - Date.now();
  return {
    language: lang,
    locale,
    zoneChoice,
    zone,
    formats: createFormats({ locale, language: lang, zone }),
    say: (key, values = {}) => fill(given.texts[key] ?? key, values, lang),
    data: given.data,
    // A clock that is a little off does not matter; one that is hours off would.
    now: () => Date.now() + (Math.abs(skewMs) > 5_000 ? skewMs : 0),
  };
}
