import type { ExportSpec } from "../../../data/exports/spec.ts";
import { demoReadings } from "../../../data/readings/demo_meter.ts";
import { concatPages } from "../../../data/readings/page.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import {
  exportParamsOf,
  exportResultOf,
  exportSpecOf,
} from "../../../jobs/exports/export_contract.ts";
import { exportKinds } from "../../../jobs/exports/export_job.ts";
import { createExportPreviewer } from "../../../jobs/exports/preview.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { builtInProfiles } from "../../support/profiles.ts";
import { createWorkerRig } from "../../support/worker_rig.ts";

const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2024, 0, 1);
const SPAN = { fromMs: START_MS, toMs: START_MS + 30 * DAY_MS };
const METERS = ["a", "b", "c", "d"];

/** Days with readings of each minute: first and last, exclusive. */
const DAYS: Record<string, readonly (readonly [number, number])[]> = {
  early: [[0, 5]],
  late: [[25, 30]],
  holes: [[0, 4], [10, 13], [28, 30]],
  ...Object.fromEntries(METERS.map((id, index) => [id, [[index, index + 2]]])),
};

/** Exports whose sizes were off: by how much, as they were estimated from rows like the first ones. */
const FORMS: Record<string, Partial<ExportSpec>> = {
  "Parquet with rows for gaps": { ids: ["early"], format: "parquet", gaps: "null" },
  "Parquet of four meters": { ids: METERS, format: "parquet" },
  "a workbook that begins with rows for gaps": { ids: ["late"], format: "xlsx", gaps: "null" },
  "CSV with rows for gaps": { ids: ["holes"], gaps: "null" },
  "quarter hours with rows for gaps": { ids: ["holes"], gaps: "null", interval: "15m" },
  "a file of days for each of four meters": {
    ids: METERS,
    interval: "1d",
    layout: "per_source",
  },
  "a month of each of four meters": { ids: METERS, interval: "1mo" },
};

for (const [what, form] of Object.entries(FORMS)) {
  Deno.test(`a preview estimates the size and shows the first rows of ${what}`, async () => {
    await using rig = await createWorkerRig();
    const plain = exportSpecOf({ meterId: "a", ...SPAN, format: "csv" });
    const spec: ExportSpec = { ...plain, ...form };
    for (const id of spec.ids) {
      const pages = DAYS[id].flatMap(([first, last]) => [
        ...demoReadings({ fromMs: START_MS + first * DAY_MS, toMs: START_MS + last * DAY_MS }),
      ]);
      await rig.series.write({ profile: "meter", id }, concatPages(pages));
    }
    const [kind] = exportKinds({ ...rig, profiles: builtInProfiles(), version: "" })
      .filter(({ name }) => name === "export");
    await rig.addWorker("a", [kind]);
    const params = exportParamsOf(spec);
    const job = await rig.jobs.create({ kind: kind.name, params, owner: "anyone", slot: null });
    const { artifact, result } = await rig.until(job.id, "completed");
    const profile = { ...PROFILES.meter, idColumn: "smart_meter_id" };
    const { signal } = new AbortController();
    const preview = await createExportPreviewer(rig).preview(spec, profile, signal);
    const { recordCount } = exportResultOf(result);
    const sizeBytes = artifact?.sizeBytes ?? 0;
    const sizes = `${preview.sizeBytes} for ${sizeBytes}`;
    assert(Math.abs(preview.sizeBytes / sizeBytes - 1) < 0.2, sizes);
    assertEquals(preview.rows, recordCount);
    const firstFileRows = spec.layout === "per_source" ? 2 : recordCount;
    assertEquals(preview.firstRowCount, Math.min(10, firstFileRows));
  });
}
