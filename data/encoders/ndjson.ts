/**
 * NDJSON: a JSON object on each line.
 *
 * @module
 */

import type { FileEncoder, FileHead } from "./encoder.ts";
import { createJsonRows } from "./json_rows.ts";

/** An encoder of NDJSON. */
export function createNdjsonEncoder(head: FileHead): FileEncoder<string> {
  const { rows } = createJsonRows(head, { before: "", after: "\n" });
  return { start: () => "", rows, end: () => "" };
}
