/**
 * Our own export, without HTTP: the job kind over a KV file and a folder.
 *
 * @module
 */

import { DEMO_METER_ID } from "../../data/demo_meter.ts";
import { openDiskFileStore } from "../../data/files/disk.ts";
import { loadDemoData } from "../../jobs/demo_data.ts";
import { meterExport } from "../../jobs/meter_export.ts";
import { openKv } from "../../kv/opened_kv.ts";
import { createSeriesStore } from "../../kv/series_store.ts";
import { type Contestant, timed } from "./race.ts";
import { YEAR, YEAR_READINGS } from "./year.ts";

/** Our way; disposing of it closes the database. */
export interface OurExport extends Contestant, AsyncDisposable {
  /** How long it took to make and store the year at first, milliseconds. */
  readonly loadMs: number;
}

/** Opens a database in an empty folder and loads the year into it. */
export async function openOurExport(folder: string): Promise<OurExport> {
  await using stack = new AsyncDisposableStack();
  const { kv } = stack.use(await openKv(`${folder}/kv.sqlite3`));
  const files = await openDiskFileStore(`${folder}/files`);
  const series = createSeriesStore({ kv, now: Date.now });
  const loadMs = await timed(() => loadDemoData(series, YEAR.toMs));
  const kind = meterExport({ series, files });
  const signal = new AbortController().signal;
  const artifactName = "year.csv";

  async function exportYear(): Promise<void> {
    const { result } = await kind.run({
      params: { meterId: DEMO_METER_ID, ...YEAR, format: "csv" },
      artifactName,
      signal,
      progress: () => {},
      log: () => {},
    });
    const wanted = JSON.stringify({ recordCount: YEAR_READINGS, missingIntervals: 0 });
    if (JSON.stringify(result) === wanted) return;
    throw new Error(`Cannot use an export as it is not ${wanted}: ${JSON.stringify(result)}`);
  }

  const owned = stack.move();
  return {
    name: "OpenWatts: KV, sha256, sync, rename",
    path: `${folder}/files/${artifactName}`,
    loadMs,
    async run() {
      await files.remove(artifactName);
      return await timed(exportYear);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
