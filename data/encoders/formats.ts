/**
 * The formats of files, one line each.
 *
 * @module
 */

import { createCsvEncoder } from "./csv.ts";
import type {
  FileEncoder,
  FileFormat,
  FileHead,
  FormatFacts,
  FormatName,
  TextParts,
} from "./encoder.ts";

const FORMATS: readonly FileFormat[] = [
  {
    ...facts("csv", "csv", "text/csv; charset=utf-8; header=present"),
    ...textOf(createCsvEncoder),
  },
];

/** The format with a name. */
export function formatNamed(name: FormatName): FileFormat {
  const format = FORMATS.find((one) => one.name === name);
  if (format === undefined) throw new RangeError(`Cannot encode as there is no format: ${name}`);
  return format;
}

function facts(name: FormatName, extension: string, contentType: string): FormatFacts {
  return { name, extension, contentType, needsDecimals: false, isCompressed: false };
}

function textOf(create: (head: FileHead) => FileEncoder<string>): TextParts {
  return { parts: "text", open: (head) => Promise.resolve(create(head)) };
}
