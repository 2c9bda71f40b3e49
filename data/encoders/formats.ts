/**
 * The formats of files, one line each.
 *
 * @module
 */

import { createCsvEncoder } from "./csv.ts";
import type {
  FileFormat,
  FileHead,
  FormatFacts,
  FormatName,
  TextEncoding,
  TextParts,
} from "./encoder.ts";
import { createEspiEncoder } from "./espi.ts";
import { createJsonEncoder } from "./json.ts";
import { createNdjsonEncoder } from "./ndjson.ts";
import { createParquetEncoder } from "./parquet.ts";
import { createXlsxEncoder } from "./xlsx.ts";

const XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

// deno-fmt-ignore: one line each.
const FORMATS: readonly FileFormat[] = [
  { ...facts("csv", "text/csv; charset=utf-8; header=present"), ...text(createCsvEncoder) },
  { ...facts("json", "application/json"), ...text(createJsonEncoder) },
  { ...facts("ndjson", "application/x-ndjson"), ...text(createNdjsonEncoder) },
  { ...facts("xml", "application/atom+xml; charset=utf-8"), needsDecimals: true, parts: "bytes", open: (head, memory) => Promise.resolve(createEspiEncoder(head, memory)) },
  { ...facts("parquet", "application/vnd.apache.parquet"), isCompressed: true, parts: "bytes", open: (head) => Promise.resolve(createParquetEncoder(head)) },
  { ...facts("xlsx", XLSX_TYPE), isCompressed: true, parts: "entries", open: (head) => Promise.resolve(createXlsxEncoder(head)) },
];

/** The format with a name. */
export function formatNamed(name: FormatName): FileFormat {
  const format = FORMATS.find((one) => one.name === name);
  if (format === undefined) throw new RangeError(`Cannot encode as there is no format: ${name}`);
  return format;
}

function facts(name: FormatName, contentType: string): FormatFacts {
  return {
    name,
    contentType,
    extension: name,
    needsDecimals: false,
    isCompressed: false,
  };
}

function text(create: (head: FileHead) => TextEncoding): TextParts {
  return { parts: "text", open: (head) => Promise.resolve(create(head)) };
}
