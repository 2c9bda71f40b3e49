/** Parses the only document of a YAML text; merge keys (`<<`) are applied. */
export function parse(text: string): unknown;
/** Parses all documents of a YAML text. */
export function parseAll(text: string): unknown[];
