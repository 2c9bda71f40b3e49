/**
 * A calendar of the days of a file, and of those that already have readings.
 *
 * @module
 */

import { make } from "./elements.js";

const DAY_MS = 86_400_000;
/** So many months are drawn, the last ones. */
const MONTHS_MAX = 24;

/**
 * @typedef {object} CalendarDays
 * @property {Set<string>} inFile Days as YYYY-MM-DD.
 * @property {Set<string>} stored
 */

/**
 * The days from one to another.
 *
 * @param {string} from YYYY-MM-DD
 * @param {string} to
 */
export function daysBetween(from, to) {
  /** @type {Set<string>} */
  const days = new Set();
  for (let ms = Date.parse(from); ms <= Date.parse(to); ms += DAY_MS) {
    days.add(new Date(ms).toISOString().slice(0, 10));
  }
  return days;
}

/**
 * The calendar.
 *
 * @param {CalendarDays} days
 * @param {{ locale: string, say: (key: string) => string }} words
 */
export function calendar({ inFile, stored }, { locale, say }) {
  const all = [...inFile, ...stored].toSorted();
  const months = [...new Set(all.map((day) => day.slice(0, 7)))].slice(-MONTHS_MAX);
  const names = new Intl.DateTimeFormat(locale, {
    month: "short",
    year: "numeric",
    timeZone: "UTC",
  });
  return make(
    "div",
    { class: "calendar" },
    ...months.map((month) => {
      const firstMs = Date.parse(`${month}-01`);
      const count = new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)), 0))
        .getUTCDate();
      // Weeks begin on Monday.
      const lead = (new Date(firstMs).getUTCDay() + 6) % 7;
      const cells = Array.from({ length: count }, (_, index) => {
        const day = `${month}-${String(index + 1).padStart(2, "0")}`;
        const kind = inFile.has(day)
          ? stored.has(day) ? "both" : "file"
          : stored.has(day)
          ? "stored"
          : "none";
        const title = `${day}: ${say(`upload.day.${kind}`)}`;
        return make("span", { class: `day ${kind}`, title }, String(index + 1));
      });
      cells[0]?.classList.add(`lead-${lead}`);
      return make(
        "div",
        { class: "month" },
        make("h4", {}, names.format(firstMs)),
        make("div", { class: "days", "aria-hidden": "true" }, ...cells),
      );
    }),
  );
}
