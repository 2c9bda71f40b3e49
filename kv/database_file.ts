/**
 * Reading a database file besides the process that has it open: a second handle of Deno KV would write, but
 * SQLite lets anybody read while others write.
 *
 * Every read is a transaction of its own, and is over when it returns. So entries of two reads may be of two
 * moments, as with Deno KV. A transaction over several reads would show one moment, but a thread that is
 * terminated leaves it open for as long as the process lives, and SQLite keeps what is written after it in
 * its log for good.
 *
 * Entries are in one table, `kv`: the encoded key `k`, the value `v`, how it is encoded (`v_encoding`) and
 * its `version`. Keys are encoded so that their bytes sort like the keys
 * ([the codec of Deno KV](https://github.com/denoland/denokv/blob/main/proto/codec.rs)).
 *
 * What a journal holds (`kv/journal/journal.ts`) is not in the entries yet.
 *
 * @module
 */

import {
  DatabaseSync,
  type SQLInputValue,
  type SQLOutputValue,
  type StatementSync,
} from "node:sqlite";
import { deserialize } from "node:v8";

/** Thrown where a database file cannot be read. The process that has it open may be able to. */
export class UnreadableFileError extends Error {
  /** Creates it with the reason. */
  constructor(cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`Cannot read the database file: ${reason}`, { cause });
    this.name = "UnreadableFileError";
  }
}

/** A database file that is read. Reading may throw an {@link UnreadableFileError}. Disposing of it closes it for good. */
export interface DatabaseFile extends Pick<Deno.Kv, "get" | "list">, Disposable {
  /**
   * Closes the file until the next read. Called before a wait, it leaves nothing open if the thread is
   * terminated meanwhile. Opening it again takes about 0.3 ms.
   */
  rest(): void;
  /** The rows of a statement that only reads: one transaction, which shows one moment. */
  query(sql: string, values: readonly SQLInputValue[]): Record<string, SQLOutputValue>[];
}

/** The types of the parts of keys. */
const TEXT = 2, NUMBER = 0x21;
/** A zero in a text is followed by this byte; the zero that ends a text is not. */
const ESCAPED_ZERO = 0xff;
/** The encodings of values. */
const VALUE_V8 = 1, VALUE_U64 = 2;
/** The encoding of bytes: they are stored as they are. */
export const VALUE_BYTES = 3;
/** Entries of a list that are read at once by default, as in Deno KV. */
const LIST_BATCH = 100;
const NUMBER_BYTES = 8;
/** How long a read waits while another connection has the file for itself, milliseconds. */
const BUSY_MS = 1_000;

/** A row of the table. */
interface Row {
  readonly k: Uint8Array<ArrayBuffer>;
  readonly v: Uint8Array<ArrayBuffer>;
  readonly v_encoding: number;
  readonly version: number;
}

/** Encoded keys from `start` to before `end`. */
interface Range {
  readonly start: Uint8Array<ArrayBuffer>;
  readonly end: Uint8Array<ArrayBuffer>;
}

/**
 * Opens a database file.
 *
 * @throws {UnreadableFileError} if the file cannot be read, or is not a database of Deno KV.
 */
export function openDatabaseFile(path: string): DatabaseFile {
  let open: Connection | null = connect(path);
  let isClosed = false;

  function connection(): Connection {
    if (isClosed) throw new Error(`Cannot read the database as it is closed: ${path}`);
    return open ??= connect(path);
  }

  function rest(): void {
    open?.database.close();
    open = null;
  }

  return {
    // deno-lint-ignore require-await -- What is thrown rejects.
    async get<T>(key: Deno.KvKey) {
      try {
        const [row] = connection().prepared(ONE).all(encodeKey(key)) as unknown as Row[];
        const none = { key, value: null, versionstamp: null };
        return (row === undefined ? none : createEntryReader()(row)) as Deno.KvEntryMaybe<T>;
      } catch (error) {
        throw unreadable(error);
      }
    },
    list<T>(selector: Deno.KvListSelector, options: Deno.KvListOptions = {}) {
      const rows = rowsOf(connection, selector, options);
      // Nobody continues a list of this database elsewhere, so it has no cursor.
      return entriesOf(rows) as unknown as Deno.KvListIterator<T>;
    },
    rest,
    query(sql, values) {
      try {
        return connection().prepared(sql).all(...values);
      } catch (error) {
        throw unreadable(error);
      }
    },
    [Symbol.dispose]() {
      isClosed = true;
      rest();
    },
  };
}

/** An open file. */
interface Connection {
  readonly database: DatabaseSync;
  /** A statement. Only `all()` may run it: it ends its transaction. */
  prepared(sql: string): StatementSync;
}

/** The entry of a key, and entries of a range. */
const COLUMNS = "SELECT k, v, v_encoding, version FROM kv";
const ONE = `${COLUMNS} WHERE k = ?`;
const UPWARD = `${COLUMNS} WHERE k >= ? AND k < ? ORDER BY k LIMIT ?`;
const DOWNWARD = `${COLUMNS} WHERE k >= ? AND k < ? ORDER BY k DESC LIMIT ?`;

function connect(path: string): Connection {
  let opened: DatabaseSync | null = null;
  try {
    const database = opened = new DatabaseSync(path, { readOnly: true });
    database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
    const statements = new Map<string, StatementSync>();
    const prepared = (sql: string) => {
      const statement = statements.get(sql) ?? database.prepare(sql);
      statements.set(sql, statement);
      return statement;
    };
    // A file that is no database fails here.
    prepared(ONE);
    return { database, prepared };
  } catch (error) {
    opened?.close();
    throw new UnreadableFileError(error);
  }
}

function unreadable(error: unknown): UnreadableFileError {
  return error instanceof UnreadableFileError ? error : new UnreadableFileError(error);
}

function* rowsOf(
  connection: () => Connection,
  selector: Deno.KvListSelector,
  { limit = Infinity, batchSize = LIST_BATCH, reverse = false }: Deno.KvListOptions,
): Generator<Row> {
  let { start, end } = rangeOf(selector);
  for (let left = limit; left > 0;) {
    const most = Math.min(left, batchSize);
    const statement = connection().prepared(reverse ? DOWNWARD : UPWARD);
    const rows = statement.all(start, end, most) as unknown as Row[];
    yield* rows;
    if (rows.length < most) return;
    left -= most;
    const { k } = rows[rows.length - 1];
    if (reverse) end = k;
    else start = joined(k, 0);
  }
}

/** The entries of rows, as a list of Deno KV gives them. */
function entriesOf(rows: Generator<Row>): AsyncIterableIterator<Deno.KvEntry<unknown>> {
  const entryOf = createEntryReader();
  return {
    next() {
      try {
        const { done, value } = rows.next();
        return Promise.resolve(done ? { done, value: undefined } : { value: entryOf(value) });
      } catch (error) {
        return Promise.reject(unreadable(error));
      }
    },
    return() {
      rows.return(undefined);
      return Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function createEntryReader(): (row: Row) => Deno.KvEntry<unknown> {
  const decodeKey = createKeyDecoder();
  let version = NaN, versionstamp = "";
  return (row) => {
    if (row.version !== version) {
      version = row.version;
      versionstamp = versionstampOf(version);
    }
    return { key: decodeKey(row.k), value: valueOf(row.v, row.v_encoding), versionstamp };
  };
}

/** A version as Deno KV shows it. */
export function versionstampOf(version: number): string {
  return `${version.toString(16).padStart(16, "0")}0000`;
}

function valueOf(bytes: Uint8Array<ArrayBuffer>, encoding: number): unknown {
  switch (encoding) {
    case VALUE_BYTES:
      return bytes;
    case VALUE_V8:
      return deserialize(bytes);
    case VALUE_U64:
      return new Deno.KvU64(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
    default:
      throw new TypeError(`Cannot read a value of an unknown encoding: ${encoding}`);
  }
}

function rangeOf(selector: Deno.KvListSelector): Range {
  const prefix = "prefix" in selector ? encodeKey(selector.prefix) : null;
  // A prefix is not in its own list.
  const start = "start" in selector ? encodeKey(selector.start) : joined(prefix ?? NO_KEY, 0);
  const end = "end" in selector ? encodeKey(selector.end) : joined(prefix ?? NO_KEY, 0xff);
  return { start, end };
}

const NO_KEY = new Uint8Array();

function joined(bytes: Uint8Array, next: number): Uint8Array<ArrayBuffer> {
  const longer = new Uint8Array(bytes.length + 1);
  longer.set(bytes);
  longer[bytes.length] = next;
  return longer;
}

const encoder = new TextEncoder(), decoder = new TextDecoder();
const numberBytes = new DataView(new ArrayBuffer(NUMBER_BYTES));

/** The bytes of a key, whose parts must be texts and numbers. */
export function encodeKey(key: Deno.KvKey): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  for (const part of key) {
    if (typeof part === "string") {
      bytes.push(TEXT);
      for (const byte of encoder.encode(part)) {
        bytes.push(byte);
        if (byte === 0) bytes.push(ESCAPED_ZERO);
      }
      bytes.push(0);
    } else if (typeof part === "number") {
      bytes.push(NUMBER);
      // The bits of negative numbers sort the other way round.
      numberBytes.setFloat64(0, part);
      const flip = numberBytes.getUint8(0) >= 0x80 ? 0xff : 0;
      for (let i = 0; i < NUMBER_BYTES; i++) bytes.push(numberBytes.getUint8(i) ^ flip);
      if (flip === 0) bytes[bytes.length - NUMBER_BYTES] ^= 0x80;
    } else throw new TypeError(`Cannot find a key with a part of this type: ${typeof part}`);
  }
  return Uint8Array.from(bytes);
}

/** A decoder of keys, most of which begin like the key before. */
function createKeyDecoder(): (bytes: Uint8Array<ArrayBuffer>) => Deno.KvKey {
  let last = NO_KEY;
  let parts: readonly (string | number)[] = [];
  /** Where each part ends. */
  let ends: readonly number[] = [];

  return (bytes) => {
    let same = 0;
    while (same < last.length && bytes[same] === last[same]) same++;
    let kept = 0;
    // A text whose zero is followed by this goes on.
    while (ends[kept] <= same && bytes[ends[kept]] !== ESCAPED_ZERO) kept++;
    const key = parts.slice(0, kept), keyEnds = ends.slice(0, kept);
    for (let at = kept === 0 ? 0 : ends[kept - 1]; at < bytes.length;) {
      const { part, end } = decodePart(bytes, at);
      key.push(part);
      keyEnds.push(end);
      at = end;
    }
    [last, parts, ends] = [bytes, key, keyEnds];
    return key;
  };
}

/** The part of a key that begins at an index, and where it ends. */
function decodePart(
  bytes: Uint8Array<ArrayBuffer>,
  start: number,
): { part: string | number; end: number } {
  const at = start + 1;
  switch (bytes[start]) {
    case TEXT: {
      let end = at, zeros = 0;
      for (; bytes[end] !== 0 || bytes[end + 1] === ESCAPED_ZERO; end++) {
        if (end >= bytes.length) throw new TypeError("Cannot read a key whose text has no end");
        if (bytes[end] === 0) zeros++;
      }
      const text = bytes.subarray(at, end);
      return { part: decoder.decode(zeros === 0 ? text : unescaped(text)), end: end + 1 };
    }
    case NUMBER: {
      const flip = bytes[at] < 0x80 ? 0xff : 0;
      for (let i = 0; i < NUMBER_BYTES; i++) numberBytes.setUint8(i, bytes[at + i] ^ flip);
      if (flip === 0) numberBytes.setUint8(0, numberBytes.getUint8(0) ^ 0x80);
      return { part: numberBytes.getFloat64(0), end: at + NUMBER_BYTES };
    }
    default:
      throw new TypeError(`Cannot read a key with a part of this type: ${bytes[start]}`);
  }
}

function unescaped(text: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return text.filter((byte, index) => byte !== ESCAPED_ZERO || text[index - 1] !== 0);
}
