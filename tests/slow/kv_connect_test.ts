import { assertEquals, assertLess } from "../support/assert.ts";
import { DEMO_RANGES, downloadHash, postExports, referenceHashes } from "../support/exports.ts";
import { hasKvServer, startKvServer } from "../support/kv_server.ts";
import { pause, startProcess } from "../support/process.ts";
import { askJson, postJson, waitForEnd } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { until } from "../support/until.ts";

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
      // An answer of /ready is kept for two seconds.
      await until(async () => (await askJson(`${api.url}/ready`)).body.ready === true);
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

Deno.test({
  name: "over KV Connect, DELETE ends an export that another process runs within a second",
  ignore: !await hasKvServer(),
  async fn() {
    await using folder = await makeTempFolder();
    await using server = await startKvServer(folder.path);
    const demo = { ...server.env, DEMO_DATA: "true" };
    await using api = await startProcess(folder.path, { ...demo, ROLE: "api" });
    await using _ = await startProcess(folder.path, { ...server.env, ROLE: "worker" });
    const takenMs: number[] = [];
    for (let round = 0; round < 5; round++) {
      // A row a minute for each of 200 meters over a year: it cannot end before it is cancelled.
      const ids = Array.from({ length: 199 }, (_, index) => `m${index}`);
      const { body } = await postJson(`${api.url}/api/exports`, {
        smart_meter_ids: ["123", ...ids],
        start_datetime: "2024-01-01",
        end_datetime: "2024-12-31",
        interval: "1m",
        gaps: "null",
      });
      const path = `${api.url}/api/exports/${body.job_id}`;
      while ((await askJson(path)).body.status === "pending") await pause(20);
      await pause(round * 170);
      const startMs = performance.now();
      const cancelled = await askJson(path, { method: "DELETE" });
      takenMs.push(performance.now() - startMs);
      // A slow machine may answer before the end: 202.
      assertEquals(cancelled.status === 202 || cancelled.body.status === "cancelled", true);
      await waitForEnd(api.url, body.job_id);
      assertEquals((await askJson(path)).body.status, "cancelled");
      assertEquals(await Array.fromAsync(Deno.readDir(`${folder.path}/.openwatts/files`)), []);
    }
    assertLess(takenMs.toSorted((one, other) => one - other)[2], 1_000, takenMs.join());
  },
});
