import { AppError } from "../../../data/app_error.ts";
import type { FileStore } from "../../../data/files/file_store.ts";
import { exportParamsOf, exportSpecOf } from "../../../jobs/exports/export_contract.ts";
import { exportKinds } from "../../../jobs/exports/export_job.ts";
import { assertEquals } from "../../support/assert.ts";
import { pageOf } from "../../support/pages.ts";
import { builtInProfiles } from "../../support/profiles.ts";
import { createWorkerRig } from "../../support/worker_rig.ts";

Deno.test("an export whose list of gaps cannot be written leaves no file", async () => {
  await using rig = await createWorkerRig();
  await rig.series.write({ profile: "meter", id: "m1" }, pageOf([[0, "1", "1", "1", "1"]]));
  const written: string[] = [];
  const files: FileStore = {
    ...rig.files,
    write() {
      throw new AppError("STORAGE_UNAVAILABLE", "no disk");
    },
    openWriter(name, ...rest) {
      written.push(name);
      return rig.files.openWriter(name, ...rest);
    },
  };
  const [kind] = exportKinds({ ...rig, files, profiles: builtInProfiles(), version: "" })
    .filter(({ name }) => name === "export");
  const plain = exportSpecOf({ meterId: "m1", fromMs: 0, toMs: 60_000, format: "csv" });
  const job = await rig.jobs.create({
    kind: kind.name,
    params: exportParamsOf({ ...plain, gaps: "report" }),
    owner: "anyone",
    slot: null,
  });
  await rig.addWorker("a", [kind]);
  while ((await rig.jobs.get(job.id))?.attempt !== 2) await new Promise((go) => setTimeout(go, 5));
  assertEquals(written, [`${job.id}.1`]);
  assertEquals(await Array.fromAsync(rig.files.list()), []);
});
