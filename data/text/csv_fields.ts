/**
 * The fields of one record of CSV (RFC 4180).
 *
 * @module
 */

import { parse } from "./std_csv.ts";

/** The fields of a record; null if its quotes are not closed correctly. */
export function csvFields(text: string, separator: string): string[] | null {
  if (!text.includes('"')) return text.split(separator);
  try {
    const records = parse(text, { separator });
    return records.length === 1 ? records[0] : null;
  } catch {
    return null;
  }
}

/** The fields of a header line, even with stray quotes; one field if the line is not CSV at all. */
export function headerFields(line: string, separator: string): string[] {
  try {
    return parse(line, { lazyQuotes: true, separator })[0] ?? [];
  } catch {
    return [line];
  }
}
