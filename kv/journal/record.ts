/**
 * The binary form of journal records: changes of entries, in their order.
 *
 * | bytes | what |
 * |---|---|
 * | 0 | format, 1 |
 * | 1– | changes, one behind the other |
 *
 * A change is a byte what it does (0 deletes, 1 sets bytes, 2 sets a `KvU64`, 3 sets `true`; 128 is
 * added where a version follows), a byte how many parts its key has, the parts, 10 bytes version
 * where there is one, and the value: a length and bytes, or 8 bytes. A part is a byte kind and what
 * belongs to it: 0 a new string (length, UTF-8), 1 a string that came before in the record (which
 * one), 2 a number (f64). Lengths and references are varints (LEB128), numbers little-endian.
 *
 * @module
 */

const FORMAT = 1;
const DELETE = 0, BYTES = 1, U64 = 2, TRUE = 3, HAS_VERSION = 128;
const NEW_STRING = 0, KNOWN_STRING = 1, NUMBER = 2;
/** Most bytes of a record, below the 65,536 of a value. */
const RECORD_MAX_BYTES = 65_000;
const VERSION_BYTES = 10;
/** Most bytes of a varint here: no length reaches 2^21. */
const VARINT_BYTES = 3;
const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** What a key may hold after a change; a bigint is the number of a `KvU64`, undefined is nothing. */
export type JournalValue = Uint8Array | bigint | true | undefined;

/** A change of one entry. */
export interface Change {
  /** The key, of strings and numbers. */
  readonly key: Deno.KvKey;
  /** What it holds from then on. Encoding puts bytes in the record in the place of others. */
  value: JournalValue;
  /** The version that it has; that of the record's commit where it says none. */
  readonly versionstamp?: string;
}

/** Changes as bytes. */
export interface EncodedRecord {
  /** The record. */
  readonly bytes: Uint8Array;
  /** The changes that it holds; values of bytes share its memory. */
  readonly changes: readonly Change[];
}

/**
 * Changes in as few records as hold them.
 *
 * @throws {TypeError} when a key has other parts, or a change is too large for a record.
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
 * The changes of a record. Values of bytes share its memory.
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

/** The record of the next changes, as many as fit. */
function encodeRecord(changes: readonly Change[], start: number): EncodedRecord {
  const writer = createWriter();
  const strings = new Map<string, number>();
  const spots: number[] = [];
  writer.byte(FORMAT);
  for (let index = start; index < changes.length; index++) {
    const most = changeMaxBytes(changes[index]);
    if (writer.size() + most > RECORD_MAX_BYTES) {
      if (index > start) break;
      throw new TypeError(`Cannot journal change as it has more than ${RECORD_MAX_BYTES} bytes`);
    }
    writer.grow(most);
    spots.push(writeChange(writer, strings, changes[index]));
  }
  const bytes = writer.bytes();
  const taken = changes.slice(start, start + spots.length);
  spots.forEach((spot, index) => {
    const change = taken[index];
    const { value } = change;
    if (value instanceof Uint8Array) change.value = bytes.subarray(spot, spot + value.length);
  });
  return { bytes, changes: taken };
}

/** Returns where the value begins. */
function writeChange(
  writer: Writer,
  strings: Map<string, number>,
  { key, value, versionstamp }: Change,
): number {
  writer.byte(kindOf(value) | (versionstamp === undefined ? 0 : HAS_VERSION));
  writer.byte(key.length);
  for (const part of key) writePart(writer, strings, part);
  if (versionstamp !== undefined) writer.put(Uint8Array.fromHex(versionstamp));
  if (value instanceof Uint8Array) writer.varint(value.length);
  const spot = writer.size();
  if (value instanceof Uint8Array) writer.put(value);
  else if (typeof value === "bigint") writer.u64(value);
  return spot;
}

function writePart(writer: Writer, strings: Map<string, number>, part: Deno.KvKeyPart): void {
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

/** More bytes than a change takes, or as many. */
function changeMaxBytes({ key, value }: Change): number {
  let size = 2 + VERSION_BYTES + VARINT_BYTES + 8;
  for (const part of key) {
    size += 1 + VARINT_BYTES + (typeof part === "string" ? 3 * part.length : 8);
  }
  return value instanceof Uint8Array ? size + value.length : size;
}

/** Writes one thing behind the other. */
interface Writer {
  size(): number;
  /** Makes room for so many bytes more. */
  grow(size: number): void;
  byte(value: number): void;
  varint(value: number): void;
  f64(value: number): void;
  u64(value: bigint): void;
  put(bytes: Uint8Array): void;
  /** A length and the UTF-8 of a text. */
  text(text: string): void;
  /** What was written. */
  bytes(): Uint8Array<ArrayBuffer>;
}

function createWriter(): Writer {
  let bytes = new Uint8Array(4_096);
  let view = new DataView(bytes.buffer);
  let at = 0;

  function varint(value: number): void {
    let rest = value;
    for (; rest > 127; rest >>>= 7) bytes[at++] = rest & 127 | 128;
    bytes[at++] = rest;
  }

  function put(part: Uint8Array): void {
    bytes.set(part, at);
    at += part.length;
  }

  /** Writes a short text of ASCII, which ids are; false, and nothing written, where it is none. */
  function shortText(text: string): boolean {
    if (text.length > 127) return false;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code > 127) return false;
      bytes[at + 1 + index] = code;
    }
    bytes[at] = text.length;
    at += 1 + text.length;
    return true;
  }

  return {
    size: () => at,
    grow(size) {
      if (at + size <= bytes.length) return;
      const larger = new Uint8Array(Math.max(at + size, 2 * bytes.length));
      larger.set(bytes.subarray(0, at));
      bytes = larger;
      view = new DataView(bytes.buffer);
    },
    byte(value) {
      bytes[at++] = value;
    },
    varint,
    put,
    text(text) {
      if (shortText(text)) return;
      const coded = ENCODER.encode(text);
      varint(coded.length);
      put(coded);
    },
    f64(value) {
      view.setFloat64(at, value, true);
      at += 8;
    },
    u64(value) {
      view.setBigUint64(at, value, true);
      at += 8;
    },
    bytes: () => bytes.slice(0, at),
  };
}

/** Reads the changes of a record, one behind the other. */
function createReader(bytes: Uint8Array, start: number): {
  isAtEnd(): boolean;
  change(): Change;
} {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const strings: string[] = [];
  let at = start;

  function take(size: number): number {
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
      const byte = bytes[take(1)];
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  }

  function part(): Deno.KvKeyPart {
    const kind = bytes[take(1)];
    if (kind === NUMBER) return view.getFloat64(take(8), true);
    if (kind === KNOWN_STRING) return strings[varint()];
    const length = varint();
    const from = take(length);
    const text = DECODER.decode(bytes.subarray(from, from + length));
    strings.push(text);
    return text;
  }

  function value(kind: number): JournalValue {
    if (kind === DELETE) return undefined;
    if (kind === TRUE) return true;
    if (kind === U64) return view.getBigUint64(take(8), true);
    const length = varint();
    const from = take(length);
    return bytes.subarray(from, from + length);
  }

  return {
    isAtEnd: () => at === bytes.length,
    change() {
      const kind = bytes[take(1)];
      const key = Array.from({ length: bytes[take(1)] }, part);
      if ((kind & HAS_VERSION) === 0) return { key, value: value(kind) };
      const from = take(VERSION_BYTES);
      const versionstamp = bytes.subarray(from, at).toHex();
      return { key, value: value(kind & ~HAS_VERSION), versionstamp };
    },
  };
}
