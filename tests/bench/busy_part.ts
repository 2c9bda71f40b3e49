/**
 * Measures how long small requests wait while the service does all of its heavy work at once: 4 years
 * are exported, a report on 4,000 stores is made, and a year is imported, again and again. Next to it, the
 * same requests to a bare server, while another process writes and syncs as many files.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import { exportToEnd, YEAR_EXPORT } from "./export_client.ts";
import { absolute, type Figure } from "./figure.ts";
import { watchHealth } from "./health_client.ts";
import { startBareServer } from "./limits.ts";
import { createInstaller } from "./peer.ts";
import { findInPath } from "./program.ts";
import { type ServiceProcess, startService } from "./service.ts";
import { reportSkipped } from "./skipped.ts";
import { percentile } from "./spread.ts";
import { importStores, makeReport } from "./stores_client.ts";
import { writeStores } from "./stores_data.ts";
import { table } from "./table.ts";
import { TARGETS } from "./targets.ts";
import { type Load, type LoadOutcome, sendLoad } from "./telemetry_load.ts";
import { NO_RATE_LIMIT } from "./telemetry_service.ts";
import { uploadCsv } from "./upload_client.ts";

const EXPORTS = 4;
/** Files that are written to a bare server at once: those of the exports and of the import. */
const BARE_WRITERS = EXPORTS + 1;
/** Pause between an answer and the next poll, milliseconds. */
const POLL_MS = 10;
/** 500 requests a second: a connection sends one in 128 ms, and answers take little of that. */
const POSTS: Load = {
  month: 3,
  devices: 100,
  readings: 1,
  connections: 64,
  pauseMs: 128,
  seconds: 15,
};
/** Before that, the devices are made, and the code of requests is warmed up. */
const WARM: Load = { ...POSTS, month: 1, seconds: 2 };

/** Runs the measurement once, for as long as telemetry is sent. */
export async function measureBusy(bench: Bench): Promise<Figure[]> {
  const { signal } = bench.options;
  const installer = createInstaller(signal);
  const wrk = await installer.require(() => findInPath("wrk"), "wrk").catch((error) => {
    reportSkipped("requests while the service is busy", error);
    return null;
  });
  if (wrk === null) return [];
  const folder = await bench.demoFolder("busy");
  await using service = await startService(folder, { demoData: true, settings: NO_RATE_LIMIT });
  await uploadStores(bench, service);
  const csvPath = await bench.yearCsv();
  const waits = await measureWaits(service.url, { wrk, signal }, [
    ...Array.from({ length: EXPORTS }, () => () => exportToEnd(service.url, YEAR_EXPORT, POLL_MS)),
    () => makeReport(service.url),
    () => uploadCsv(`${service.url}/api/meters/busy/readings`, csvPath, signal),
  ]);
  const { counts, healthMs, posts } = waits;
  const years = counts.slice(0, EXPORTS), [reports, imports] = counts.slice(EXPORTS);
  bench.details(
    `\n${
      years.join(" + ")
    } years exported, ${reports} reports made and ${imports} years imported in ` +
      `${POSTS.seconds} s, meanwhile:\n`,
  );
  const healthWaits = [50, 99, 100].map((percent) => percentile(healthMs, percent).toFixed(1));
  const { requests, p50Ms, p99Ms, mostMs } = posts;
  bench.details(table([
    ["wait", "requests", "p50 ms", "p99 ms", "most ms"],
    ["GET /health", String(healthMs.length), ...healthWaits],
    ["POST /telemetry", String(requests), ...[p50Ms, p99Ms, mostMs].map((ms) => ms.toFixed(1))],
  ]));
  const files = years.reduce((sum, count) => sum + count, imports);
  const bare = bench.alone ? null : await measureBare(bench, { wrk, csvPath, files });
  return figuresOf(waits, bare);
}

/** What small requests waited. */
interface Waits {
  /** How often each of the heavy works was done. */
  readonly counts: readonly number[];
  /** `GET /health`, milliseconds. */
  readonly healthMs: readonly number[];
  /** `POST /telemetry`. */
  readonly posts: LoadOutcome;
}

/** Measures small requests while heavy work is done again and again. */
async function measureWaits(
  url: string,
  { wrk, signal }: { wrk: string; signal: AbortSignal },
  works: readonly (() => Promise<unknown>)[],
): Promise<Waits> {
  await sendLoad(wrk, url, { load: WARM, signal });
  let isOver = false;
  const repeat = async (act: () => Promise<unknown>) => {
    let count = 0;
    for (; !isOver; count++) await act();
    return count;
  };
  const health = watchHealth(url);
  const heavy = Promise.all(works.map(repeat));
  // A failure is thrown by the line that waits for it.
  heavy.catch(() => {});
  const posts = await sendLoad(wrk, url, { load: POSTS, signal }).finally(() => isOver = true);
  return { counts: await heavy, healthMs: await health.stop(), posts };
}

/** The same requests to a bare server, while another one writes and syncs so many files of a year. */
async function measureBare(
  bench: Bench,
  { wrk, csvPath, files }: { wrk: string; csvPath: string; files: number },
): Promise<Waits> {
  const { signal } = bench.options;
  await using server = await startBareServer(bench, "busy_bare");
  await using writer = await startBareServer(bench, "busy_bare_files");
  const everyMs = POSTS.seconds * 1_000 * BARE_WRITERS / files;
  const write = async () => {
    const startMs = performance.now();
    await uploadCsv(`${writer.url}/upload`, csvPath, signal);
    const leftMs = everyMs - (performance.now() - startMs);
    if (leftMs > 0) await new Promise((resolve) => setTimeout(resolve, leftMs));
  };
  const writers = Array.from({ length: BARE_WRITERS }, () => write);
  return await measureWaits(server.url, { wrk, signal }, writers);
}

/** The figures by their targets, and next to a bare server. */
function figuresOf({ healthMs, posts }: Waits, bare: Waits | null): Figure[] {
  const during = "while exports, a report and an import run";
  const name = "bare server while another writes as much";
  type OneTarget = typeof TARGETS[keyof typeof TARGETS];
  const next = (what: string, [ours, other]: [number, number | undefined], target: OneTarget) => {
    const figure: Omit<Figure, "other"> = {
      what: `${what} ${during}`,
      ours,
      unit: "ms",
      as: "long",
      target,
    };
    return other === undefined ? [] : [{ ...figure, other: { name, value: other } }];
  };
  const wait = (what: string, ours: number, target: OneTarget) =>
    absolute(`${what} ${during}`, { ours, unit: "ms", target });
  const health = (percent: number, of: Waits) => percentile(of.healthMs, percent);
  const healthP99 = "GET /health, p99,", postsP99 = "POST of telemetry, 500/s, p99,";
  return [
    wait("GET /health, p50,", percentile(healthMs, 50), TARGETS.healthMiddleMs),
    wait(healthP99, percentile(healthMs, 99), TARGETS.healthMostMs),
    ...next(
      healthP99,
      [percentile(healthMs, 99), bare === null ? undefined : health(99, bare)],
      TARGETS.busyHealthLimit,
    ),
    wait(postsP99, posts.p99Ms, TARGETS.postMostMs),
    ...next(postsP99, [posts.p99Ms, bare?.posts.p99Ms], TARGETS.busyPostLimit),
  ];
}

async function uploadStores(bench: Bench, { url }: ServiceProcess): Promise<void> {
  const { folder } = await writeStores(await bench.folder("busy_stores"));
  const files = [
    ["hours", "menu_hours.csv"],
    ["timezones", "timezones.csv"],
    ["status", "store_status.csv"],
  ];
  for (const [kind, name] of files) {
    await importStores(url, { kind, path: `${folder}/${name}`, signal: bench.options.signal });
  }
}
