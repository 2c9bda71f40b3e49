/**
 * Files that belong to no job.
 *
 * @module
 */

import { assertEquals } from "./assert.ts";
import { pause } from "./process.ts";

/**
 * Waits until every file of a folder belongs to a completed job. Jobs whose answer a kill cut off
 * count, too. The sweep runs at start and then every minute; what it must delete was there before.
 */
export async function expectNoOrphans(
  files: string,
  isDone: (jobId: string) => Promise<boolean>,
): Promise<void> {
  let orphans: string[] = [];
  for (let attempt = 0; attempt < 100; attempt++) {
    const names = (await Array.fromAsync(Deno.readDir(files))).map(({ name }) => name);
    const ids = names.map((name) => name.split(".")[0]);
    const done = await Promise.all(ids.map(isDone));
    orphans = names.filter((name, index) =>
      name.endsWith(".part") || !done[index] || ids.indexOf(ids[index]) !== index
    );
    if (orphans.length === 0) return;
    await pause(50);
  }
  assertEquals(orphans, []);
}
