/**
 * What files can hold.
 *
 * @module
 */

/**
 * The most bytes of a request as the record of its job has it, in JSON, which is longer than the form in
 * which the database keeps it. A value of the database has 65,536 bytes at most.
 */
export const REQUEST_MAX_BYTES = 58_000;

/** The most bytes of a request and the gaps that its record lists. The rest is for times and the file. */
export const REQUEST_WITH_GAPS_MAX_BYTES = 61_000;

/** The most rows of a workbook: five sheets. Spreadsheets hardly open more. */
export const XLSX_MAX_ROWS = 5_000_000;

/** The most rows of a file with rows for gaps: two years of minutes of 1,000 sources fit. */
export const FILLED_MAX_ROWS = 1_000_000_000;
