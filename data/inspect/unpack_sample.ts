/**
 * The beginning of a file that may be packed with gzip or ZIP and cut off anywhere.
 *
 * @module
 */

import { Gunzip, Unzip, UnzipInflate } from "fflate";
import { officeKind } from "./content_kind.ts";
import type { FileSample } from "./inspection.ts";

/** The first bytes of a file as it was sent. */
export interface RawSample {
  /** The bytes. */
  readonly bytes: Uint8Array;
  /** Whether they are the whole file. */
  readonly isWhole: boolean;
}

/** Why a sample cannot be unpacked. */
export interface PackingFault {
  /** What is wrong, as a sentence. */
  readonly fault: string;
}

/** So many packed bytes are unpacked at once: deflate makes at most 1,032 times as many of them. */
const PIECE_BYTES = 1_024;
const GZIP = [0x1f, 0x8b, 0x08], ZIP = [0x50, 0x4b, 0x03, 0x04];

/** Whether bytes begin a gzip file. */
export function isGzip(bytes: Uint8Array): boolean {
  return GZIP.every((byte, index) => bytes[index] === byte);
}

/** Whether bytes begin a ZIP archive. */
export function isZip(bytes: Uint8Array): boolean {
  return ZIP.every((byte, index) => bytes[index] === byte);
}

/** A sample without its packing: at most `maxBytes` of it, or of its first file in a ZIP archive. */
export function unpackSample(raw: RawSample, maxBytes: number): FileSample | PackingFault {
  if (isGzip(raw.bytes)) return unpack(raw, { compression: "gzip", maxBytes, open: openGzip });
  // The parts of an Office file are not readings.
  const isOffice = officeKind(raw.bytes) !== null;
  if (isZip(raw.bytes) && !isOffice) {
    return unpack(raw, { compression: "zip", maxBytes, open: openZip });
  }
  const { bytes, isWhole } = raw;
  const isCut = bytes.length > maxBytes;
  return {
    bytes: isCut ? bytes.subarray(0, maxBytes) : bytes,
    isWhole: isWhole && !isCut,
    compression: isOffice ? "zip" : null,
  };
}

/** Takes packed bytes and hands on unpacked ones. */
interface Unpacker {
  push(piece: Uint8Array, isLast: boolean): void;
  /** Whether the file has ended; what follows is not part of it. */
  isDone(): boolean;
}

type Opener = (onBytes: (bytes: Uint8Array) => void) => Unpacker;

function unpack(
  { bytes, isWhole }: RawSample,
  { compression, maxBytes, open }: {
    compression: "gzip" | "zip";
    maxBytes: number;
    open: Opener;
  },
): FileSample | PackingFault {
  const chunks: Uint8Array[] = [];
  let size = 0, isBroken = false;
  const unpacker = open((chunk) => {
    // The buffer may be used again.
    chunks.push(chunk.slice());
    size += chunk.length;
  });
  let at = 0;
  try {
    for (; at < bytes.length && size <= maxBytes && !unpacker.isDone(); at += PIECE_BYTES) {
      // Never the last piece: a sample that is cut off is no error.
      unpacker.push(bytes.subarray(at, at + PIECE_BYTES), false);
    }
  } catch {
    isBroken = true;
  }
  if (size === 0 && (isBroken || isWhole)) {
    const name = compression === "zip" ? "ZIP archive" : "gzip file";
    const detail = isBroken ? "damaged" : "empty, cut off, or packed in a way that is not read";
    return { fault: `The ${name} is ${detail}` };
  }
  const isEnd = isWhole && !isBroken && size <= maxBytes && at >= bytes.length;
  const whole = new Uint8Array(Math.min(size, maxBytes));
  let filled = 0;
  for (const chunk of chunks) {
    whole.set(chunk.subarray(0, whole.length - filled), filled);
    filled = Math.min(whole.length, filled + chunk.length);
  }
  return { bytes: whole, isWhole: isEnd || (unpacker.isDone() && size <= maxBytes), compression };
}

function openGzip(onBytes: (bytes: Uint8Array) => void): Unpacker {
  const gunzip = new Gunzip((chunk) => onBytes(chunk));
  return { push: (piece, isLast) => gunzip.push(piece, isLast), isDone: () => false };
}

/** Reads the first file of an archive that is not a folder or a note of macOS. */
function openZip(onBytes: (bytes: Uint8Array) => void): Unpacker {
  let isDone = false, isFound = false, failure: Error | null = null;
  const unzip = new Unzip((file) => {
    if (isFound || file.name.endsWith("/") || file.name.startsWith("__MACOSX/")) return;
    isFound = true;
    file.ondata = (error, chunk, isLast) => {
      failure = error;
      if (chunk !== undefined && chunk !== null) onBytes(chunk);
      isDone ||= isLast;
    };
    file.start();
  });
  unzip.register(UnzipInflate);
  return {
    push(piece, isLast) {
      unzip.push(piece, isLast);
      if (failure !== null) throw failure;
    },
    isDone: () => isDone,
  };
}
