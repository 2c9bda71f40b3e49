/**
 * Opens the connections to a database over the network, each of which is watched.
 *
 * @module
 */

import { watchAnswers, type WatchedKv } from "./answer_watch.ts";
import { withConnections } from "./connections.ts";
import { type PromptKv, withPromptAnswers } from "./prompt_answers.ts";
import { type OnAway, reachKv } from "./reach.ts";

/** Connections to a database over the network, besides that of commits to the log of this process. */
const CONNECTIONS = 3;

/** An open database over the network. */
export interface RemoteKv {
  /** The database. */
  readonly kv: Deno.Kv;
  /** The same, for commits to the log of this process. */
  readonly logKv: Deno.Kv;
  /** Says whether all connections answer. */
  readonly watched: WatchedKv;
}

/**
 * Opens the database at a URL, or the default one of the host for null. The stack closes its connections;
 * also those that are open if a later one fails.
 */
export async function openRemoteKv(
  path: string | null,
  onAway: OnAway,
  stack: AsyncDisposableStack,
): Promise<RemoteKv> {
  if (path === null) {
    // Deno Deploy's own database has no connections that a process could see.
    const watched = stack.use(watchAnswers(stack.adopt(await reachKv(path, onAway), close)));
    return { watched, kv: watched.kv, logKv: watched.kv };
  }
  const connect = async () => stack.adopt(withPromptAnswers(await reachKv(path, onAway)), close);
  const first = await connect();
  const watched = stack.use(watchAnswers(first));
  const others: PromptKv[] = [];
  while (others.length < CONNECTIONS) others.push(watched.also(await connect()));
  const [logKv, ...more] = others;
  return { watched, kv: withConnections([first, ...more]), logKv };
}

function close(kv: Deno.Kv): void {
  kv.close();
}
