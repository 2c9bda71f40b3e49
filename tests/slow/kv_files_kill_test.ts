import { createHash } from "node:crypto";
import { openKvFileStore } from "../../kv/files/kv_file_store.ts";
import { assert, assertEquals } from "../support/assert.ts";
import {
  type AcceptedJob,
  DEMO_RANGES,
  downloadHash,
  postExports,
  referenceHashes,
} from "../support/exports.ts";
import { storedParts } from "../support/kv_files.ts";
import { pause, type ServiceProcess, startProcess } from "../support/process.ts";
import { askJson, waitForEnd } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { FEWER_KILL_ROUNDS, killRounds } from "../support/thorough.ts";

const ENV = { FILE_STORE: "kv:" };

Deno.test(`exports to the database survive kill -9, ${FEWER_KILL_ROUNDS} rounds`, async (t) => {
  await using folder = await makeTempFolder();
  const kvPath = `${folder.path}/.openwatts/kv.sqlite3`;
  let hashes = new Map<string, string>();
  {
    await using service = await startProcess(folder.path, { ...ENV, DEMO_DATA: "true" });
    hashes = await referenceHashes(service.url, DEMO_RANGES);
    await deleteAll(service.url);
    await stop(service);
  }
  let leftovers = 0;
  for (const { round } of killRounds(FEWER_KILL_ROUNDS, () => leftovers > 0)) {
    const delayMs = Math.floor(Math.random() * 1_000);
    await t.step(`round ${round}: killed ${delayMs} ms after the year began`, async () => {
      const accepted = await killDuringExports(folder.path, delayMs);
      leftovers += await expectWholeFiles(kvPath, new Set(hashes.values()));
      await using service = await startProcess(folder.path, ENV);
      for (const { id, range } of accepted) {
        const status = await waitForEnd(service.url, id);
        assertEquals(status.file_info?.sha256, hashes.get(range.start_datetime));
        assertEquals(await downloadHash(service.url, id), hashes.get(range.start_datetime));
      }
      await deleteAll(service.url);
      await stop(service);
      // The first round of the sweep, at the start, has erased what the killed process left.
      using kv = await Deno.openKv(kvPath);
      assertEquals(await storedParts({ below: kv }), {});
    });
  }
  assert(leftovers > 0, "no kill interrupted a write");
});

/** Requests exports and kills the process some time after that of a year began. */
async function killDuringExports(folder: string, delayMs: number): Promise<AcceptedJob[]> {
  await using service = await startProcess(folder, ENV);
  const accepted = await postExports(service.url, DEMO_RANGES, 8);
  const year = accepted.find(({ range }) => range === DEMO_RANGES[0]);
  assert(year !== undefined);
  const path = `${service.url}/api/exports/${year.id}`;
  while ((await askJson(path)).body.status === "pending") await pause(5);
  await pause(delayMs);
  service.kill("SIGKILL");
  await service.ended;
  return accepted;
}

/** Reads every file as another process sees it. Returns how many writes and deletions are unfinished. */
async function expectWholeFiles(kvPath: string, hashes: ReadonlySet<string>): Promise<number> {
  using kv = await Deno.openKv(kvPath);
  const store = openKvFileStore({ kv, maxBytes: 1e9, newId: () => crypto.randomUUID() });
  for await (const { name, isWhole } of store.list()) {
    const file = await store.read(name);
    assertEquals(file !== null, isWhole, name);
    if (file === null) continue;
    const hash = createHash("sha256");
    for await (const chunk of file) hash.update(chunk);
    assert(hashes.has(hash.digest("hex")), name);
  }
  const { open = 0, dropped = 0 } = await storedParts({ below: kv });
  return open + dropped;
}

async function deleteAll(url: string): Promise<void> {
  for (;;) {
    const { body } = await askJson(`${url}/api/exports?limit=100`);
    if (body.exports.length === 0) return;
    for (const { id } of body.exports) {
      const { status } = await askJson(`${url}/api/exports/${id}`, { method: "DELETE" });
      // One that was accepted without an answer may still run: then it is cancelled first.
      assert([200, 202, 204].includes(status), String(status));
    }
  }
}

async function stop(service: ServiceProcess): Promise<void> {
  service.kill("SIGTERM");
  assertEquals(await service.ended, 0, service.output());
}
