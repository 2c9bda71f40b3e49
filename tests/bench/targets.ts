/**
 * The targets of the bench. Most are ratios to a peer or to a limit that the same run measures, so
 * that they mean the same on every machine. Those in milliseconds, seconds or MB are absolute: they
 * are for two processors that do nothing else.
 *
 * @module
 */

import { atLeast, atMost, type Target, within } from "./figure.ts";

/** The targets by figure. */
export const TARGETS = {
  /** The time of an export, as a multiple of that of writing, hashing and syncing its bytes. */
  exportLimit: atMost(3),
  /** PostgreSQL's export of the year with formatted times, as a multiple of our time. */
  postgresExport: atLeast(5),
  /** sqlite3's export of the year, as a multiple of our time. */
  sqliteExport: atLeast(6),
  /** DuckDB's export on two threads, as a multiple of our time. */
  duckdbExport: atLeast(2.5),
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
  /** The rate of a month of 1,000 meters as one CSV file, as a multiple of that of one meter. */
  manyMeters: atLeast(0.8),
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
  /** Our Parquet file, as a multiple of its. */
  duckdbParquetSize: atMost(1),
  /** PostgreSQL's import of the year, as a multiple of our time. */
  postgresImport: atLeast(1),
  /** Import over HTTP, as a multiple of the time of a bare server that writes and syncs the file. */
  importLimit: atMost(6),
  /** Import of 10 MB of NEM12 over HTTP, the same. */
  nem12Limit: atMost(15),
  /** Import of 30 MB of Green Button over HTTP, the same. */
  espiLimit: atMost(15),
  /** Export of a year, from POST to `completed`, as a multiple of writing, hashing and syncing it. */
  yearLimit: atMost(3),
  /** Export of 10 minutes, the same, as a multiple of three bare commits and a synced file. */
  smallLimit: atMost(6),
  /** Exports of 4 years at once, as a multiple of the time of a bare script that writes them. */
  fourYearsLimit: atMost(3),
  /** Peak memory of a service while 8 clients export a year each, MB. */
  servicePeakMb: atMost(256),
  /** Peak memory of exporting ten years, as a multiple of the peak of one year. */
  tenYearsPeak: within(0.85, 1.15),
  /** 99th percentile of the event loop's delay while 4 years are exported, plain or as .csv.gz, ms. */
  loopDelayMs: atMost(20),
  /** `GET /health` meanwhile, 99th percentile, milliseconds. */
  healthMostMs: atMost(10),
  /** The same, the median. */
  healthMiddleMs: atMost(2),
  /** POST of telemetry meanwhile, 99th percentile, milliseconds. */
  postMostMs: atMost(20),
  /** `GET /health` meanwhile, p99, as a multiple of a bare server's while another writes as many files. */
  busyHealthLimit: atMost(5),
  /** POST of telemetry, the same: the commits of both wait for the disk. */
  busyPostLimit: atMost(2),
  /** Small concurrent exports, as a multiple of the rate of bare commits and files. */
  jobsLimit: atLeast(0.1),
  /** Download by one local client, as a multiple of the speed of a bare server. */
  downloadLimit: atLeast(0.8),
  /** Telemetry with one reading a request, as a multiple of the rate of a bare server. */
  telemetryLimit: atLeast(0.6),
  /** The same, as a multiple of the rate of FastAPI over PostgreSQL. */
  telemetryPeer: atLeast(6),
  /** 26 MB written to a database file, as a multiple of the time of a folder. */
  kvFileWrite: atMost(10),
  /** The same read. */
  kvFileRead: atMost(8),
  /** What the look-up of a key adds to a telemetry request, as a multiple of its time. */
  keyShare: atMost(0.05),
  /** Telemetry in batches of 1,000 readings of 10 devices, as a multiple of a bare server's rate. */
  batchesLimit: atLeast(0.5),
  /** The same with 1,000 devices, as a multiple of that with 10. */
  manyDevices: atLeast(0.5),
  /** 99th percentile of a POST while series are folded, as a multiple of a bare server's. */
  foldingLimit: atMost(5),
  /** A lone POST over KV Connect, as a multiple of the time of a bare commit. */
  lonePost: atMost(1.5),
  /** Telemetry over KV Connect, as a multiple of the rate of a bare server over it. */
  remoteLimit: atLeast(0.5),
  /** The rate of several processes over KV Connect, as a multiple of that of one. */
  moreProcesses: atLeast(1),
  /** The jobs of three processes over it, where processors are left. */
  threeProcesses: atLeast(1.5),
  /** 50,000 rows of a device as CSV, as a multiple of the time of sending them from a file. */
  metricsCsv: atMost(5),
  /** The same as JSON, as a multiple of parsing and writing it. */
  metricsJson: atMost(1.5),
  /** The summary of a day with one reading per second, as a multiple of a bare answer. */
  summary: atMost(25),
  /** Continuous export of old readings to Parquet, as a multiple of writing the files. */
  continuousParquet: atLeast(0.1),
  /** The same, to CSV. */
  continuousCsv: atLeast(0.3),
  /** A cycle of continuous export, as a multiple of the time of writing its files. */
  continuousCycle: atMost(5),
  /** Peak memory of any continuous export, MB. */
  continuousPeakMb: atMost(250),
  /** Reading files of 1.85 million polls with pandas, as a multiple of our import of them. */
  storesRead: atLeast(1),
  /** Peak memory of the service during import and reports, MB. */
  storesPeakMb: atMost(250),
  /** 99th percentile of `GET /health` during import and reports, milliseconds. */
  storesHealthMs: atMost(20),
  /** The same report with pandas, as a multiple of our time. */
  storesPandas: atLeast(12),
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
