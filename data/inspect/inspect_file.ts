/**
 * What a file is and how it would be imported, from its first bytes.
 *
 * @module
 */

import {
  binaryKind,
  type ContentKind,
  IMPORT_FORMATS,
  officeKind,
  textKind,
} from "./content_kind.ts";
import type { Doubt } from "./doubts.ts";
import { decodeText, type EncodingGuess, guessEncoding } from "./encoding_guess.ts";
import { type FileSample, type Inspection, unknownFile } from "./inspection.ts";
import { inspectJson } from "./json_sample.ts";
import { matchPresets } from "./preset_match.ts";
import { inspectTable } from "./table_inspection.ts";

const LF = 10, KIB = 1_024;
/** The least that is called the beginning of a file. */
const BEGINNING_BYTES = 64 * KIB;

/** What a file is. Never throws for any bytes. */
export function inspectFile(sample: FileSample): Inspection {
  const { bytes, isWhole } = sample;
  const binary = officeKind(bytes) ?? binaryKind(bytes);
  if (binary !== null) return unknownFile(binary);
  const encoding = guessEncoding(bytes);
  const text = decodeText(bytes, encoding);
  const kind = textKind(text);
  if (!(IMPORT_FORMATS as readonly string[]).includes(kind.format)) {
    return unknownFile(kind, encoding);
  }
  const inspected = kind.format === "csv"
    ? inspectTable(text, isWhole && !isMaybeCut(bytes))
    : kind.format === "json" || kind.format === "ndjson"
    ? inspectJson(text, kind)
    : inspectMeterFile(kind);
  const withEncoding = encodingDoubts(encoding, text);
  return {
    ...inspected,
    encoding,
    parameters: encoding.isFound || !inspected.isImportable
      ? inspected.parameters
      : { encoding: [encoding.name], ...inspected.parameters },
    doubts: [...withEncoding, ...inspected.doubts],
  };
}

/**
 * Whether bytes may be the beginning of a longer file: people send the first 64 KiB or more of a file,
 * and a file that ends there in the middle of a line, or after a number of KiB, is likely cut off.
 */
function isMaybeCut(bytes: Uint8Array): boolean {
  if (bytes.length < BEGINNING_BYTES) return false;
  const endsLine = bytes.subarray(-2).includes(LF);
  return !endsLine || bytes.length % KIB === 0;
}

/** NEM12 and Green Button say themselves what they hold. */
function inspectMeterFile(kind: ContentKind): Inspection {
  const presets = matchPresets({ format: kind.format, columns: [], preamble: [] });
  return {
    ...unknownFile(kind),
    isImportable: true,
    values: "interval",
    stamp: "start",
    presets,
    parameters: { format: [kind.format] },
    hasManyMeters: kind.format === "nem12",
  };
}

/** A word with a letter outside ASCII, by which a person sees whether the encoding is right. */
function encodingDoubts(encoding: EncodingGuess, text: string): Doubt[] {
  if (encoding.isProven) return [];
  const word = /\S*[^ -~\s]\S*/.exec(text)?.[0].slice(0, 50) ?? "";
  const detail =
    `The file is not UTF-8. Read as ${encoding.name} it has the word ${word}; if that ` +
    "is wrong, save the file as UTF-8";
  return [{ about: "encoding", detail, settle: `encoding=${encoding.name}` }];
}
