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
 * its `version` (`entry_encoding.ts`).
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
import { createKeyDecoder, encodeKey, valueOf, versionstampOf } from "./entry_encoding.ts";

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

/** Entries of a list that are read at once by default, as in Deno KV. */
const LIST_BATCH = 100;
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
