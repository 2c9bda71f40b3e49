/**
 * How CSV is written: the presets by name, and the rules for dialects that a request spells out.
 *
 * @module
 */

/** How CSV is written. */
export interface CsvDialect {
  /** Between fields: one ASCII character. */
  readonly delimiter: string;
  /** Between whole and fraction. */
  readonly decimal: "." | ",";
  /** Whether the file begins with a byte order mark, from which Excel knows UTF-8. */
  readonly bom: boolean;
  /** How times are written: `iso`, `unix`, `unix_ms`, or a pattern such as `dd.MM.yyyy HH:mm:ss`. */
  readonly dateFormat: string;
  /** The end of lines. */
  readonly lineEnd: "\n" | "\r\n";
  /** Whether texts that a spreadsheet would run as a formula get a `'` before them. */
  readonly guardsFormulas: boolean;
}

/** The names of the presets. */
export type CsvDialectName =
  | "rfc4180"
  | "excel-us"
  | "excel-de"
  | "excel-fr"
  | "excel-uk"
  | "tsv";

const PLAIN: CsvDialect = {
  delimiter: ",",
  decimal: ".",
  bom: false,
  dateFormat: "iso",
  lineEnd: "\n",
  guardsFormulas: true,
};
const EXCEL: CsvDialect = { ...PLAIN, bom: true, lineEnd: "\r\n" };

/**
 * The presets by name. Those of Excel are what it reads by a double click where the region of the
 * computer is that one: dates become dates and numbers numbers. `rfc4180` ends lines with LF, as the
 * files of this service always did, and as every reader of RFC 4180 accepts.
 */
export const CSV_DIALECTS: Readonly<Record<CsvDialectName, CsvDialect>> = {
  rfc4180: PLAIN,
  "excel-us": { ...EXCEL, dateFormat: "MM/dd/yyyy HH:mm:ss" },
  "excel-de": { ...EXCEL, delimiter: ";", decimal: ",", dateFormat: "dd.MM.yyyy HH:mm:ss" },
  "excel-fr": { ...EXCEL, delimiter: ";", decimal: ",", dateFormat: "dd/MM/yyyy HH:mm:ss" },
  "excel-uk": { ...EXCEL, dateFormat: "dd/MM/yyyy HH:mm:ss" },
  tsv: { ...PLAIN, delimiter: "\t" },
};
