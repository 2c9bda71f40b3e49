/**
 * The binary form of journal records: changes of entries, in order.
 *
 * | bytes | content |
 * |---|---|
 * | 0 | format, 1 |
 * | 1– | the changes, one after the other |
 *
 * A change consists of:
 *
 * - one byte for what it does: 0 deletes, 1 sets bytes, 2 sets a `KvU64`, 3 sets `true`; plus 128 if
 *   a version follows
 * - one byte for the number of key parts, then the parts
 * - 10 bytes of version, if there is one
 * - the value: a length and bytes, or 8 bytes of a `KvU64`
 *
 * A key part is one byte for its kind, then its content: 0 a new string (length, UTF-8), 1 a string
 * that the record already has (its index), 2 a number (f64). Lengths and indexes are varints
 * (LEB128), numbers are little-endian.
 *
 * @module
 */

import { type ByteWriter, createByteWriter } from "./byte_writer.ts";

const FORMAT = 1;
const DELETE = 0, BYTES = 1, U64 = 2, TRUE = 3, HAS_VERSION = 128;
const NEW_STRING = 0, KNOWN_STRING = 1, NUMBER = 2;
/** Most bytes of a record, below the 65,536 of a value. */
const RECORD_MAX_BYTES = 65_000;
const VERSION_BYTES = 10;
/** Most bytes of a varint here: no length reaches 2^21. */
const VARINT_BYTES = 3;
const DECODER = new TextDecoder();

/** What a key holds after a change. A bigint is the number of a `KvU64`; undefined means nothing. */
export type JournalValue = Uint8Array | bigint | true | undefined;

/** A change of one entry. */
export interface Change {
  /** The key, of strings and numbers. */
  readonly key: Deno.KvKey;
  /** What the key holds from then on. Encoding replaces bytes by the same bytes in the record. */
  value: JournalValue;
  /** The version of the entry; by default the version of the record's commit. */
  readonly versionstamp?: string;
}

/** Changes as bytes. */
export interface EncodedRecord {
  /** The record. */
  readonly bytes: Uint8Array;
  /** The changes that it holds. Values that are bytes share its memory. */
  readonly changes: readonly Change[];
}

/**
 * Encodes changes in as few records as possible.
 *
 * @throws {TypeError} when a key has parts of another kind, or a change is too large for a record.
 */
export function encodeRecords(changes: readonly Change[]): EncodedRecord[] {
  const records: EncodedRecord[] = [];
  let at = 0;
  while (at < changes.length) {
    const record = encodeRecord(changes, at);
    records.push(record);
    at += record.changes.length;
  }
  return records;
}

/**
 * Decodes a record. Values that are bytes share its memory.
 *
 * @throws {SyntaxError} when the bytes are of another format or cut short.
 */
export function decodeRecord(bytes: Uint8Array): Change[] {
  if (bytes[0] !== FORMAT) {
    throw new SyntaxError(`Cannot decode journal record as its format is not 1: ${bytes[0]}`);
  }
  const changes: Change[] = [];
  const reader = createReader(bytes, 1);
  while (!reader.isAtEnd()) changes.push(reader.change());
  return changes;
}

/** Encodes as many of the changes from index `start` on as one record holds. */
function encodeRecord(changes: readonly Change[], start: number): EncodedRecord {
  const writer = createByteWriter();
  const strings = new Map<string, number>();
  const valueStarts: number[] = [];
  writer.byte(FORMAT);
  for (let index = start; index < changes.length; index++) {
    const most = changeMaxBytes(changes[index]);
    if (writer.size() + most > RECORD_MAX_BYTES) {
      if (index > start) break;
      throw new TypeError(`Cannot journal change as it has more than ${RECORD_MAX_BYTES} bytes`);
    }
    writer.grow(most);
    valueStarts.push(writeChange(writer, strings, changes[index]));
  }
  const bytes = writer.bytes();
  const encoded = changes.slice(start, start + valueStarts.length);
  valueStarts.forEach((valueStart, index) => {
    const change = encoded[index];
    const { value } = change;
    if (value instanceof Uint8Array) {
      change.value = bytes.subarray(valueStart, valueStart + value.length);
    }
  });
  return { bytes, changes: encoded };
}

/** Writes a change. Returns where its value begins. */
function writeChange(
  writer: ByteWriter,
  strings: Map<string, number>,
  { key, value, versionstamp }: Change,
): number {
  writer.byte(kindOf(value) | (versionstamp === undefined ? 0 : HAS_VERSION));
  writer.byte(key.length);
  for (const part of key) writePart(writer, strings, part);
  if (versionstamp !== undefined) writer.put(Uint8Array.fromHex(versionstamp));
  if (value instanceof Uint8Array) writer.varint(value.length);
  const valueStart = writer.size();
  if (value instanceof Uint8Array) writer.put(value);
  else if (typeof value === "bigint") writer.u64(value);
  return valueStart;
}

function writePart(writer: ByteWriter, strings: Map<string, number>, part: Deno.KvKeyPart): void {
  if (typeof part === "number") {
    writer.byte(NUMBER);
    writer.f64(part);
    return;
  }
  if (typeof part !== "string") {
    const fact = "its parts must be strings or numbers";
    throw new TypeError(`Cannot journal key as ${fact}: ${String(part)}`);
  }
  const known = strings.get(part);
  writer.byte(known === undefined ? NEW_STRING : KNOWN_STRING);
  if (known === undefined) {
    strings.set(part, strings.size);
    writer.text(part);
  } else writer.varint(known);
}

function kindOf(value: JournalValue): number {
  if (value === undefined) return DELETE;
  if (value === true) return TRUE;
  if (value instanceof Uint8Array) return BYTES;
  return U64;
}

/** An upper bound of the bytes of a change. */
function changeMaxBytes({ key, value }: Change): number {
  let size = 2 + VERSION_BYTES + VARINT_BYTES + 8;
  for (const part of key) {
    size += 1 + VARINT_BYTES + (typeof part === "string" ? 3 * part.length : 8);
  }
  return value instanceof Uint8Array ? size + value.length : size;
}

/** Reads the changes of a record one after the other. */
function createReader(bytes: Uint8Array, start: number): {
  isAtEnd(): boolean;
  change(): Change;
} {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const strings: string[] = [];
  let at = start;

  /** Moves past `size` bytes. Returns where they begin. */
  function skip(size: number): number {
    const from = at;
    at += size;
    if (at > bytes.length) {
      throw new SyntaxError(`Cannot decode journal record as it is cut short: ${bytes.length}`);
    }
    return from;
  }

  function varint(): number {
    let value = 0;
    for (let shift = 0;; shift += 7) {
      const byte = bytes[skip(1)];
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  }

  function part(): Deno.KvKeyPart {
    const kind = bytes[skip(1)];
    if (kind === NUMBER) return view.getFloat64(skip(8), true);
    if (kind === KNOWN_STRING) return strings[varint()];
    const length = varint();
    const from = skip(length);
    const text = DECODER.decode(bytes.subarray(from, from + length));
    strings.push(text);
    return text;
  }

  function value(kind: number): JournalValue {
    if (kind === DELETE) return undefined;
    if (kind === TRUE) return true;
    if (kind === U64) return view.getBigUint64(skip(8), true);
    const length = varint();
    const from = skip(length);
    return bytes.subarray(from, from + length);
  }

  return {
    isAtEnd: () => at === bytes.length,
    change() {
      const kind = bytes[skip(1)];
      const key = Array.from({ length: bytes[skip(1)] }, part);
      if ((kind & HAS_VERSION) === 0) return { key, value: value(kind) };
      const from = skip(VERSION_BYTES);
      const versionstamp = bytes.subarray(from, at).toHex();
      return { key, value: value(kind & ~HAS_VERSION), versionstamp };
    },
  };
}
