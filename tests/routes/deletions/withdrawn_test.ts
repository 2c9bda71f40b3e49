import { DELETE_READINGS } from "../../../jobs/deletions/deletion_contract.ts";
import {
  changeExportControls,
  type Erasure,
  getExportControls,
} from "../../../kv/continuous/controls.ts";
import { assertEquals } from "../../support/assert.ts";
import { DAY, DAY_MS } from "../../support/series.ts";
import { createWorkerRig } from "../../support/worker_rig.ts";
import { createTestApp } from "../app_fixture.ts";

Deno.test("a deletion that is cancelled or removed between two runs withdraws its requests", async () => {
  await using rig = await createWorkerRig();
  const { app } = createTestApp({ kv: rig.kv, jobs: rig.jobs });
  const span = { fromMs: DAY, toMs: DAY + DAY_MS };
  const params = { subject: "device", profile: "battery", id: "d1", ...span, objects: true };
  const { id } = await rig.ask({ kind: DELETE_READINGS, params });
  const counts = { days: 0, daysDone: 0, deleted: 0, rewritten: 0 };
  const own: Erasure = { jobId: id, ...span, reachedMs: DAY, ...counts, state: "waiting" };
  const other = { ...own, jobId: "other" };
  for (const status of [200, 204]) {
    await changeExportControls(rig.kv, "d1", (now) => ({ ...now, erasures: [own, other] }));
    const answer = await app.request(`/api/deletions/${id}`, { method: "DELETE" });
    assertEquals(answer.status, status);
    const { erasures } = await getExportControls(rig.kv, "d1");
    assertEquals(erasures.map(({ jobId }) => jobId), ["other"]);
  }
});
