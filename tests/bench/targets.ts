/**
 * The targets of the bench, for two processors that do nothing else.
 *
 * @module
 */

import { atLeast, atMost, type Target, within } from "./figure.ts";

/** The targets by figure. */
export const TARGETS = {
  /** PostgreSQL's export of the year with formatted times, as a multiple of our time. */
  postgresExport: atLeast(4),
  /** sqlite3's export of the year, as a multiple of our time. */
  sqliteExport: atLeast(6),
  /** DuckDB's export on two threads, as a multiple of our time: ours takes three quarters of it. */
  duckdbExport: atLeast(4 / 3),
  /** The year as CSV in Berlin time, or as Excel reads it there, as a multiple of plain CSV. */
  localCsv: atMost(1.25),
  /** The year as NDJSON or JSON, the same. */
  jsonFormats: atMost(1.6),
  /** The year as ESPI, the same. */
  espi: atMost(4),
  /** The year as a workbook by SheetJS or exceljs, as a multiple of our time. */
  xlsxLibraries: atLeast(4),
  /** Totals of 15 minutes of the year in Berlin time, the same. */
  quarterTotals: atMost(0.6),
  /** DuckDB's totals of 15 minutes on two threads, as a multiple of our time. */
  duckdbTotals: atLeast(3),
  /** A month of 1,000 meters as one CSV file, million readings per second. */
  manyMetersRate: atLeast(4),
  /** The time of one of its readings, as a multiple of that in a year of one meter. */
  manyMetersCost: atMost(1.25),
  /** The start in half a core, without demo data, seconds. */
  containerStart: atMost(5),
  /** What 50,000 devices at a reading a minute may take, MiB: the limit of `k8s/`. */
  containerMemory: atMost(512),
  /** A preview, milliseconds. */
  previewMs: atMost(100),
  /** gzip -6 over the file, as a multiple of our compressed export. */
  gzipProgram: atLeast(4),
  /** DuckDB's compressed CSV or JSON on two threads, as a multiple of our time. */
  duckdbText: atLeast(3),
  /** DuckDB's Parquet on two threads, as a multiple of our time. */
  duckdbParquet: atLeast(1 / 1.2),
  /** Its file, as a multiple of ours. */
  duckdbParquetSize: atLeast(1),
  /** PostgreSQL's import of the year, as a multiple of our time. */
  postgresImport: atLeast(1),
  /** Import over HTTP, million readings per second. */
  importRate: atLeast(1),
  /** Import of 10 MB of NEM12 over HTTP, MB per second. */
  nem12Rate: atLeast(20),
  /** Import of 30 MB of Green Button over HTTP, MB per second. */
  espiRate: atLeast(20),
  /** Export of a year, from POST to `completed`, milliseconds. */
  yearMs: atMost(200),
  /** Export of 10 minutes, from POST to `completed`, milliseconds. */
  tenMinutesMs: atMost(12),
  /** Peak memory of a service while 8 clients export a year each, MB. */
  servicePeakMb: atMost(200),
  /** Peak memory of exporting ten years, as a multiple of the peak of one year. */
  tenYearsPeak: within(0.85, 1.15),
  /** 99th percentile of the event loop's delay while 4 years are exported, plain or as .csv.gz, ms. */
  loopDelayMs: atMost(20),
  /** Small concurrent exports, jobs per second. */
  jobsRate: atLeast(200),
  /** Download by one local client, GB per second. */
  downloadRate: atLeast(1),
  /** Telemetry with one reading per request, requests per second. */
  telemetryPosts: atLeast(8_000),
  /** The same, as a multiple of the rate of FastAPI over PostgreSQL. */
  telemetryPeer: atLeast(8),
  /** 26 MB written to a database file, as a multiple of the time of a folder. */
  kvFileWrite: atMost(10),
  /** The same read. */
  kvFileRead: atMost(8),
  /** What the look-up of a key adds to a telemetry request within the process, percent. */
  keyPercent: atMost(5),
  /** Telemetry in batches of 1,000 readings of 10 devices, readings per second. */
  telemetryFewDevices: atLeast(150_000),
  /** The same with 1,000 devices. */
  telemetryManyDevices: atLeast(40_000),
  /** 99th percentile of a POST while series are folded, milliseconds. */
  telemetryFoldingMs: atMost(25),
  /** 50,000 rows of a device as CSV, milliseconds. */
  metricsCsvMs: atMost(60),
  /** The same as JSON. */
  metricsJsonMs: atMost(150),
  /** The summary of a day with one reading per second, milliseconds. */
  summaryMs: atMost(15),
  /** Continuous export of old readings to Parquet, million readings per second. */
  continuousParquet: atLeast(0.5),
  /** The same, to CSV. */
  continuousCsv: atLeast(2),
  /** A cycle of continuous export: 1,000 devices with one-minute windows, seconds. */
  continuousCycleSeconds: atMost(10),
  /** Peak memory of any continuous export, MB. */
  continuousPeakMb: atMost(250),
  /** Import of 1.85 million polls of 4,000 stores over HTTP, seconds. */
  storesImportSeconds: atMost(4),
  /** A report on these stores, from trigger to `Complete`, seconds. */
  storesReportSeconds: atMost(1.5),
  /** Peak memory of the service during import and reports, MB. */
  storesPeakMb: atMost(250),
  /** 99th percentile of `GET /health` during import and reports, milliseconds. */
  storesHealthMs: atMost(20),
  /** The same report with pandas, as a multiple of our time. */
  storesPandas: atLeast(10),
  /** Home, from the beginning of the navigation until its scripts have run, milliseconds. */
  homeMs: atMost(500),
  /** The data of the heat map of a year of minutes, as a browser waits for them, milliseconds. */
  heatMapDataMs: atMost(200),
  /** The same, as they are sent, MB. */
  heatMapDataMb: atMost(2),
  /** Drawing it, milliseconds. */
  heatMapMs: atMost(300),
  /** Drawing a chart of 50,000 points again, milliseconds: a frame at 60 Hz. */
  redrawMs: atMost(16),
  /** The longest frame while 5 million lines are shown, uploaded and searched, milliseconds. */
  uploadFrameMs: atMost(200),
} satisfies Record<string, Target>;
