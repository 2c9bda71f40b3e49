/**
 * The fields of one record of CSV (RFC 4180).
 *
 * @module
 */

import { parse } from "./std_csv.ts";

/** The fields of a record; null where its quotes are not closed as they must be. */
export function csvFields(text: string, separator: string): string[] | null {
  if (!text.includes('"')) return text.split(separator);
  try {
    const records = parse(text, { separator });
    return records.length === 1 ? records[0] : null;
  } catch {
    return null;
  }
}

/** The fields of a header line, however its quotes are; one field where it is no CSV at all. */
export function headerFields(line: string, separator: string): string[] {
  try {
    return parse(line, { lazyQuotes: true, separator })[0] ?? [];
  } catch {
    return [line];
  }
}
