import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { DEMO_RANGES, postExports } from "../support/exports.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { askJson, startTestService, waitForEnd } from "../support/service.ts";

/** How many keys of files a closed database has. */
async function fileKeys(path: string): Promise<number> {
  using kv = await Deno.openKv(path);
  return (await Array.fromAsync(kv.list({ prefix: ["file"] }))).length;
}

Deno.test("with FILE_STORE=kv: exports are made, downloaded in parts after a restart, and deleted", async () => {
  await using folder = await makeTempFolder();
  const kvPath = `${folder.path}/kv.sqlite3`;
  const ofKv = { kvPath, fileStore: "kv:" };
  let id = "", sha256 = "", sizeBytes = 0;
  {
    await using service = await startTestService({ ...ofKv, demoData: true });
    [{ id }] = await postExports(service.url, [DEMO_RANGES[1]], 1);
    ({ sha256, file_size_bytes: sizeBytes } = (await waitForEnd(service.url, id)).file_info);
    assertEquals((await askJson(`${service.url}/ready`)).body.checks.file_store, true);
    assertEquals(await Array.fromAsync(Deno.readDir(service.folder)), []);
    const { file_room: room } = (await askJson(`${service.url}/api/overview`)).body;
    assertEquals(room, { free_bytes: 1_073_741_824 - sizeBytes, total_bytes: 1_073_741_824 });
    assertMatch(
      await (await fetch(`${service.url}/`, { headers: { accept: "text/html" } })).text(),
      /Files in the database/,
    );
  }
  assert(sizeBytes > 10 * 65_536, "a file of many chunks");
  {
    await using service = await startTestService(ofKv);
    const path = `${service.url}/api/export/download/${id}`;
    const whole = await (await fetch(path)).bytes();
    assertEquals(new Uint8Array(await crypto.subtle.digest("SHA-256", whole)).toHex(), sha256);
    for (const [first, last] of [[0, 0], [65_535, 65_536], [200_000, sizeBytes - 1]]) {
      const part = await fetch(path, { headers: { range: `bytes=${first}-${last}` } });
      assertEquals(part.status, 206);
      assertEquals(await part.bytes(), whole.slice(first, last + 1));
    }
    const past = await fetch(path, { headers: { range: `bytes=${sizeBytes}-` } });
    assertEquals(past.status, 416);
    await past.body?.cancel();
    const removed = await fetch(`${service.url}/api/exports/${id}`, { method: "DELETE" });
    assertEquals(removed.status, 204);
    await removed.body?.cancel();
  }
  assertEquals(await fileKeys(kvPath), 0);
});

Deno.test("an export for which KV_FILES_MAX_BYTES leaves no room fails with STORAGE_FULL, and a shorter one works", async () => {
  await using service = await startTestService({
    fileStore: "kv:",
    kvFilesMaxBytes: 1_048_576,
    demoData: true,
  });
  const [{ id }] = await postExports(service.url, [DEMO_RANGES[1]], 1);
  const failed = await waitForEnd(service.url, id);
  assertEquals(failed.status, "failed");
  assertEquals(failed.error.code, "STORAGE_FULL");
  const [short] = await postExports(service.url, [DEMO_RANGES[2]], 1);
  assertEquals((await waitForEnd(service.url, short.id)).status, "completed");
});
