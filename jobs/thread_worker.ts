/**
 * The module of workers: every kind of heavy work. A worker loads the code of a kind with its first task, so
 * one that only exports holds nothing else. The paths are literal, so that `deno cache` finds them.
 *
 * @module
 */

import { giveWay } from "./engine/give_way.ts";
import { serveTasks, type TaskLoaders } from "./engine/serve_tasks.ts";

const LOADERS: TaskLoaders = new Map([
  ["export", async () => (await import("./exports/export_worker.ts")).runExport],
  ["import", async () => (await import("./imports/import_worker.ts")).runImport],
  ["report", async () => (await import("./stores/report_worker.ts")).createReportTask()],
  ["windows", async () => (await import("./continuous/window_worker.ts")).runWindowTask],
]);

giveWay();
serveTasks(LOADERS);
