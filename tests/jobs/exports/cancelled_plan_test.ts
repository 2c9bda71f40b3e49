import { NO_CHECKPOINTS } from "../../../jobs/engine/checkpoints.ts";
import { exportParamsOf, exportSpecOf } from "../../../jobs/exports/export_contract.ts";
import { exportKinds } from "../../../jobs/exports/export_job.ts";
import type { SeriesStore } from "../../../kv/series/store.ts";
import { assertLess, assertRejects } from "../../support/assert.ts";
import { pageOf } from "../../support/pages.ts";
import { builtInProfiles } from "../../support/profiles.ts";
import { createWorkerRig } from "../../support/worker_rig.ts";

const METER = "m";
const OTHERS = Array.from({ length: 199 }, (_, index) => `o${index}`);

for (const asked of ["revision", "read"] as const) {
  Deno.test(`an export that is cancelled does not ask for the ${asked} of sources it has not come to`, async () => {
    await using rig = await createWorkerRig();
    await rig.series.write({ profile: "meter", id: METER }, pageOf([[0, "1", "1", "1", "1"]]));
    const aborter = new AbortController();
    let count = 0;
    const note = () => {
      if (++count === 3) aborter.abort(new DOMException("cancelled", "AbortError"));
    };
    const series: SeriesStore = {
      ...rig.series,
      revision(ref) {
        if (asked === "revision") note();
        return rig.series.revision(ref);
      },
      read(ref, span, signal) {
        if (asked === "read") note();
        return rig.series.read(ref, span, signal);
      },
    };
    const [kind] = exportKinds({ ...rig, series, profiles: builtInProfiles(), version: "" })
      .filter(({ name }) => name === "export");
    const form = { meterId: METER, fromMs: 0, toMs: 86_400_000, format: "csv" } as const;
    const params = exportParamsOf({
      ...exportSpecOf(form),
      ids: [METER, ...OTHERS],
      gaps: "report",
    });
    const run = kind.run({
      jobId: "job",
      params,
      createdMs: 0,
      artifactName: "job-1",
      signal: aborter.signal,
      progress: () => {},
      checkpoints: NO_CHECKPOINTS,
      waitIdle: (wait) => wait(),
      log: () => {},
    });
    await assertRejects(() => run, DOMException, "cancelled");
    // Eight sources at a time, each with at most five reads.
    assertLess(count, 50);
  });
}
