/**
 * NDJSON: a JSON object on each line.
 *
 * @module
 */

import type { FileHead, TextEncoding } from "./encoder.ts";
import { createJsonRows } from "./json_rows.ts";

/** An encoder of NDJSON. */
export function createNdjsonEncoder(head: FileHead): TextEncoding {
  const { write } = createJsonRows(head, { before: "", after: "\n" });
  return { start: () => "", write, end: () => "" };
}
