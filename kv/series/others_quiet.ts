/**
 * Commits of ingest that count on other processes to write nothing.
 *
 * @module
 */

import type { Staging } from "../budget.ts";

/** A key that is never stored. */
export const OTHERS_QUIET_KEY: Deno.KvKey = ["others_quiet"];

/** Thrown by a commit that counted on other processes to write nothing. Nothing was written. */
export class OthersWroteError extends Error {
  /** Creates the error. */
  constructor() {
    super("Cannot commit as another process has written meanwhile");
    this.name = "OthersWroteError";
  }
}

/**
 * Makes a commit of ingest fail with {@link OthersWroteError} if other processes have written something
 * that this one does not know. Only a database with logs (`kv/ingest_log`) can do that.
 */
export function stageOthersQuiet(op: Pick<Staging, "set">): void {
  op.set(OTHERS_QUIET_KEY, true);
}
