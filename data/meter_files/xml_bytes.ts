/**
 * The encoding of an XML document, from its first bytes: a byte order mark, the zeros of UTF-16, or the
 * declaration (XML 1.0, appendix F).
 *
 * @module
 */

import { AppError } from "../app_error.ts";

/** A declaration lies within so many bytes. */
const HEAD_BYTES = 256;
const DECLARED = /^<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z][\w.:-]*)["'][^>]*?\?>/;

/** What is known from the beginning of a document. */
export interface XmlEncoding {
  /** A label of `TextDecoder`. */
  readonly label: string;
  /** How many bytes the byte order mark has. */
  readonly markBytes: number;
}

/**
 * The encoding of a document that begins with these bytes; null if more of them are needed.
 *
 * @throws {AppError} MALFORMED_BODY if the declaration names an encoding that is not supported.
 */
export function xmlEncoding(head: Uint8Array, isAll: boolean): XmlEncoding | null {
  if (head.length < 4 && !isAll) return null;
  const [a, b, c] = head;
  if (a === 0xef && b === 0xbb && c === 0xbf) return encoding("utf-8", 3);
  if (a === 0xff && b === 0xfe) return encoding("utf-16le", 2);
  if (a === 0xfe && b === 0xff) return encoding("utf-16be", 2);
  if (a === 0 && b === 0x3c) return encoding("utf-16be", 0);
  if (a === 0x3c && b === 0) return encoding("utf-16le", 0);
  const text = new TextDecoder("windows-1252").decode(head.subarray(0, HEAD_BYTES));
  if (!isAll && head.length < HEAD_BYTES && !text.includes("?>")) return null;
  const label = DECLARED.exec(text)?.[1];
  // A document in bytes can only claim to be UTF-16.
  return label === undefined || /^utf-?16/i.test(label) ? encoding("utf-8", 0) : encoding(label, 0);
}

function encoding(label: string, markBytes: number): XmlEncoding {
  try {
    return { label: new TextDecoder(label).encoding, markBytes };
  } catch {
    throw new AppError("MALFORMED_BODY", `The encoding ${label} of the XML is not supported`, {
      details: "Save it as UTF-8 and send it again",
    });
  }
}
