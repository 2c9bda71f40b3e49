import { openDiskFileStore } from "../../../data/files/disk.ts";
import { claimed, completed, newJob } from "../../../jobs/engine/transitions.ts";
import { copyFiles, removeOtherFiles } from "../../../kv/backup/artifact_files.ts";
import { stageJob } from "../../../kv/jobs/jobs.ts";
import { assertEquals } from "../../support/assert.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";

/** `printf hello | sha256sum` */
const HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

Deno.test("after a second backup of the same name, its folder has the files that its jobs name", async () => {
  await using folder = await makeTempFolder();
  const { path } = folder;
  using kv = await Deno.openKv(":memory:");
  const made = newJob({ id: "j1", kind: "export", params: {}, owner: "o", slot: null }, 0);
  const artifact = {
    name: "j1.1",
    filename: "a.csv",
    contentType: "text/csv",
    sizeBytes: 5,
    sha256: HELLO,
    sides: ["gaps"],
  };
  const op = kv.atomic();
  const outcome = { artifact, result: null, fileExpiresMs: 9e15 };
  stageJob(op, completed(claimed(made, "p", 0), 0, outcome));
  await op.commit();
  const from = await openDiskFileStore(`${path}/files`);
  const to = await openDiskFileStore(`${path}/backup.files`);
  for (const name of ["files/j1.1", "files/j1.1.gaps", "backup.files/j0.1"]) {
    await Deno.writeTextFile(`${path}/${name}`, "hello");
  }
  // A copy was killed, and a person has put a folder there.
  await Deno.writeTextFile(`${path}/backup.files/j0.2.part`, "he");
  await Deno.mkdir(`${path}/backup.files/notes`);
  assertEquals((await copyFiles(kv, { from, to, onProgress: () => {} })).copied, 2);
  assertEquals(await removeOtherFiles(kv, to), 2);
  const left = [...Deno.readDirSync(`${path}/backup.files`)].map(({ name }) => name).toSorted();
  assertEquals(left, ["j1.1", "j1.1.gaps", "notes"]);
  assertEquals(await removeOtherFiles(kv, to), 0);
});
