/**
 * What files can hold.
 *
 * @module
 */

/** The most rows of a workbook: five sheets. Spreadsheets hardly open more. */
export const XLSX_MAX_ROWS = 5_000_000;
