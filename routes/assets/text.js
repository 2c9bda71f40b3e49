/**
 * Fills values into texts of pages. The server and the browser use the same function.
 *
 * @module
 */

/**
 * A text with its places filled in. `{name}` stands for a value. `{name#one|other}` stands for the
 * word that goes with a number, such as `{count#device|devices}`.
 *
 * @param {string} text The text.
 * @param {Readonly<Record<string, string | number>>} values The values by the names of their places.
 *   Numbers choose words; give a text where a number must be shown in the format of a locale.
 * @param {string} language The language of the text, which decides which numbers are "one".
 * @returns {string} The text. A place without a value stays as it is, so that it is seen.
 */
export function fill(text, values, language) {
  return text.replaceAll(/\{(\w+)(?:#([^|}]*)\|([^}]*))?\}/g, (place, name, one, other) => {
    const value = values[name];
    if (value === undefined) return place;
    if (one === undefined) return String(value);
    return new Intl.PluralRules(language).select(Number(value)) === "one" ? one : other;
  });
}
