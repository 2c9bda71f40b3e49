/**
 * What an upload is, by its first bytes.
 *
 * @module
 */

/** A form that an upload may have. */
export type DetectedForm = "zip" | "gzip" | "nem12" | "espi" | "json" | "ndjson" | "csv";

/** How many bytes show the form, unless the upload is shorter. */
export const DETECT_BYTES = 1_024;

const ZIP_HEADS = [[0x50, 0x4b, 3, 4], [0x50, 0x4b, 5, 6]];
const GZIP_HEAD = [0x1f, 0x8b];
/** The first record of NEM12 and NEM13; quotes as a spreadsheet may write them. */
const NEM12 = /^"?(?:100"?\s*,\s*"?NEM1[23]\b|200"?\s*,\s*"?[A-Z0-9]{10,11}"?\s*,)/i;

/**
 * The form of an upload that begins with these bytes: at least {@link DETECT_BYTES}, or all of them.
 * What looks like nothing else is CSV.
 */
export function detectForm(head: Uint8Array): DetectedForm {
  if (ZIP_HEADS.some((bytes) => beginsWith(head, bytes))) return "zip";
  if (beginsWith(head, GZIP_HEAD)) return "gzip";
  const text = textOf(head).trimStart();
  if (text.startsWith("<")) return "espi";
  if (text.startsWith("[")) return "json";
  if (text.startsWith("{")) return "ndjson";
  return NEM12.test(text) ? "nem12" : "csv";
}

function beginsWith(head: Uint8Array, bytes: readonly number[]): boolean {
  return bytes.every((byte, index) => head[index] === byte);
}

/** The text of the bytes as far as its ASCII characters count, without a byte order mark. */
function textOf(head: Uint8Array): string {
  const [a, b] = head;
  const isBig = (a === 0xfe && b === 0xff) || (a === 0 && b !== 0);
  const isLittle = (a === 0xff && b === 0xfe) || (a !== 0 && b === 0);
  const label = isBig ? "utf-16be" : isLittle ? "utf-16le" : "utf-8";
  return new TextDecoder(label).decode(head.subarray(0, DETECT_BYTES));
}
