/** The part of `@std/csv` that is used here; its npm build has no types. */
export interface ParseOptions {
  /** The character between fields. */
  separator?: string;
  /** Whether a quote is allowed inside an unquoted field. */
  lazyQuotes?: boolean;
}

/** The records of a CSV text, each a list of its fields. Throws SyntaxError if it is not CSV. */
export function parse(input: string, options?: ParseOptions): string[][];
