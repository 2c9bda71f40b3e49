/**
 * A worker that reads a database file, and says so: then it waits or computes for ever, so that a test can
 * terminate it.
 *
 * @module
 */

import { type FileSnapshot, openFileSnapshot } from "../../kv/file_snapshot.ts";

/** What it is told. */
export interface ReadFile {
  /** The file. */
  readonly path: string;
  /** Whether it closes the file after it has read. */
  readonly rests: boolean;
  /** Whether it computes afterwards, or waits. */
  readonly hangs: boolean;
}

const scope = globalThis as unknown as Pick<Worker, "onmessage" | "postMessage">;
let snapshot: FileSnapshot | null = null;

scope.onmessage = async ({ data }: MessageEvent<ReadFile>) => {
  snapshot ??= openFileSnapshot(data.path);
  const list = snapshot.list({ prefix: ["a"] }, { batchSize: 5 });
  // The list goes on after these.
  for (let i = 0; i < 7; i++) await list.next();
  await snapshot.get(["a", 1]);
  if (data.rests) snapshot.rest();
  scope.postMessage("read");
  // The worker is terminated here.
  while (data.hangs);
};
