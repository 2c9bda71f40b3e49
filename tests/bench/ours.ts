/**
 * Our own export without HTTP: the job kind over a KV file and a folder, with as many workers as a service
 * on two processors has.
 *
 * @module
 */

import { DEMO_METER_ID, demoReadings } from "../../data/readings/demo_meter.ts";
import { openDiskFileStore } from "../../data/files/disk.ts";
import { MINUTE_MS } from "../../data/limits.ts";
import type { ExportSpec } from "../../data/exports/spec.ts";
import { concatPages, type Span } from "../../data/readings/page.ts";
import { PROFILES } from "../../data/readings/profile.ts";
import { builtInProfiles } from "../support/profiles.ts";
import { loadDemoData } from "../../jobs/exports/demo_data.ts";
import { createDeflaters, THREAD_KEPT_MS } from "../../jobs/engine/deflaters.ts";
import {
  exportParamsOf,
  exportResultOf,
  exportSpecOf,
} from "../../jobs/exports/export_contract.ts";
import { NO_CHECKPOINTS } from "../../jobs/engine/checkpoints.ts";
import { exportKinds } from "../../jobs/exports/export_job.ts";
import { createExportPreviewer } from "../../jobs/exports/preview.ts";
import { createWorkerThreads } from "../../jobs/threads.ts";
import { openKv } from "../../kv/opened_kv.ts";
import { createSeriesStore } from "../../kv/series/store.ts";
import { type Contestant, timed } from "./race.ts";
import { YEAR } from "./year.ts";

const ARTIFACT = "export.csv";
const METERS_A_WRITE = 20;
const WORKERS = 1;

/** A database and a folder of files. Disposing of it closes the database. */
export interface OurStore extends AsyncDisposable {
  /** Path of the file that an export writes. */
  readonly path: string;
  /** Generates and stores the demo meter up to a time. */
  load(toMs: number): Promise<void>;
  /**
   * Exports a span of the demo meter, which has one reading per minute.
   *
   * @throws {Error} when readings are missing.
   */
  exportSpan(span: Span): Promise<void>;
  /**
   * Exports the year of the demo meter in another form. Returns the size of the file, bytes.
   */
  exportYearAs(form: Partial<ExportSpec>): Promise<number>;
  /** Stores a span of the demo meter for other meters too. */
  loadMeters(ids: readonly string[], span: Span): Promise<void>;
  /** Previews the export of the year in another form. */
  preview(form: Partial<ExportSpec>): Promise<void>;
  /** Removes the file. */
  removeFile(): Promise<void>;
}

/** Opens the database in a folder, or creates it. */
export async function openOurStore(folder: string): Promise<OurStore> {
  await using stack = new AsyncDisposableStack();
  const { kv, databasePath } = stack.use(await openKv(`${folder}/kv.sqlite3`));
  const files = await openDiskFileStore(`${folder}/files`);
  const series = createSeriesStore({ kv, now: Date.now });
  const previewer = createExportPreviewer({ series });
  const [kind, newKind] = exportKinds({
    kv,
    databasePath,
    series,
    files,
    profiles: builtInProfiles(),
    version: "",
    deflaters: stack.use(createDeflaters({ keepMs: THREAD_KEPT_MS })),
    threads: stack.use(
      createWorkerThreads({ count: WORKERS, keepMs: THREAD_KEPT_MS, log: () => {} }),
    ),
  });
  const signal = new AbortController().signal;
  const context = {
    createdMs: 0,
    jobId: ARTIFACT,
    signal,
    artifactName: ARTIFACT,
    progress: () => {},
    checkpoints: NO_CHECKPOINTS,
    waitIdle: <T>(wait: () => Promise<T>) => wait(),
    log: () => {},
  };
  const owned = stack.move();
  return {
    path: `${folder}/files/${ARTIFACT}`,
    async load(toMs) {
      await loadDemoData(series, toMs);
    },
    async exportSpan(span) {
      const params = { meterId: DEMO_METER_ID, ...span, format: "csv" };
      const { result } = await kind.run({ ...context, params });
      const { recordCount, missingIntervals } = exportResultOf(result);
      const expected = (span.toMs - span.fromMs) / MINUTE_MS;
      if (recordCount === expected && missingIntervals === 0) return;
      throw new Error(`Cannot use an export without ${expected} rows: ${JSON.stringify(result)}`);
    },
    async exportYearAs(form) {
      const plain = exportSpecOf({ meterId: DEMO_METER_ID, ...YEAR, format: "csv" });
      const params = exportParamsOf({ ...plain, ...form });
      const { artifact } = await newKind.run({ ...context, params });
      if (artifact === null) throw new Error("Cannot measure an export without a file");
      return artifact.sizeBytes;
    },
    async loadMeters(ids, span) {
      const page = concatPages([...demoReadings(span)]);
      for (let at = 0; at < ids.length; at += METERS_A_WRITE) {
        await series.writeMany("meter", ids.slice(at, at + METERS_A_WRITE), () => page);
      }
    },
    async preview(form) {
      const plain = exportSpecOf({ meterId: DEMO_METER_ID, ...YEAR, format: "csv" });
      await previewer.preview({ ...plain, ...form }, PROFILES.meter, signal);
    },
    removeFile: () => files.remove(ARTIFACT),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The export of the year as a contestant. Its database holds nothing else. */
export async function prepareOurExport(store: OurStore): Promise<Contestant> {
  await store.load(YEAR.toMs);
  return {
    name: "OpenWatts: KV, sha256, sync, rename",
    path: store.path,
    async run() {
      await store.removeFile();
      return await timed(() => store.exportSpan(YEAR));
    },
  };
}
