import { testFileStore } from "../contracts/file_store_suite.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { DEMO_RANGES, downloadHash, postExports } from "../support/exports.ts";
import { openKvBox } from "../support/file_store_box.ts";
import { storedParts } from "../support/kv_files.ts";
import { hasKvServer, type KvServer, startKvServer } from "../support/kv_server.ts";
import { startProcess } from "../support/process.ts";
import { askJson, waitForEnd } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { until } from "../support/until.ts";

const ignore = !await hasKvServer();

/** Opens the database of a server in this process. */
async function openServed({ env }: KvServer): Promise<Deno.Kv> {
  Deno.env.set("DENO_KV_ACCESS_TOKEN", env.DENO_KV_ACCESS_TOKEN);
  return await Deno.openKv(env.KV_PATH);
}

testFileStore("KV Connect", async () => {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(await makeTempFolder());
  const server = stack.use(await startKvServer(folder.path));
  const kv = stack.use(await openServed(server));
  return { ...await openKvBox(kv), [Symbol.asyncDispose]: () => stack.disposeAsync() };
}, { ignore });

Deno.test({
  name:
    "over one KV Connect server, a worker stores exports in the database and another process serves them",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    await using server = await startKvServer(folder.path);
    const env = { ...server.env, FILE_STORE: "kv:" };
    await using api = await startProcess(folder.path, { ...env, ROLE: "api", DEMO_DATA: "true" });
    await using worker = await startProcess(folder.path, { ...env, ROLE: "worker" });
    const { url } = api;
    await until(async () => (await askJson(`${url}/ready`)).body.ready === true);
    // A year and a month.
    const jobs = await postExports(url, DEMO_RANGES, 2);
    for (const { id } of jobs) {
      const { file_info: file } = await waitForEnd(url, id, 60_000);
      assertEquals(await downloadHash(url, id), file.sha256);
    }
    using kv = await openServed(server);
    const { whole = 0, chunk = 0 } = await storedParts({ below: kv });
    assertEquals(whole, 2);
    // Some 25 MB.
    assert(chunk > 350, String(chunk));
    for (const { id } of jobs) {
      await askJson(`${url}/api/exports/${id}`, { method: "DELETE" });
    }
    assertEquals(await storedParts({ below: kv }), {});
    worker.kill("SIGTERM");
    assertEquals(await worker.ended, 0, worker.output());
    // The server's database is all that is on the disk.
    const names = (await Array.fromAsync(Deno.readDir(folder.path))).map(({ name }) => name);
    assertEquals(names.filter((name) => !name.startsWith("kv.db")), []);
  },
});
