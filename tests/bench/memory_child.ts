/**
 * A process that exports one span (`memory_child.ts FOLDER FROM_MS TO_MS`) and prints its peak
 * memory.
 *
 * @module
 */

import { openOurStore } from "./ours.ts";
import { readPeakMb } from "./peak_memory.ts";

async function main([folder, fromMs, toMs]: readonly string[]): Promise<void> {
  await using store = await openOurStore(folder);
  await store.exportSpan({ fromMs: Number(fromMs), toMs: Number(toMs) });
  const peakMb = await readPeakMb("self");
  const { size: sizeBytes } = await Deno.stat(store.path);
  await store.removeFile();
  console.log(JSON.stringify({ peakMb, sizeBytes }));
}

if (import.meta.main) await main(Deno.args);
