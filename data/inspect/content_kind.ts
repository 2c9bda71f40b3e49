/**
 * What the first bytes of a file are: a table, JSON, a format of meters, or something that cannot be
 * imported, with what to do about it.
 *
 * @module
 */

import { createEnvelopeScan } from "../text/json_envelope.ts";

/** A kind of file that an import reads. */
export type ImportFormat = "csv" | "json" | "ndjson" | "nem12" | "espi";

/** What a file is. */
export interface ContentKind {
  /** Its format: an {@link ImportFormat}, or the name of another one. */
  readonly format: string;
  /** What it is in words, with an article. */
  readonly title: string;
  /** What to do about it; null if it can be imported. */
  readonly advice: string | null;
}

/** The formats that an import reads. */
export const IMPORT_FORMATS: readonly ImportFormat[] = ["csv", "json", "ndjson", "nem12", "espi"];

const TO_CSV = "Open it in a spreadsheet program, save it as CSV in UTF-8, and inspect that file";
const UNKNOWN = "Send a file of text: CSV, JSON, NDJSON, NEM12 or Green Button XML";

/** The first bytes of a ZIP archive. */
const ZIP = "PK\x03\x04";

/** The first bytes of formats, as Latin-1. The first that fits counts. */
const MAGIC: readonly (readonly [start: string, kind: ContentKind])[] = [
  ["\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", {
    format: "xls",
    title: "an old Excel workbook (XLS)",
    advice: TO_CSV,
  }],
  ["%PDF-", {
    format: "pdf",
    title: "a PDF document",
    advice: "Look for a download as CSV or XML: a PDF has no rows to read",
  }],
  ["PAR1", { format: "parquet", title: "a Parquet file", advice: "Convert it to CSV or NDJSON" }],
  ["SQLite format 3\0", {
    format: "sqlite",
    title: "an SQLite database",
    advice: "Export the table with the readings as CSV",
  }],
  ["\x1f\x8b", {
    format: "gzip",
    title: "gzip inside another compression",
    advice: "Unpack it once and send what is inside",
  }],
  [ZIP, {
    format: "zip",
    title: "a ZIP archive inside another one",
    advice: "Unpack it once and send what is inside",
  }],
  ["7z\xbc\xaf\x27\x1c", { format: "7z", title: "a 7z archive", advice: unpack("7z") }],
  ["Rar!", { format: "rar", title: "a RAR archive", advice: unpack("RAR") }],
  ["BZh", { format: "bzip2", title: "a file compressed with bzip2", advice: unpack("bzip2") }],
  ["\xfd7zXZ\0", { format: "xz", title: "a file compressed with xz", advice: unpack("xz") }],
  ["\x28\xb5\x2f\xfd", {
    format: "zstd",
    title: "a file compressed with Zstandard",
    advice: unpack("Zstandard"),
  }],
  ["\x89PNG\r\n", image("PNG")],
  ["\xff\xd8\xff", image("JPEG")],
  ["GIF8", image("GIF")],
];

/** An Office workbook or document: the name of a part of it that is in every ZIP of that kind. */
const OFFICE: readonly (readonly [part: string, kind: ContentKind])[] = [
  ["xl/", { format: "xlsx", title: "an Excel workbook (XLSX)", advice: TO_CSV }],
  ["opendocument.spreadsheet", {
    format: "ods",
    title: "an OpenDocument spreadsheet (ODS)",
    advice: TO_CSV,
  }],
  ["[Content_Types].xml", {
    format: "office",
    title: "an Office document",
    advice: TO_CSV,
  }],
];

/** A file without content. */
export const EMPTY: ContentKind = {
  format: "empty",
  title: "an empty file",
  advice: "Send a file with readings",
};

/** A file of bytes that mean nothing here. */
export const BINARY: ContentKind = {
  format: "binary",
  title: "a binary file of an unknown kind",
  advice: UNKNOWN,
};

/** Part of a line's characters that may be control characters or unreadable in a text. */
const ODD_SHARE_MAX = 0.02;

/** The kind of a file by its first bytes; null if they may be text. */
export function binaryKind(bytes: Uint8Array): ContentKind | null {
  if (bytes.length === 0) return EMPTY;
  const start = latin1(bytes.subarray(0, 16));
  return MAGIC.find(([magic]) => start.startsWith(magic))?.[1] ?? null;
}

/** What an archive is that holds the parts of an Office file; null for any other file. */
export function officeKind(bytes: Uint8Array): ContentKind | null {
  if (latin1(bytes.subarray(0, 4)) !== ZIP) return null;
  const text = latin1(bytes.subarray(0, 65_536));
  // Each part's name stands in front of it, uncompressed.
  return OFFICE.find(([part]) => text.includes(part))?.[1] ?? null;
}

/** The kind of a text. */
export function textKind(text: string): ContentKind {
  const start = text.trimStart().slice(0, 16_384);
  if (start === "") return EMPTY;
  if (isBinary(start)) return BINARY;
  if (start.startsWith("<")) return markupKind(start);
  if (start.startsWith("[") || start.startsWith("{")) return jsonKind(start);
  return isNem12(start) ? kindOf("nem12") : kindOf("csv");
}

/** An importable kind. */
export function kindOf(format: ImportFormat): ContentKind {
  const titles = {
    csv: "a table of text (CSV)",
    json: "a JSON array",
    ndjson: "a JSON object a line (NDJSON)",
    nem12: "a NEM12 meter data file",
    espi: "a Green Button file (ESPI)",
  };
  return { format, title: titles[format], advice: null };
}

/** A name in letters that a format is known by, from a kind that another one wraps. */
function unpack(name: string): string {
  return `Unpack it, or pack it with gzip or ZIP: ${name} is not read`;
}

function image(name: string): ContentKind {
  return { format: "image", title: `an image (${name})`, advice: UNKNOWN };
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, 16)) + latin1Rest(bytes);
}

/** In pieces: a call takes only so many arguments. */
function latin1Rest(bytes: Uint8Array): string {
  let text = "";
  for (let at = 16; at < bytes.length; at += 8_192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  }
  return text;
}

function isBinary(text: string): boolean {
  let odd = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if ((code < 32 && code !== 9 && code !== 10 && code !== 13) || code === 0xfffd) odd++;
  }
  return odd > text.length * ODD_SHARE_MAX;
}

function markupKind(start: string): ContentKind {
  if (/naesb\.org\/espi/i.test(start) || /<(?:\w+:)?IntervalBlock[\s>]/.test(start)) {
    return kindOf("espi");
  }
  if (/<!doctype html|<html[\s>]/i.test(start)) {
    return {
      format: "html",
      title: "a web page (HTML)",
      advice: "This is often the login page of a portal. Download the file itself while logged in",
    };
  }
  if (/<table[\s>]/i.test(start)) {
    return { format: "html", title: "a table of a web page (HTML)", advice: TO_CSV };
  }
  return {
    format: "xml",
    title: "an XML file that is not Green Button",
    advice: "Green Button (ESPI) is the XML that is read. Look for a download as CSV",
  };
}

function jsonKind(start: string): ContentKind {
  if (start.startsWith("[")) return kindOf("json");
  const first = start.split("\n", 1)[0].trim();
  // A line that is cut off after some thousand characters may still be whole.
  const isLine = first.endsWith("}") && isJson(first);
  if (isLine && !isAlone(start, first)) return kindOf("ndjson");
  if (listIn(start) !== null) {
    return { ...kindOf("json"), title: "a JSON object with a list of objects" };
  }
  if (isLine) return kindOf("ndjson");
  return {
    format: "json_object",
    title: "a JSON object",
    advice: "Send its list of readings alone: a JSON array, or one JSON object a line",
  };
}

/** Whether the first line is all there is. */
function isAlone(start: string, first: string): boolean {
  return start.trim() === first;
}

/** The list of objects in a text that begins with an object, from its first one on; null if none. */
export function listIn(text: string): string | null {
  const bytes = new TextEncoder().encode(text);
  const found = createEnvelopeScan().find(bytes, 0);
  return found < 0 ? null : new TextDecoder().decode(bytes.subarray(found));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Records 100 and 200 begin a file; some portals leave 100 out (AEMO, NEM12 and NEM13). */
function isNem12(start: string): boolean {
  return /^"?100"?,"?NEM12"?,/.test(start) || /^200,[^\n]*\r?\n300,\d{8},/.test(start);
}
