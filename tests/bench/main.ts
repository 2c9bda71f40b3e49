/**
 * The bench (`deno task bench`): measures the service and compares it with its peers, with what limits
 * it, and with other revisions. Everything runs on this machine, in a temporary folder.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };
import { measureSideBySide } from "./against.ts";
import { type Bench, openBench } from "./bench.ts";
import { changesTable, gotWorse } from "./compare.ts";
import { isMet } from "./figure.ts";
import { type BenchOptions, readOptions, USAGE } from "./options.ts";
import { type BenchPart, PARTS } from "./parts.ts";
import { findLastRelease } from "./release.ts";
import { type PartFigure, reportText } from "./report.ts";
import { figuresTable } from "./table.ts";

const REPEATS = 7;
const QUICK_REPEATS = 3;
const TOP = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

async function main(args: readonly string[]): Promise<number> {
  let options: BenchOptions;
  try {
    options = readOptions(args, PARTS.map(({ name }) => name));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    return 1;
  }
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(name, () => controller.abort(new Error(`stopped by ${name}`)));
  }
  const isComparison = options.check || options.against !== null;
  try {
    return await (isComparison ? runAgainst : runBench)(options, controller.signal);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}

/** The parts of the arguments, or all that take part if none is named. */
function partsOf({ parts }: BenchOptions): BenchPart[] {
  return PARTS.filter(({ name, isExtra }) => parts.length === 0 ? !isExtra : parts.includes(name));
}

async function runBench(options: BenchOptions, signal: AbortSignal): Promise<number> {
  // Standard output has nothing but the JSON where that is wanted there.
  const print = options.json === "-" ? console.error : console.log;
  const startedMs = performance.now();
  const load = [Deno.loadavg()[0]];
  print(machineText());
  await using bench = await openBench({
    repeats: options.quick ? QUICK_REPEATS : REPEATS,
    signal,
    alone: options.alone,
    details: options.details ? print : null,
    print,
  });
  const { figures, failed } = await measureAll(bench, partsOf(options));
  load.push(Deno.loadavg()[0]);
  if (figures.length > 0) print(`\n${figuresTable(figures.map(({ figure }) => figure))}`);
  const results = figures.map(({ figure }) => isMet(figure)).filter((met) => met !== null);
  const tookSeconds = ((performance.now() - startedMs) / 1000).toFixed(0);
  if (results.length > 0) {
    print(`\n${results.filter(Boolean).length} of ${results.length} measured targets met`);
  }
  print(
    `\nThe bench took ${tookSeconds} s; load ${load.map((one) => one.toFixed(1)).join(" to ")}`,
  );
  if (options.json !== null) {
    const processors = navigator.hardwareConcurrency;
    const machine = { version: config.version, deno: Deno.version.deno, processors, load };
    const text = reportText(figures, machine);
    if (options.json === "-") console.log(text);
    else await Deno.writeTextFile(options.json, `${text}\n`);
  }
  return failed === 0 ? 0 : 1;
}

/** Measures another revision side by side. With `check`, it fails if a figure got worse. */
async function runAgainst(options: BenchOptions, signal: AbortSignal): Promise<number> {
  const revision = options.against ?? await findLastRelease(TOP, signal);
  console.log(`${machineText()}; next to ${revision}`);
  const parts = partsOf(options).map(({ name }) => name);
  const outcome = await measureSideBySide({ ...options, top: TOP, revision, parts, signal });
  const { changes, broken } = outcome;
  if (options.json !== null) {
    const text = JSON.stringify({ revision, ...outcome }, null, 2);
    if (options.json === "-") console.log(text);
    else await Deno.writeTextFile(options.json, `${text}\n`);
  }
  const worse = changes.filter(gotWorse).length;
  console.log(`\n${changesTable(changes, revision.slice(0, 12))}`);
  console.log(`\n${worse} of ${changes.length} figures got worse by more than 10%`);
  if (broken.length > 0) console.log(`Failed in this checkout: ${broken.join(", ")}`);
  // Without a figure, nothing was checked.
  const isWorse = worse > 0 || broken.length > 0 || changes.length === 0;
  return options.check && isWorse ? 1 : 0;
}

/**
 * Runs parts one after the other. If one fails, that is printed, and the others still run.
 *
 * @throws {Error} when the bench is aborted.
 */
async function measureAll(
  bench: Bench,
  parts: readonly BenchPart[],
): Promise<{ figures: PartFigure[]; failed: number }> {
  const figures: PartFigure[] = [];
  let failed = 0;
  for (const { name, open, hasPeers } of parts) {
    console.error(`measuring ${name}`);
    try {
      if (!hasPeers) await bench.peers[Symbol.asyncDispose]();
      const measure = await open();
      const measured = await measure(bench);
      figures.push(...measured.map((figure) => ({ part: name, figure })));
    } catch (error) {
      // An aborted part may fail with any error, so the abort is checked first.
      bench.options.signal.throwIfAborted();
      failed++;
      console.error(`failed: ${name}:`, error);
    }
  }
  return { figures, failed };
}

function machineText(): string {
  return `OpenWatts bench: Deno ${Deno.version.deno}, ${navigator.hardwareConcurrency} ` +
    `processors, load ${Deno.loadavg()[0].toFixed(1)}`;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
