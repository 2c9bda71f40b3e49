/**
 * Measures the import of large files in the formats of meters over HTTP: NEM12 and Green Button.
 *
 * @module
 */

import { z } from "zod";
import { greenButton, type MeterFile, nem12 } from "../support/meter_files.ts";
import type { Bench } from "./bench.ts";
import type { Figure } from "./figure.ts";
import { startBareServer } from "./limits.ts";
import { type Contestant, race, timed } from "./race.ts";
import { raceFigures } from "./ratio.ts";
import { startService } from "./service.ts";
import { resultsTable } from "./table.ts";
import { TARGETS } from "./targets.ts";
import { bareUpload, uploadFile } from "./upload_client.ts";

const report = z.object({
  inserted: z.int(),
  meters: z.array(z.object({ smart_meter_id: z.string() })),
});

/** The files: 10 MB of half hours of 10 meters, 30 MB of quarter hours of one. */
const FILES: readonly {
  name: string;
  type: string;
  target: keyof typeof TARGETS;
  file: MeterFile;
}[] = [
  { name: "NEM12", type: "text/csv", target: "nem12Limit", file: nem12(10, 3_115) },
  { name: "Green Button", type: "application/xml", target: "espiLimit", file: greenButton(2_113) },
];

/** Runs the measurement. */
export async function measureMeterFiles(bench: Bench): Promise<Figure[]> {
  await using service = await startService(await bench.folder("meter_files"), { demoData: false });
  await using bare = bench.alone ? null : await startBareServer(bench, "meter_files_bare");
  const folder = await bench.folder("meter_files_made");
  const figures: Figure[] = [];
  for (const { name, type, target, file } of FILES) {
    const path = `${folder}/${name.replace(" ", "_")}`;
    const bytes = await writePieces(path, file);
    const contestant = importOverHttp(
      service.url,
      { name, type, path, readings: file.readings },
      bench,
    );
    const limits = bare === null ? [] : [{
      ...bareUpload(bare.url, { path, type }, bench.options.signal),
      target: TARGETS[target],
    }];
    const results = await race([contestant, ...limits], bench.options);
    const rate = { unit: "MB/s", perMs: bytes / 1000 };
    bench.details(
      `\nImport of ${(bytes / 1e6).toFixed(0)} MB of ${name}, ${file.readings} readings.\n`,
    );
    bench.details(resultsTable(results, { rate }));
    figures.push(...raceFigures(`import of ${name} over HTTP`, results, { as: "long" }));
  }
  return figures;
}

async function writePieces(path: string, { pieces }: MeterFile): Promise<number> {
  await Deno.writeTextFile(path, ReadableStream.from(pieces()));
  return (await Deno.stat(path)).size;
}

/** The upload of a file to a service. Its meters are emptied before each run. */
function importOverHttp(
  url: string,
  { name, type, path, readings }: { name: string; type: string; path: string; readings: number },
  { options: { signal } }: Bench,
): Contestant {
  let meters: readonly string[] = [];
  const format = type === "text/csv" ? "?format=nem12" : "";

  async function upload(): Promise<void> {
    const answer = report.parse(
      await uploadFile(`${url}/api/readings${format}`, { path, type }, signal),
    );
    if (answer.inserted !== readings) throw new Error(`imported ${answer.inserted} readings`);
    meters = answer.meters.map(({ smart_meter_id }) => smart_meter_id);
  }

  return {
    name: `OpenWatts: ${name}, streamed over HTTP`,
    path: null,
    async run() {
      for (const id of meters) {
        const removed = await fetch(`${url}/api/meters/${id}`, {
          method: "DELETE",
          headers: { prefer: "wait=60" },
        });
        await removed.body?.cancel();
      }
      return await timed(upload);
    },
  };
}
