import { assertEquals } from "../support/assert.ts";
import { DEMO_RANGES, downloadHash, postExports, referenceHashes } from "../support/exports.ts";
import { hasKvServer, startKvServer } from "../support/kv_server.ts";
import { startProcess } from "../support/process.ts";
import { askJson, waitForEnd } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

Deno.test({
  name: "over one KV Connect server, another worker completes the jobs of a killed worker",
  ignore: !await hasKvServer(),
  async fn() {
    await using folder = await makeTempFolder();
    await using server = await startKvServer(folder.path);
    await using api = await startProcess(folder.path, {
      ...server.env,
      ROLE: "api",
      DEMO_DATA: "true",
    });
    assertEquals((await askJson(`${api.url}/ready`)).body.checks.worker_running, false);
    const ranges = DEMO_RANGES.slice(1);
    {
      await using worker = await startProcess(folder.path, { ...server.env, ROLE: "worker" });
      const expected = await referenceHashes(api.url, ranges);
      assertEquals((await askJson(`${api.url}/ready`)).body.ready, true);
      const jobs = await postExports(api.url, ranges, 30);
      await using _ = await startProcess(folder.path, { ...server.env, ROLE: "worker" });
      worker.kill("SIGKILL");
      for (const { id, range } of jobs) {
        // A job of the killed worker waits until its lease ends, 30 s.
        const status = await waitForEnd(api.url, id, 60_000);
        assertEquals(status.file_info.sha256, expected.get(range.start_datetime));
      }
      assertEquals(await downloadHash(api.url, jobs[0].id), expected.get(ranges[0].start_datetime));
    }
  },
});
