/**
 * All that we are compared with, opened when it is first asked for.
 *
 * @module
 */

import { openDuckdb } from "./duckdb.ts";
import { createInstaller, type Peer, type PeerOptions } from "./peer.ts";
import { openPostgres } from "./postgres.ts";
import { tellSkipped } from "./skipped.ts";
import { openSqlite } from "./sqlite.ts";

const OPENERS: readonly (readonly [string, (options: PeerOptions) => Promise<Peer>])[] = [
  ["PostgreSQL", openPostgres],
  ["SQLite", openSqlite],
  ["DuckDB", openDuckdb],
];

/** The peers. Disposing of it stops them, so that they do not disturb what has no peer. */
export interface Peers extends AsyncDisposable {
  /** Those that can be had here; of the others it is said why not. Once opened they stay. */
  open(): Promise<readonly Peer[]>;
}

/** What they are opened with. */
export interface PeersOptions {
  /** Makes an empty folder. */
  readonly folder: (name: string) => Promise<string>;
  /** Path of the year as CSV. */
  readonly yearCsv: () => Promise<string>;
  /** Ends an installation. */
  readonly signal: AbortSignal;
}

/** Peers that are not open yet. */
export function createPeers(options: PeersOptions): Peers {
  const stack = new AsyncDisposableStack();
  let opened: Promise<Peer[]> | null = null;
  return {
    open: () => opened ??= openAll(options, stack),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function openAll(
  { folder, yearCsv, signal }: PeersOptions,
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
      tellSkipped(name, error);
    }
  }
  for (const { note } of peers) console.log(note);
  return peers;
}
