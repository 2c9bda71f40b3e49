/**
 * The bench (`deno task bench`): measures the service and compares it with its peers and its targets.
 * Everything runs on this machine, in a temporary folder. Name parts to run only these; `--quick`
 * repeats less.
 *
 * @module
 */

import { type Bench, openBench, type Part } from "./bench.ts";
import { measureContainers } from "./containers_part.ts";
import { measureDownload } from "./download_part.ts";
import { measureExport } from "./export_part.ts";
import type { Figure } from "./figure.ts";
import { measureFiles } from "./files_part.ts";
import { measureFormats } from "./formats_part.ts";
import { measureImport } from "./import_part.ts";
import { measureJobs } from "./jobs_part.ts";
import { measureKeys } from "./keys_part.ts";
import { measureContinuous } from "./continuous_part.ts";
import { measureLoop } from "./loop_part.ts";
import { measureMeterFiles } from "./meter_files_part.ts";
import { measureMemory } from "./memory_part.ts";
import { measureService } from "./service_part.ts";
import { measurePages } from "./pages_part.ts";
import { figuresTable } from "./table.ts";
import { measureSources } from "./sources_part.ts";
import { measureStores } from "./stores_part.ts";
import { measureTelemetry } from "./telemetry_part.ts";

const REPEATS = 7;
const QUICK_REPEATS = 3;

/** All parts in the order in which they run. The first ones have peers. */
const PARTS: readonly { name: string; measure: Part; hasPeers?: boolean }[] = [
  { name: "export", measure: measureExport, hasPeers: true },
  { name: "formats", measure: measureFormats, hasPeers: true },
  { name: "import", measure: measureImport, hasPeers: true },
  { name: "sources", measure: measureSources },
  { name: "meters", measure: measureMeterFiles },
  { name: "service", measure: measureService },
  { name: "memory", measure: measureMemory },
  { name: "loop", measure: measureLoop },
  { name: "containers", measure: measureContainers },
  { name: "jobs", measure: measureJobs },
  { name: "download", measure: measureDownload },
  { name: "files", measure: measureFiles },
  { name: "telemetry", measure: measureTelemetry },
  { name: "keys", measure: measureKeys },
  { name: "continuous", measure: measureContinuous },
  { name: "stores", measure: measureStores },
  { name: "pages", measure: measurePages },
];

async function main(args: readonly string[]): Promise<number> {
  const selected = args.filter((arg) => arg !== "--quick");
  const names = PARTS.map(({ name }) => name);
  const unknown = selected.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    console.error(`Unknown part: ${unknown.join(", ")}. Parts: ${names.join(", ")}; --quick`);
    return 1;
  }
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(name, () => controller.abort(new Error(`stopped by ${name}`)));
  }
  try {
    const parts = PARTS.filter(({ name }) => selected.length === 0 || selected.includes(name));
    const repeats = args.includes("--quick") ? QUICK_REPEATS : REPEATS;
    return await runBench(parts, { repeats, signal: controller.signal });
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}

async function runBench(
  parts: typeof PARTS,
  options: { repeats: number; signal: AbortSignal },
): Promise<number> {
  const startedMs = performance.now();
  console.log(
    `OpenWatts bench: Deno ${Deno.version.deno}, ${navigator.hardwareConcurrency} processors, ` +
      `load ${Deno.loadavg()[0].toFixed(1)}`,
  );
  await using bench = await openBench(options);
  const { figures, failed } = await measureAll(bench, parts);
  if (parts.length > 1) console.log(`\nAll parts\n\n${figuresTable(figures)}`);
  const met = figures.filter(({ target, value }) => target.isMet(value)).length;
  const tookSeconds = ((performance.now() - startedMs) / 1000).toFixed(0);
  console.log(
    `\n${met} of ${figures.length} measured targets met; the bench took ${tookSeconds} s`,
  );
  return failed === 0 ? 0 : 1;
}

/**
 * Runs parts one after the other. If one fails, that is printed, and the others still run.
 *
 * @throws {Error} when the bench is aborted.
 */
async function measureAll(
  bench: Bench,
  parts: typeof PARTS,
): Promise<{ figures: Figure[]; failed: number }> {
  const figures: Figure[] = [];
  let failed = 0;
  for (const { name, measure, hasPeers } of parts) {
    try {
      if (!hasPeers) await bench.peers[Symbol.asyncDispose]();
      const measured = await measure(bench);
      if (measured.length > 0) console.log(`\n${figuresTable(measured)}`);
      figures.push(...measured);
    } catch (error) {
      // An aborted part may fail with any error, so the abort is checked first.
      bench.options.signal.throwIfAborted();
      failed++;
      console.error(`failed: ${name}:`, error);
    }
  }
  return { figures, failed };
}

if (import.meta.main) Deno.exit(await main(Deno.args));
