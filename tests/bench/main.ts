/**
 * The bench (`deno task bench`): exports and imports of a year, side by side with what people would
 * use instead. Everything happens in a temp folder and on this machine; `--quick` repeats less.
 *
 * @module
 */

import { openDuckdb } from "./duckdb.ts";
import { openOurExport } from "./ours.ts";
import { exportYears, importOverHttp, measureExports, POLL_MS } from "./over_http.ts";
import { createInstaller, type Peer, type PeerOptions } from "./peer.ts";
import { openPostgres } from "./postgres.ts";
import { race, type RaceOptions } from "./race.ts";
import { startService } from "./service.ts";
import { openSqlite } from "./sqlite.ts";
import { standingsTable, table } from "./table.ts";
import { checkYearCsv, writeYearCsv, YEAR_READINGS } from "./year.ts";

const REPEATS = 7;
const QUICK_REPEATS = 3;
/** What a table may take on a busy machine, milliseconds; the bench stays below 4 minutes. */
const BUDGET_MS = 60_000;
/** Exports of a year that run at once while memory is measured. */
const EXPORTS_AT_ONCE = 4;

const PEERS: readonly (readonly [string, (options: PeerOptions) => Promise<Peer>])[] = [
  ["PostgreSQL", openPostgres],
  ["SQLite", openSqlite],
  ["DuckDB", openDuckdb],
];

interface Bench {
  readonly folder: string;
  readonly csvPath: string;
  readonly options: RaceOptions;
}

async function main(args: readonly string[]): Promise<number> {
  const startedMs = performance.now();
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(name, () => controller.abort(new Error(`stopped by ${name}`)));
  }
  const repeats = args.includes("--quick") ? QUICK_REPEATS : REPEATS;
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "openwatts_bench_" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  // The user that PostgreSQL runs as reads the CSV and enters its own folder.
  await Deno.chmod(folder, 0o755);
  const csvPath = `${folder}/year.csv`;
  const sizeBytes = await writeYearCsv(csvPath);
  const options = {
    repeats,
    budgetMs: BUDGET_MS,
    signal: controller.signal,
    onDropped: tellSkipped,
  };
  const bench: Bench = { folder, csvPath, options };
  try {
    console.log(
      `OpenWatts bench: ${YEAR_READINGS.toLocaleString("en")} readings of 4 metrics, ` +
        `${(sizeBytes / 1e6).toFixed(1)} MB as CSV; Deno ${Deno.version.deno}, ` +
        `${navigator.hardwareConcurrency} processors, load ${Deno.loadavg()[0].toFixed(1)}\n`,
    );
    await compare(bench);
    await measureService(bench);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
  console.log(`\nThe bench took ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
  return 0;
}

/** The two tables. */
async function compare(bench: Bench): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const peers = await openPeers(bench, stack);
  for (const { note } of peers) console.log(note);

  const ours = stack.use(await openOurExport(await subfolder(bench, "ours")));
  const exporting = [ours, ...peers.flatMap(({ exports }) => exports)];
  const exported = await race(exporting, bench.options);
  for (const { contestant } of exported) await checkYearCsv(contestant.path ?? "");
  console.log(
    "\nExport of the year into a CSV file, warm. Ours is synced, hashed and renamed; the others\n" +
      "leave their file to the page cache. All files were checked to hold the same readings.\n",
  );
  console.log(standingsTable(exported, YEAR_READINGS));

  const service = stack.use(
    await startService(await subfolder(bench, "import"), { demoData: false }),
  );
  const importing = [
    importOverHttp(service, bench.csvPath),
    ...peers.flatMap(({ imports }) => imports),
  ];
  const imported = await race(importing, bench.options);
  console.log(
    "\nImport of the year from CSV, durable. Ours is checked, merged and sent over HTTP; the\n" +
      "others read the file themselves.\n",
  );
  console.log(standingsTable(imported, YEAR_READINGS));
}

/** What a client sees, and what memory it costs. */
async function measureService(bench: Bench): Promise<void> {
  const folder = await subfolder(bench, "service");
  const rows: [string, string][] = [["service, its own process, demo data", "figure"]];
  {
    await using service = await startService(folder, { demoData: true });
    const { yearMs, tenMinutesMs } = await measureExports(service, bench.options);
    const seen = `POST → completed, polled every ${POLL_MS} ms`;
    rows.push([`${seen}: year, median`, `${yearMs.toFixed(1)} ms`]);
    rows.push([`${seen}: 10 minutes, median`, `${tenMinutesMs.toFixed(1)} ms`]);
  }
  // A second start, so that loading the demo meter is not in the peak.
  await using service = await startService(folder, { demoData: true });
  const idleMb = await service.peakMemoryMb();
  const ms = await exportYears(service, EXPORTS_AT_ONCE);
  const peakMb = await service.peakMemoryMb();
  rows.push([
    `${EXPORTS_AT_ONCE} year exports at once: until all are completed`,
    `${ms.toFixed(0)} ms`,
  ]);
  if (idleMb === null || peakMb === null) tellSkipped("peak memory", "there is no /proc here");
  else {
    rows.push(["peak memory before any export (VmHWM)", `${idleMb.toFixed(0)} MB`]);
    rows.push(["peak memory after them (VmHWM)", `${peakMb.toFixed(0)} MB`]);
  }
  console.log(`\n${table(rows)}`);
}

async function openPeers(bench: Bench, stack: AsyncDisposableStack): Promise<Peer[]> {
  const peers: Peer[] = [];
  const { csvPath, options: { signal } } = bench;
  const installer = createInstaller(signal);
  for (const [name, open] of PEERS) {
    signal.throwIfAborted();
    try {
      const folder = await subfolder(bench, name.toLowerCase());
      peers.push(stack.use(await open({ folder, csvPath, installer, signal })));
    } catch (error) {
      tellSkipped(name, error);
    }
  }
  return peers;
}

async function subfolder({ folder }: Bench, name: string): Promise<string> {
  const path = `${folder}/${name}`;
  await Deno.mkdir(path);
  return path;
}

function tellSkipped(name: string, reason: unknown): void {
  const text = String(reason instanceof Error ? reason.message : reason);
  console.log(`skipped: ${name}: ${text.replaceAll(/\s*\n\s*/g, "; ")}`);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
