/** What of `@std/csv` is used here; the npm build of it comes without types. */
export interface ParseOptions {
  /** The byte between fields. */
  separator?: string;
  /** Whether a quote may stand inside an unquoted field. */
  lazyQuotes?: boolean;
}

/** The records of a CSV text, each a list of its fields. Throws SyntaxError where it is none. */
export function parse(input: string, options?: ParseOptions): string[][];
