import { sweepFiles } from "../../../jobs/engine/sweep.ts";
import { claimed } from "../../../jobs/engine/transitions.ts";
import { commitJob, getJob } from "../../../kv/jobs/jobs.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";
import { createWorkerRig, textKind } from "../../support/worker_rig.ts";
import { openDiskFileStore } from "../../../data/files/disk.ts";

const NOBODY = "00000000-0000-4000-8000-000000000000";

Deno.test("the sweep keeps the files of completed jobs and running epochs, and deletes the others", async () => {
  await using rig = await createWorkerRig();
  await using folder = await makeTempFolder();
  const files = await openDiskFileStore(folder.path);
  const done = await rig.ask();
  const worker = await rig.addWorker("a", [textKind(files, () => Promise.resolve("x"))]);
  await rig.until(done.id, "completed");
  await worker.stop(0);
  const running = await rig.ask();
  const waiting = await rig.ask();
  const entry = await getJob(rig.kv, running.id);
  assert(entry !== null && await commitJob(rig.kv, entry, claimed(entry.value, "b", rig.now())));
  const orphans = [
    `${NOBODY}.1`,
    `${done.id}.2`,
    `${done.id}.1.part`,
    `${running.id}.0`,
    `${waiting.id}.1.part`,
    `${NOBODY}.1.gaps`,
    `${done.id}.2.gaps`,
  ];
  const kept = [
    `${done.id}.1`,
    `${done.id}.1.gaps`,
    `${running.id}.1`,
    `${running.id}.1.part`,
    "of-somebody-else.txt",
  ];
  for (const name of [...orphans, ...kept.slice(1)]) {
    await Deno.writeTextFile(`${folder.path}/${name}`, "");
  }
  await sweepFiles({ kv: rig.kv, files, log: () => {} }, new AbortController().signal);
  const left = (await Array.fromAsync(Deno.readDir(folder.path))).map(({ name }) => name);
  assertEquals(left.toSorted(), kept.toSorted());
});
