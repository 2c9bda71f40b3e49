import { AppError } from "../../../data/app_error.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { exportSpecOf } from "../../../jobs/exports/export_contract.ts";
import { createExportPreviewer } from "../../../jobs/exports/preview.ts";
import { assertRejects } from "../../support/assert.ts";

Deno.test("an estimate and a preview of readings that are being removed fail with SERIES_BUSY", async () => {
  const removed = () => Promise.reject(new AppError("SERIES_REMOVED", "removed"));
  const previewer = createExportPreviewer({
    series: {
      extents: () => Promise.resolve([{ count: 2, firstMs: 0, lastMs: 60_000 }]),
      count: removed,
      // deno-lint-ignore require-yield
      async *read() {
        await removed();
      },
    },
  });
  const spec = exportSpecOf({ meterId: "1", fromMs: 0, toMs: 120_000, format: "csv" });
  const { signal } = new AbortController();
  const asked = [
    () => previewer.estimate(spec, PROFILES.meter),
    () => previewer.preview(spec, PROFILES.meter, signal),
  ];
  for (const ask of asked) {
    const error = await assertRejects(ask, AppError);
    if (error.code !== "SERIES_BUSY") throw error;
  }
});
