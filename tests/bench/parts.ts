/**
 * The parts of the bench.
 *
 * @module
 */

import type { Part } from "./bench.ts";

/** A part. */
export interface BenchPart {
  /** Its name on the command line. */
  readonly name: string;
  /** Loads it. A part that another revision cannot load does not keep the others from running. */
  readonly open: () => Promise<Part>;
  /** Whether it uses the databases that exports and imports are compared with. */
  readonly hasPeers?: boolean;
  /** Whether it only runs if it is named. */
  readonly isExtra?: boolean;
}

/** All parts in the order in which they run. Those with databases as peers come first. */
export const PARTS: readonly BenchPart[] = [
  {
    name: "export",
    open: async () => (await import("./export_part.ts")).measureExport,
    hasPeers: true,
  },
  {
    name: "formats",
    open: async () => (await import("./formats_part.ts")).measureFormats,
    hasPeers: true,
  },
  {
    name: "import",
    open: async () => (await import("./import_part.ts")).measureImport,
    hasPeers: true,
  },
  { name: "sources", open: async () => (await import("./sources_part.ts")).measureSources },
  { name: "meters", open: async () => (await import("./meter_files_part.ts")).measureMeterFiles },
  { name: "service", open: async () => (await import("./service_part.ts")).measureService },
  { name: "memory", open: async () => (await import("./memory_part.ts")).measureMemory },
  { name: "loop", open: async () => (await import("./loop_part.ts")).measureLoop },
  { name: "busy", open: async () => (await import("./busy_part.ts")).measureBusy },
  {
    name: "containers",
    open: async () => (await import("./containers_part.ts")).measureContainers,
  },
  { name: "jobs", open: async () => (await import("./jobs_part.ts")).measureJobs },
  { name: "download", open: async () => (await import("./download_part.ts")).measureDownload },
  { name: "files", open: async () => (await import("./files_part.ts")).measureFiles },
  { name: "telemetry", open: async () => (await import("./telemetry_part.ts")).measureTelemetry },
  { name: "remote", open: async () => (await import("./remote_part.ts")).measureRemote },
  { name: "keys", open: async () => (await import("./keys_part.ts")).measureKeys },
  {
    name: "continuous",
    open: async () => (await import("./continuous_part.ts")).measureContinuous,
  },
  { name: "stores", open: async () => (await import("./stores_part.ts")).measureStores },
  { name: "pages", open: async () => (await import("./pages_part.ts")).measurePages },
  {
    name: "scale",
    open: async () => (await import("./scale_part.ts")).measureScale,
    isExtra: true,
  },
];
