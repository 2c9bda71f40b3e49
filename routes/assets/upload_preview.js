/**
 * The lines of a file next to the readings that they become.
 *
 * @module
 */

import { context } from "./context.js";
import { make } from "./elements.js";

/** Readings of one line that are shown; a day in a row has up to 300. */
const READINGS_OF_LINE = 3;
/** Lines after the last reading that are shown. */
const LINES_MAX = 45;
const { say, formats } = context();

/**
 * @param {HTMLElement} body The body of a table.
 * @param {{ inspection: any, lines: readonly string[] | null }} shown
 */
export function showPreview(body, { inspection, lines }) {
  const { readings, reading_lines: places, rejects, format } = inspection;
  const isOfLines = lines !== null && format !== "json" && format !== "espi";
  /** @type {Map<number, any[]>} */
  const byLine = new Map();
  readings.forEach((/** @type {any} */ reading, /** @type {number} */ index) => {
    const at = places[index];
    byLine.set(at, [...byLine.get(at) ?? [], reading]);
  });
  const rejected = new Map(rejects.map((/** @type {any} */ reject) => [reject.line, reject]));
  const last = Math.max(0, ...byLine.keys(), ...rejected.keys());
  const numbers = isOfLines
    ? Array.from({ length: Math.min(LINES_MAX, lines.length, Math.max(last, 10)) }, (_, i) => i + 1)
    : [...new Set([...byLine.keys(), ...rejected.keys()])].toSorted((one, other) => one - other);
  body.replaceChildren(
    ...numbers.slice(0, LINES_MAX).map((number) =>
      rowOf(number, isOfLines ? lines[number - 1] : null, {
        readings: byLine.get(number) ?? [],
        reject: rejected.get(number),
        headerLine: inspection.header_line,
      })
    ),
  );
}

/**
 * @param {number} number
 * @param {string | null} text
 * @param {{ readings: readonly any[], reject: any, headerLine: number | null }} what
 */
function rowOf(number, text, { readings, reject, headerLine }) {
  const isHead = headerLine !== null && number <= headerLine;
  return make(
    "tr",
    { class: reject === undefined ? isHead ? "head" : null : "rejected" },
    make("td", { class: "number muted" }, String(number)),
    make("td", { class: "line" }, lineText(text ?? "", reject?.value)),
    make(
      "td",
      {},
      reject === undefined ? null : rejectText(reject),
      ...readings.slice(0, READINGS_OF_LINE).map(readingText),
      readings.length > READINGS_OF_LINE
        ? make(
          "p",
          { class: "hint" },
          say("upload.more", { count: readings.length - READINGS_OF_LINE }),
        )
        : null,
      readings.length === 0 && reject === undefined
        ? make("span", { class: "muted" }, say(isHead ? "upload.header" : "upload.nothing"))
        : null,
    ),
  );
}

/**
 * A line with the part that is wrong marked.
 *
 * @param {string} text
 * @param {string | undefined} wrong
 */
export function lineText(text, wrong) {
  const at = wrong === undefined || wrong === "" ? -1 : text.indexOf(wrong);
  if (at < 0 || wrong === undefined) return make("code", {}, text);
  return make(
    "code",
    {},
    text.slice(0, at),
    make("mark", {}, wrong),
    text.slice(at + wrong.length),
  );
}

/**
 * Why a record is rejected.
 *
 * @param {{ field: string | null, value: string, rule: string }} reject
 */
export function rejectText({ field, value, rule }) {
  return make(
    "p",
    { class: "fault" },
    say("upload.reject", { rule, value: value === "" ? say("upload.blank") : value }),
    field === null ? null : make("span", { class: "muted" }, ` (${field})`),
  );
}

/** @param {any} reading */
function readingText({ smart_meter_id: id, timestamp, ...values }) {
  const shown = Object.entries(values).filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${formats.number(value, 6)}`);
  return make(
    "p",
    { class: "reading" },
    id === null ? null : make("span", { class: "muted id" }, `${id} `),
    make("code", {}, timestamp),
    ` ${shown.length === 0 ? say("upload.missing") : shown.join(" · ")}`,
  );
}
