import {
  exportParamsOf,
  exportResultOf,
  exportSpecOf,
} from "../../../jobs/exports/export_contract.ts";
import { exportKinds } from "../../../jobs/exports/export_job.ts";
import { assertEquals } from "../../support/assert.ts";
import { pageOf, type Row } from "../../support/pages.ts";
import { builtInProfiles } from "../../support/profiles.ts";
import { createWorkerRig } from "../../support/worker_rig.ts";

const MINUTE_MS = 60_000;
const METER = "m".repeat(64);
/** 150 stretches of two readings, with a missing reading between them. */
const ROWS: Row[] = Array.from({ length: 450 }, (_, minute) => minute)
  .filter((minute) => minute % 3 !== 2)
  .map((minute): Row => [minute * MINUTE_MS, "1", "1", "1", "1"]);

Deno.test("the record of a long request lists fewer gaps, so that the database accepts it", async () => {
  await using rig = await createWorkerRig();
  await rig.series.write({ profile: "meter", id: METER }, pageOf(ROWS));
  const [kind] = exportKinds({ ...rig, profiles: builtInProfiles(), version: "" })
    .filter(({ name }) => name === "export");
  await rig.addWorker("a", [kind]);
  const plain = exportSpecOf({
    meterId: METER,
    fromMs: 0,
    toMs: 450 * MINUTE_MS,
    format: "csv",
  });
  // Names that no column has are left out of the file.
  const columns = ["energy_kwh", ...Array.from({ length: 199 }, (_, at) => `c${at}`.padEnd(70))];
  const others = Array.from({ length: 600 }, (_, index) => `o${index}`.padEnd(64, "_"));
  const listed: number[] = [];
  for (const form of [{}, { columns, ids: [METER, ...others] }]) {
    const job = await rig.jobs.create({
      kind: kind.name,
      params: exportParamsOf({ ...plain, gaps: "report", ...form }),
      owner: "anyone",
      slot: null,
    });
    const { result } = await rig.until(job.id, "completed");
    const { gaps } = exportResultOf(result);
    // After the last stretch one is missing as well.
    assertEquals([gaps?.count, gaps?.missing], [150, 150]);
    listed.push(gaps?.listed.length ?? 0);
  }
  // 61,000 bytes less the request leave room for some 40 gaps of 126 bytes.
  assertEquals(listed[0], 100);
  assertEquals(listed[1] > 0 && listed[1] < 100, true, String(listed[1]));
});
