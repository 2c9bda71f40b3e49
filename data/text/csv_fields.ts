/**
 * The fields of one record of CSV (RFC 4180).
 *
 * @module
 */

import { parse } from "./std_csv.ts";

/** A text in quotes after an equals sign, and the character before it. */
const FORMULA = /(^|[^])=("(?:[^"]|"")*")/g;

/**
 * The fields of a record; null if its quotes are not closed correctly. A field `="0123"`, by which
 * files keep Excel from reading a text as a number, is its text.
 */
export function csvFields(text: string, separator: string): string[] | null {
  if (!text.includes('"')) return text.split(separator);
  try {
    const records = parse(withoutFormulas(text, separator), { separator });
    return records.length === 1 ? records[0] : null;
  } catch {
    return null;
  }
}

/** A record whose fields `="0123"` are `"0123"`. */
function withoutFormulas(text: string, separator: string): string {
  if (!text.includes('="')) return text;
  return text.replaceAll(FORMULA, (field, before: string, quoted: string, at: number) => {
    const isStart = before === separator || (before === "" && at === 0);
    const after = text[at + field.length];
    return isStart && (after === undefined || after === separator) ? before + quoted : field;
  });
}

/** The fields of a header line, even with stray quotes; one field if the line is not CSV at all. */
export function headerFields(line: string, separator: string): string[] {
  try {
    return parse(line, { lazyQuotes: true, separator })[0] ?? [];
  } catch {
    return [line];
  }
}
