/**
 * What the figures of the bench should be, on two processors that do nothing else.
 *
 * @module
 */

import { atLeast, atMost, type Target, within } from "./figure.ts";

/** The targets by what they are wanted of. */
export const TARGETS = {
  /** PostgreSQL's export of the year with formatted times, as a multiple of our time. */
  postgresExport: atLeast(4),
  /** The same of sqlite3. */
  sqliteExport: atLeast(6),
  /** The same of DuckDB on two threads: ours takes three quarters of its time. */
  duckdbExport: atLeast(4 / 3),
  /** PostgreSQL's import of the year, as a multiple of our time. */
  postgresImport: atLeast(1),
  /** Import over HTTP, million readings a second. */
  importRate: atLeast(1),
  /** From POST to `completed`, a year, milliseconds. */
  yearMs: atMost(200),
  /** From POST to `completed`, 10 minutes, milliseconds. */
  tenMinutesMs: atMost(12),
  /** Peak memory of a service that 8 clients get a year from at once, MB. */
  servicePeakMb: atMost(200),
  /** Peak memory of exporting ten years, as a multiple of that of one year. */
  tenYearsPeak: within(0.85, 1.15),
  /** 99th percentile of the event loop's delay while 4 years are exported, milliseconds. */
  loopDelayMs: atMost(20),
  /** Small exports asked for at once, jobs a second. */
  jobsRate: atLeast(200),
  /** Download to one local client, GB a second. */
  downloadRate: atLeast(1),
  /** Telemetry of one reading a request, requests a second. */
  telemetryPosts: atLeast(8_000),
  /** The same as a multiple of what FastAPI over PostgreSQL takes in. */
  telemetryPeer: atLeast(8),
  /** Telemetry in batches of 1,000 readings of 10 devices, readings a second. */
  telemetryFewDevices: atLeast(150_000),
  /** The same of 1,000 devices. */
  telemetryManyDevices: atLeast(40_000),
  /** 99th percentile of a POST while series are folded, milliseconds. */
  telemetryFoldingMs: atMost(25),
  /** 50,000 rows of a device as CSV, milliseconds. */
  metricsCsvMs: atMost(60),
  /** The same as JSON. */
  metricsJsonMs: atMost(150),
  /** The summary of a day with a reading a second, milliseconds. */
  summaryMs: atMost(15),
  /** Catch-up of continuous export to Parquet, million readings a second. */
  continuousParquet: atLeast(0.5),
  /** The same to CSV. */
  continuousCsv: atLeast(2),
  /** A cycle of 1,000 devices with windows of a minute, seconds. */
  continuousCycleSeconds: atMost(10),
  /** Peak memory of any of these, MB. */
  continuousPeakMb: atMost(250),
  /** 1.85 M polls of 4,000 stores over HTTP, seconds. */
  storesImportSeconds: atMost(4),
  /** A report on them from trigger to `Complete`, seconds. */
  storesReportSeconds: atMost(1.5),
  /** Peak memory of a service that makes them, MB. */
  storesPeakMb: atMost(250),
  /** 99th percentile of `GET /health` meanwhile, milliseconds. */
  storesHealthMs: atMost(20),
  /** The same report by pandas, as a multiple of our time. */
  storesPandas: atLeast(10),
} satisfies Record<string, Target>;
