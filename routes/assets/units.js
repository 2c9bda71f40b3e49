/**
 * Units as people write them. Metrics have units in UCUM notation.
 *
 * @module
 */

/** @type {Readonly<Record<string, string>>} */
const WORDS = {
  "Cel": "°C",
  "[degF]": "°F",
  "1": "",
  "deg": "°",
  "m3": "m³",
  "m2": "m²",
  "Ohm": "Ω",
  "uA": "µA",
};

/**
 * A unit in signs that people know; one without such signs stays as it is.
 *
 * @param {string} unit
 */
export function unitText(unit) {
  return Object.hasOwn(WORDS, unit) ? WORDS[unit] : unit;
}
