/**
 * All peers, opened when they are first needed.
 *
 * @module
 */

import { openDuckdb } from "./duckdb.ts";
import { createInstaller, type Peer, type PeerOptions } from "./peer.ts";
import { openPostgres } from "./postgres.ts";
import { reportSkipped } from "./skipped.ts";
import { openSqlite } from "./sqlite.ts";

const OPENERS: readonly (readonly [string, (options: PeerOptions) => Promise<Peer>])[] = [
  ["PostgreSQL", openPostgres],
  ["SQLite", openSqlite],
  ["DuckDB", openDuckdb],
];

/** The peers. Disposing of it stops them, so that they do not disturb parts that do not need them. */
export interface Peers extends AsyncDisposable {
  /**
   * Opens the available peers, and prints why others are not available. Opens them only once. Gives
   * none if they are not to be measured.
   */
  open(): Promise<readonly Peer[]>;
}

/** What the peers need. */
export interface PeersOptions {
  /** Creates an empty folder. */
  readonly folder: (name: string) => Promise<string>;
  /** Creates the year as CSV. Returns its path. */
  readonly yearCsv: () => Promise<string>;
  /** Whether none are to be measured. */
  readonly alone: boolean;
  /** Prints details. */
  readonly details: (text: string) => void;
  /** Aborts an installation. */
  readonly signal: AbortSignal;
}

/** Creates the peers without opening them. */
export function createPeers(options: PeersOptions): Peers {
  const stack = new AsyncDisposableStack();
  let opened: Promise<Peer[]> | null = null;
  return {
    open: () => opened ??= options.alone ? Promise.resolve([]) : openAll(options, stack),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function openAll(
  { folder, yearCsv, details, signal }: PeersOptions,
  stack: AsyncDisposableStack,
): Promise<Peer[]> {
  const peers: Peer[] = [];
  const installer = createInstaller(signal);
  for (const [name, open] of OPENERS) {
    signal.throwIfAborted();
    try {
      const options = { folder: await folder(name.toLowerCase()), csvPath: await yearCsv() };
      peers.push(stack.use(await open({ ...options, installer, signal })));
    } catch (error) {
      reportSkipped(name, error);
    }
  }
  for (const { note } of peers) details(note);
  return peers;
}
