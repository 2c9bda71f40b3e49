/**
 * What files can hold.
 *
 * @module
 */

/** The most rows of a workbook: five sheets. Spreadsheets hardly open more. */
export const XLSX_MAX_ROWS = 5_000_000;

/** The most rows of a file with rows for gaps: two years of minutes of 1,000 sources fit. */
export const FILLED_MAX_ROWS = 1_000_000_000;
