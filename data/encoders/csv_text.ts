/**
 * Texts as fields of CSV.
 *
 * @module
 */

import type { CsvDialect } from "./csv_dialect.ts";

/** What a spreadsheet takes for the start of a formula (OWASP, "CSV Injection"). */
const FORMULA = /^[=+\-@\t\r\n]/;

/** A text as a field: nothing for a missing one, quoted if it must be, `""` for an empty one. */
export function csvText(
  text: string | null,
  { delimiter, guardsFormulas }: Pick<CsvDialect, "delimiter" | "guardsFormulas">,
): string {
  if (text === null) return "";
  const plain = guardsFormulas && FORMULA.test(text) ? `'${text}` : text;
  const isQuoted = plain === "" || plain.includes(delimiter) || /["\r\n]/.test(plain);
  return isQuoted ? `"${plain.replaceAll('"', '""')}"` : plain;
}
