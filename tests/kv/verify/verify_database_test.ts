import { lockDatabase, openKv } from "../../../kv/opened_kv.ts";
import { verifyFile } from "../../../kv/verify/verify_database.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";

const AROUND = () => Promise.resolve({ files: null, objects: null });
const OPTIONS = { around: AROUND, repairMs: null, say: () => {} };

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
