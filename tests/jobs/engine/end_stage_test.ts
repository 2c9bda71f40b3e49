import type { EndStage } from "../../../jobs/engine/run_outcome.ts";
import { assertEquals } from "../../support/assert.ts";
import { createWorkerRig, textKind } from "../../support/worker_rig.ts";

/** Notes each end in the database: `["end", id]` → state. */
const endStage: EndStage = ({ id, state }) => (op) => op.set(["end", id], state);

Deno.test("what goes with the end of a job is in the commit that ends it", async () => {
  await using rig = await createWorkerRig(undefined, { endStage });
  await rig.addWorker("w", [textKind(rig.files, () => Promise.resolve("a"))]);
  const job = await rig.ask();
  await rig.until(job.id, "completed");
  const [end, record] = await rig.kv.getMany([["end", job.id], ["job", job.id]]);
  assertEquals(end.value, "completed");
  assertEquals(end.versionstamp, record.versionstamp);
});

Deno.test("a job that fails, and one that is cancelled while it waits, end with it too", async () => {
  await using rig = await createWorkerRig(undefined, { endStage });
  const cancelled = await rig.ask();
  await rig.jobs.cancel(cancelled.id);
  assertEquals((await rig.kv.get(["end", cancelled.id])).value, "cancelled");
  await rig.addWorker("w", [{
    name: "test",
    failure: { code: "EXPORT_FAILED", message: "It failed", details: "" },
    run: () => Promise.reject(new Error("no")),
  }]);
  const job = await rig.ask();
  // Three attempts, 0.5 s and 2 s apart.
  while ((await rig.jobs.get(job.id))?.state !== "failed") {
    const [end, record] = await rig.kv.getMany([["end", job.id], ["job", job.id]]);
    // It may have failed since the state was read; then both are of one commit.
    if (end.value !== null) assertEquals(end.versionstamp, record.versionstamp);
    rig.advance(2_000);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assertEquals((await rig.kv.get(["end", job.id])).value, "failed");
});
