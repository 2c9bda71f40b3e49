/**
 * Entries of a database, on the way from one database to another: a file of SQLite that remembers the
 * version of each entry. What is on the shelf stays there if the process is killed.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { DatabaseSync } from "node:sqlite";
import { deserialize, serialize } from "node:v8";
import { keyOfText, textOfKey } from "./key_text.ts";

/** How a value is stored: as it is, as a number, or serialized. */
const BYTES = 0, U64 = 1, OTHER = 2;

/** An entry. */
export type ShelvedEntry = Pick<Deno.KvEntry<unknown>, "key" | "value" | "versionstamp">;

/** What putting an entry on the shelf changed. */
export type ShelfChange = "added" | "changed" | "none";

/** Where collecting stands. */
export interface ShelfState {
  /** The number of the pass over the database, from 1 on. */
  readonly pass: number;
  /** The part of the pass. */
  readonly part: number;
  /** The last key of the part that is on the shelf; null for none. */
  readonly after: Deno.KvKey | null;
  /** How many changes the pass has found that must not be torn apart. */
  readonly changes: number;
}

/** Entries and where collecting them stands. Disposing of it closes the file. */
export interface EntryShelf extends Disposable {
  /** Where collecting stands, as it was written last. */
  state(): ShelfState;
  /** Writes everything since the last call, with a new state, in one commit. */
  save(state: ShelfState): void;
  /** Puts an entry as of a pass on the shelf, instead of an older one. */
  put(entry: ShelvedEntry, pass: number): ShelfChange;
  /** Deletes the entries that a pass has not found, and returns how many. */
  dropMissing(pass: number): number;
  /** How many entries there are. */
  count(): number;
  /** The entries in the order of their versions, then of their keys as text. */
  inOrder(): Iterable<ShelvedEntry>;
}

const START: ShelfState = { pass: 1, part: 0, after: null, changes: 0 };
/** Rows of the table `state`. */
const STATE_ROW = 0, SOURCE_ROW = 1;

/**
 * Opens a shelf in a file, which is created if it is missing. `source` names the database that the
 * entries are of. If those of another one are on the shelf, they are deleted.
 */
export function openEntryShelf(path: string, source: string): EntryShelf {
  const database = new DatabaseSync(path);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
  database.exec(
    "CREATE TABLE IF NOT EXISTS entry (key TEXT PRIMARY KEY, version TEXT, kind INTEGER, " +
      "value BLOB, pass INTEGER) WITHOUT ROWID;" +
      "CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY, text TEXT)",
  );
  if (database.prepare("SELECT text FROM state WHERE id = ?").get(SOURCE_ROW)?.text !== source) {
    database.exec("BEGIN; DELETE FROM entry; DELETE FROM state");
    database.prepare("INSERT INTO state VALUES (?, ?)").run(SOURCE_ROW, source);
    database.exec("COMMIT");
  }
  const known = database.prepare("SELECT version FROM entry WHERE key = ?");
  const touch = database.prepare("UPDATE entry SET pass = ? WHERE key = ?");
  const insert = database.prepare("INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?)");
  const saveState = database.prepare("INSERT OR REPLACE INTO state VALUES (?, ?)");
  database.exec("BEGIN");
  return {
    state() {
      const row = database.prepare("SELECT text FROM state WHERE id = ?").get(STATE_ROW);
      if (row === undefined) return START;
      const { after, ...state } = JSON.parse(String(row.text));
      return { ...state, after: after === null ? null : keyOfText(after) };
    },
    save({ after, ...state }) {
      const text = JSON.stringify({ ...state, after: after === null ? null : textOfKey(after) });
      saveState.run(STATE_ROW, text);
      database.exec("COMMIT; BEGIN");
    },
    put({ key, value, versionstamp }, pass) {
      const text = textOfKey(key);
      const before = known.get(text);
      if (before?.version === versionstamp) {
        touch.run(pass, text);
        return "none";
      }
      const [kind, bytes] = encodeValue(value);
      insert.run(text, versionstamp, kind, bytes, pass);
      return before === undefined ? "added" : "changed";
    },
    dropMissing: (pass) =>
      Number(database.prepare("DELETE FROM entry WHERE pass <> ?").run(pass).changes),
    count: () => Number(database.prepare("SELECT count(*) AS n FROM entry").get()?.n),
    *inOrder() {
      const rows = database.prepare("SELECT * FROM entry ORDER BY version, key").iterate();
      for (const { key, version, kind, value } of rows) {
        yield {
          key: keyOfText(String(key)),
          versionstamp: String(version),
          value: decodeValue(Number(kind), value),
        };
      }
    },
    [Symbol.dispose]() {
      database.exec("COMMIT");
      database.close();
    },
  };
}

function encodeValue(value: unknown): [kind: number, bytes: Uint8Array] {
  if (value instanceof Uint8Array) return [BYTES, value];
  if (value instanceof Deno.KvU64) {
    return [U64, new TextEncoder().encode(String(value.value))];
  }
  return [OTHER, new Uint8Array(serialize(value))];
}

function decodeValue(kind: number, stored: unknown): unknown {
  const bytes = stored instanceof Uint8Array ? stored : new Uint8Array();
  if (kind === BYTES) return bytes;
  if (kind === U64) return new Deno.KvU64(BigInt(new TextDecoder().decode(bytes)));
  return deserialize(Buffer.from(bytes));
}
