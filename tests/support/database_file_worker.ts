/**
 * A worker that reads a database file, and says so: then it waits or computes, so that a test can
 * terminate it.
 *
 * @module
 */

import { type DatabaseFile, openDatabaseFile } from "../../kv/database_file.ts";

/** What it is told. */
export interface ReadFile {
  /** The file. */
  readonly path: string;
  /** Whether it closes the file after it has read. */
  readonly rests: boolean;
  /** It computes afterwards until this is not 0; if there is none, it waits. */
  readonly until: Int32Array<SharedArrayBuffer> | null;
}

const scope = globalThis as unknown as Pick<Worker, "onmessage" | "postMessage">;
let database: DatabaseFile | null = null;

scope.onmessage = async ({ data }: MessageEvent<ReadFile>) => {
  database ??= openDatabaseFile(data.path);
  const list = database.list({ prefix: ["a"] }, { batchSize: 5 });
  // The list goes on after these.
  for (let i = 0; i < 7; i++) await list.next();
  await database.get(["a", 1]);
  if (data.rests) database.rest();
  scope.postMessage("read");
  // The worker is terminated here. Deno does not interrupt what it computes: without an end, it would go on
  // beside all later tests.
  while (data.until !== null && Atomics.load(data.until, 0) === 0);
};
