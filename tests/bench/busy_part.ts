/**
 * Measures how long small requests wait while the service does all of its heavy work at once: 4 years
 * are exported, a report on 4,000 stores is made, and a year is imported, again and again.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import { exportToEnd, YEAR_EXPORT } from "./export_client.ts";
import { absolute, type Figure } from "./figure.ts";
import { watchHealth } from "./health_client.ts";
import { createInstaller } from "./peer.ts";
import { findInPath } from "./program.ts";
import { type ServiceProcess, startService } from "./service.ts";
import { reportSkipped } from "./skipped.ts";
import { percentile } from "./spread.ts";
import { importStores, makeReport } from "./stores_client.ts";
import { writeStores } from "./stores_data.ts";
import { table } from "./table.ts";
import { TARGETS } from "./targets.ts";
import { type Load, sendLoad } from "./telemetry_load.ts";
import { NO_RATE_LIMIT } from "./telemetry_service.ts";
import { uploadCsv } from "./upload_client.ts";

const EXPORTS = 4;
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
  await sendLoad(wrk, service.url, { load: WARM, signal });
  let isOver = false;
  const repeat = async (act: () => Promise<unknown>) => {
    let count = 0;
    for (; !isOver; count++) await act();
    return count;
  };
  const health = watchHealth(service.url);
  const csvPath = await bench.yearCsv();
  const heavy = Promise.all([
    ...Array.from(
      { length: EXPORTS },
      () => repeat(() => exportToEnd(service.url, YEAR_EXPORT, POLL_MS)),
    ),
    repeat(() => makeReport(service.url)),
    repeat(() => uploadCsv(`${service.url}/api/meters/busy/readings`, csvPath, signal)),
  ]);
  // A failure is thrown by the line that waits for it.
  heavy.catch(() => {});
  const posts = await sendLoad(wrk, service.url, { load: POSTS, signal })
    .finally(() => isOver = true);
  const counts = await heavy;
  const healthMs = await health.stop();
  bench.details(
    `\n${counts.slice(0, EXPORTS).join(" + ")} years exported, ${
      counts[EXPORTS]
    } reports made and ` +
      `${counts[EXPORTS + 1]} years imported in ${POSTS.seconds} s, meanwhile:\n`,
  );
  const waits = [50, 99, 100].map((percent) => percentile(healthMs, percent).toFixed(1));
  const { requests, p50Ms, p99Ms, mostMs } = posts;
  bench.details(table([
    ["wait", "requests", "p50 ms", "p99 ms", "most ms"],
    ["GET /health", String(healthMs.length), ...waits],
    ["POST /telemetry", String(requests), ...[p50Ms, p99Ms, mostMs].map((ms) => ms.toFixed(1))],
  ]));
  const wait = (what: string, ours: number, target: typeof TARGETS[keyof typeof TARGETS]) =>
    absolute(`${what} while exports, a report and an import run`, { ours, unit: "ms", target });
  return [
    wait("GET /health, p50,", percentile(healthMs, 50), TARGETS.healthMiddleMs),
    wait("GET /health, p99,", percentile(healthMs, 99), TARGETS.healthMostMs),
    wait("POST of telemetry, 500/s, p99,", p99Ms, TARGETS.postMostMs),
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
