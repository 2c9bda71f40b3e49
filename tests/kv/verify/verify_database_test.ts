import { claimed, completed, newJob } from "../../../jobs/engine/transitions.ts";
import { deleteJob, getJob, stageJob } from "../../../kv/jobs/jobs.ts";
import { encodeDone } from "../../../kv/journal/stored_record.ts";
import { lockDatabase, openKv, SCHEMA_VERSION } from "../../../kv/opened_kv.ts";
import { verifyFile, verifyShared } from "../../../kv/verify/verify_database.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";

const AROUND = () => Promise.resolve({ files: null, objects: null });
const OPTIONS = {
  around: AROUND,
  nowMs: 0,
  isRepair: false,
  say: () => {},
  pause: () => Promise.resolve(),
};

Deno.test("verify leaves what another connection keeps beside the database", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/kv.sqlite3`;
  await (await openKv(path))[Symbol.asyncDispose]();
  using other = await Deno.openKv(path);
  await other.set(["job", "a"], 1);
  const before = await Deno.stat(`${path}-wal`);
  assertEquals((await verifyFile(path, OPTIONS)).findings, []);
  assertEquals((await Deno.stat(`${path}-wal`)).ino, before.ino);
  await other.set(["job", "b"], 2);
  using later = await Deno.openKv(path);
  assertEquals((await later.get(["job", "b"])).value, 2);
});

Deno.test("nothing is wrong with a journal whose process was killed while it deleted records", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/kv.sqlite3`;
  await (await openKv(path))[Symbol.asyncDispose]();
  {
    using kv = await Deno.openKv(path);
    // The records up to 500 are done. Nobody decodes the one that is left of them.
    await kv.set(["journal", 0], encodeDone(500));
    await kv.set(["journal", 500], Uint8Array.of(99));
  }
  const { findings } = await verifyFile(path, { ...OPTIONS, isRepair: true });
  assertEquals(findings, []);
  {
    using kv = await Deno.openKv(path);
    assertEquals((await kv.get(["journal", 0])).value, encodeDone(500));
    await kv.set(["journal", 501], Uint8Array.of(99));
  }
  const damaged = await verifyFile(path, OPTIONS);
  assertEquals(damaged.findings.map(({ detail }) => detail), [
    "Record 501 of the journal is damaged, with the latest telemetry",
  ]);
});

Deno.test("no service can open the database while it is verified, and it can afterwards", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/kv.sqlite3`;
  await (await openKv(path))[Symbol.asyncDispose]();
  const said: string[] = [];
  let tries = 0;
  const around = async () => {
    tries++;
    await assertRejects(() => openKv(path), Error, "another process has it open");
    return await AROUND();
  };
  await verifyFile(path, { ...OPTIONS, around, say: (text) => said.push(text) });
  assertEquals([tries, said[0]], [1, "Checking the database file"]);
  using _lock = await lockDatabase(path);
  await verifyFile(path, { ...OPTIONS, say: (text) => said.push(text) });
  assertEquals(said.includes("A service uses the database, so a copy is verified"), true);
});

Deno.test("a file that is deleted while a copy is verified is not missing, and one that is not is", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/kv.sqlite3`;
  await using service = await openKv(path);
  const artifact = {
    filename: "a.csv",
    contentType: "text/csv",
    sizeBytes: 5,
    sha256: "",
  };
  for (const id of ["deleted", "missing"]) {
    const made = newJob({ id, kind: "export", params: {}, owner: "o", slot: null }, 0);
    const outcome = { artifact: { ...artifact, name: `${id}.1` }, result: null };
    const op = service.kv.atomic();
    stageJob(op, completed(claimed(made, "p", 0), 0, { ...outcome, fileExpiresMs: 9e15 }));
    await op.commit();
  }
  const read = async () => {
    const entry = await getJob(service.kv, "deleted");
    if (entry !== null) await deleteJob(service.kv, entry);
    return null;
  };
  const around = () => Promise.resolve({ files: { read }, objects: null });
  const { findings } = await verifyFile(path, { ...OPTIONS, around });
  assertEquals(findings.map(({ name }) => name), ["missing.1"]);
});

Deno.test("verify refuses a database of an older release or of a newer one, and does not migrate it", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/kv.sqlite3`;
  for (
    const [version, message] of [
      [1, `The database has schema version 1, and this release has ${SCHEMA_VERSION}: start`],
      [SCHEMA_VERSION + 1, `this release knows versions up to ${SCHEMA_VERSION}`],
      [1_000_000, "a restore into it has not ended"],
    ] as const
  ) {
    const value = { v: 1, version };
    {
      using kv = await Deno.openKv(path);
      await kv.set(["meta", "schema"], value);
    }
    for (const run of [verifyFile, verifyShared]) {
      await assertRejects(() => run(path, OPTIONS), Error, message);
    }
    using kv = await Deno.openKv(path);
    assertEquals((await kv.get(["meta", "schema"])).value, value);
  }
});

Deno.test("a repair of a shared database is refused while a process writes, and goes on if none does", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/kv.sqlite3`;
  await (await openKv(path))[Symbol.asyncDispose]();
  using other = await Deno.openKv(path);
  const waits: number[] = [];
  const options = (during: () => Promise<unknown>) => ({
    ...OPTIONS,
    isRepair: true,
    async pause(ms: number) {
      waits.push(ms);
      await during();
    },
  });
  await other.set(["pulse"], true);
  await assertRejects(
    () => verifyShared(path, options(() => other.set(["pulse"], true))),
    Error,
    `A service uses the database, as it has just written to it: ${path}`,
  );
  assertEquals((await verifyShared(path, options(() => Promise.resolve()))).findings, []);
  assertEquals(waits, [6_000, 6_000]);
});
