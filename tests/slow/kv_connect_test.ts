import { assertEquals, assertLess, assertStringIncludes } from "../support/assert.ts";
import { DEMO_RANGES, downloadHash, postExports, referenceHashes } from "../support/exports.ts";
import { hasKvServer, startKvServer } from "../support/kv_server.ts";
import { pause, startProcess } from "../support/process.ts";
import { askJson, postJson, waitForEnd } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { until } from "../support/until.ts";

/** A row a minute for each of 200 meters over a year: it cannot end before it is cancelled. */
const LONG_EXPORT = {
  smart_meter_ids: ["123", ...Array.from({ length: 199 }, (_, index) => `m${index}`)],
  start_datetime: "2024-01-01",
  end_datetime: "2024-12-31",
  interval: "1m",
  gaps: "null",
};

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
      const { body } = await postJson(`${api.url}/api/exports`, LONG_EXPORT);
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

Deno.test({
  name: "a service whose database is away stops within its grace, and fails no export",
  ignore: !await hasKvServer(),
  async fn() {
    await using folder = await makeTempFolder();
    await using server = await startKvServer(folder.path);
    const env = { ...server.env, DEMO_DATA: "true", STOP_GRACE_SECONDS: "4" };
    let jobId: string;
    {
      await using service = await startProcess(folder.path, env);
      const { body } = await postJson(`${service.url}/api/exports`, LONG_EXPORT);
      jobId = body.job_id;
      const path = `${service.url}/api/exports/${jobId}`;
      await until(async () => (await askJson(path)).body.status === "running");
      server.signal("SIGSTOP");
      const asked = postJson(`${service.url}/telemetry`, {
        device_id: "d",
        timestamp: new Date().toISOString(),
        metrics: { soc_percent: 50, voltage_v: 385, current_a: -4, temp_c: 28 },
      }).then(({ status }) => status, () => "no answer");
      // Every loop has something to ask the database by then.
      await pause(2_000);
      const startedMs = performance.now();
      service.kill("SIGTERM");
      assertEquals(await service.ended, 0, service.output());
      // After 8 s it would be forced to end, with another code.
      assertLess(performance.now() - startedMs, 7_500);
      assertStringIncludes(service.output(), '"event":"stopped"');
      assertEquals([503, "no answer"].includes(await asked), true);
    }
    server.signal("SIGCONT");
    await using service = await startProcess(folder.path, env);
    // Its lease has not ended, and nothing says that it failed.
    const path = `${service.url}/api/exports/${jobId}`;
    assertEquals((await askJson(path)).body.status, "running");
  },
});
