import { RunLater } from "../../../jobs/engine/job_kind.ts";
import { assertEquals } from "../../support/assert.ts";
import { pause } from "../../support/process.ts";
import { createWorkerRig } from "../../support/worker_rig.ts";

const failure = { code: "EXPORT_FAILED", message: "It failed", details: "" };

Deno.test("a run that waits for something is pending until then, and runs again as its first attempt", async () => {
  await using rig = await createWorkerRig();
  let runs = 0;
  await rig.addWorker("a", [{
    name: "test",
    failure,
    run() {
      if (++runs < 4) return Promise.reject(new RunLater("no data yet", rig.now() + 60_000));
      return Promise.resolve({ artifact: null, result: null });
    },
  }]);
  const { id } = await rig.ask();
  for (let waits = 1; waits < 4; waits++) {
    while (runs < waits || (await rig.jobs.get(id))?.state !== "pending") await pause(5);
    // Nothing runs before its time.
    await pause(20);
    assertEquals(runs, waits);
    rig.advance(60_000);
  }
  const job = await rig.until(id, "completed");
  assertEquals([job.attempt, job.abandoned, job.epoch], [1, 0, 4]);
  assertEquals(job.history.map(({ state }) => state), ["pending", "running", "completed"]);
});

Deno.test("a run that waits can be cancelled meanwhile", async () => {
  await using rig = await createWorkerRig();
  const run = () => Promise.reject(new RunLater("no data yet", rig.now() + 60_000));
  await rig.addWorker("a", [{ name: "test", failure, run }]);
  const { id } = await rig.ask();
  while (!rig.logged.includes("job run waits")) await pause(5);
  await rig.until(id, "pending");
  assertEquals(await rig.jobs.cancel(id), true);
  assertEquals((await rig.jobs.get(id))?.state, "cancelled");
});
