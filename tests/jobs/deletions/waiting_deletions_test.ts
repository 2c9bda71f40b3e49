import type { AuditEvent } from "../../../data/audit/event.ts";
import {
  DELETE_DEVICE,
  DELETE_READINGS,
  DELETE_STORE,
} from "../../../jobs/deletions/deletion_contract.ts";
import { deletionKinds } from "../../../jobs/deletions/deletion_job.ts";
import { getExportControls } from "../../../kv/continuous/controls.ts";
import type { JobRecord } from "../../../kv/jobs/jobs.ts";
import { assertEquals } from "../../support/assert.ts";
import { pageOf } from "../../support/pages.ts";
import { pause } from "../../support/process.ts";
import { DAY, DAY_MS } from "../../support/series.ts";
import { createWorkerRig, type WorkerRig } from "../../support/worker_rig.ts";

/** Starts a worker while nobody erases objects, as if their destination were away. */
async function addWorker(rig: WorkerRig, concurrency: number): Promise<void> {
  const deps = { ...rig, offlineAfterMs: 600_000, isExporting: true, invalidateDevice: () => {} };
  await rig.addWorker("w", deletionKinds(deps), concurrency);
}

async function askForErasure(rig: WorkerRig, id: string): Promise<JobRecord> {
  const span = { fromMs: DAY, toMs: DAY + DAY_MS };
  const params = { subject: "device", profile: "battery", id, ...span, objects: true };
  return await rig.ask({ kind: DELETE_READINGS, params });
}

async function untilRequested(rig: WorkerRig, id: string): Promise<void> {
  while ((await getExportControls(rig.kv, id)).erasures.length === 0) await pause(5);
}

Deno.test("deletions that wait for the files of continuous export leave their places to other jobs", async () => {
  await using rig = await createWorkerRig();
  await addWorker(rig, 2);
  const waiting = [];
  for (const id of ["d1", "d2", "d3"]) {
    waiting.push(await askForErasure(rig, id));
    await untilRequested(rig, id);
  }
  const { id } = await rig.ask({ kind: DELETE_STORE, params: { id: "a" } });
  await rig.until(id, "completed");
  for (const job of waiting) {
    assertEquals((await rig.jobs.get(job.id))?.state, "running");
    await rig.jobs.cancel(job.id);
    await rig.until(job.id, "cancelled");
  }
});

Deno.test("a worker that stops makes deletions pending that wait for files", async () => {
  await using rig = await createWorkerRig();
  const deps = { ...rig, offlineAfterMs: 600_000, isExporting: true, invalidateDevice: () => {} };
  const worker = await rig.addWorker("w", deletionKinds(deps), 1);
  const params = { profile: "battery", id: "d1", createdMs: null, objects: true };
  const { id } = await rig.ask({ kind: DELETE_DEVICE, params });
  await untilRequested(rig, "d1");
  await worker.stop(0);
  const job = await rig.jobs.get(id);
  assertEquals([job?.state, job?.attempt], ["pending", 1]);
});

Deno.test("the audit trail has the end of a deletion that is cancelled while it runs", async () => {
  await using rig = await createWorkerRig();
  const events: AuditEvent[] = [];
  const audit = { record: (event: AuditEvent) => Promise.resolve(void events.push(event)) };
  const deps = { ...rig, offlineAfterMs: 1, isExporting: true, invalidateDevice: () => {}, audit };
  await rig.addWorker("w", deletionKinds(deps), 1);
  await rig.series.write({ profile: "battery", id: "d1" }, pageOf([[DAY, "1"], [DAY + 1, "2"]]));
  const { id } = await askForErasure(rig, "d1");
  await untilRequested(rig, "d1");
  await rig.jobs.cancel(id);
  await rig.until(id, "cancelled");
  assertEquals(
    events.map(({ action, outcome, details }) => [action, outcome, details]),
    [["deletion.end", "done", { cancelled: true, deleted_readings: 2 }]],
  );
});
