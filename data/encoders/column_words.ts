/**
 * The prepared words for the values of columns.
 *
 * @module
 */

import {
  booleanTable,
  type DecimalMark,
  type DecimalTable,
  decimalTable,
} from "../text/decimal_words.ts";
import type { FileColumn } from "./encoder.ts";
import type { Page } from "../readings/page.ts";

/** The words for the values of each column of a page. */
export function tablesOf(
  page: Page,
  columns: readonly FileColumn[],
  mark: DecimalMark = ".",
): DecimalTable[] {
  return page.columns.map(({ scale }, index) =>
    columns[index].kind === "boolean" ? booleanTable() : decimalTable(scale, mark)
  );
}
