import { assert, assertEquals, assertLess } from "../support/assert.ts";
import { runChaos } from "../support/chaos.ts";
import { hasKvServer, startKvServer } from "../support/kv_server.ts";
import { pause, startProcess } from "../support/process.ts";
import { askJson, postJson } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { until } from "../support/until.ts";

const ignore = !await hasKvServer();
const DEVICE = {
  device_id: "d1",
  timestamp: "2026-01-05T00:00:00Z",
  metrics: { soc_percent: 50, voltage_v: 300, current_a: 1, temp_c: null },
};

Deno.test({
  name:
    "three processes over one database and S3 lose and double nothing while processes are killed and the database is killed and paused",
  ignore,
  async fn() {
    const report = await runChaos({ durationMs: 15_000 });
    const { readings, exports, faults } = report;
    assertEquals([readings.lost, readings.extra], [0, 0]);
    assertEquals([exports.lost, exports.extra], [0, 0]);
    assert(readings.acknowledged > 20 && exports.accepted > 3);
    assert(Object.keys(faults).length >= 4, JSON.stringify(faults));
  },
});

Deno.test({
  name:
    "while the database is paused, /ready is 503 within 2 s, and requests get 503 with Retry-After within 10 s",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    await using server = await startKvServer(folder.path);
    await using service = await startProcess(folder.path, server.env);
    const { url } = service;
    assertEquals((await postJson(`${url}/telemetry`, DEVICE)).status, 201);
    for (const away of ["paused", "killed"]) {
      if (away === "paused") server.signal("SIGSTOP");
      else await server.kill();
      const asked = performance.now();
      const requests = [
        postJson(`${url}/telemetry`, { ...DEVICE, timestamp: "2026-01-05T00:01:00Z" }),
        postJson(`${url}/api/exports`, {
          device_ids: ["d1"],
          start_datetime: "2026-01-05",
          end_datetime: "2026-01-05",
        }),
        askJson(`${url}/devices/d1`),
        askJson(`${url}/api/exports`),
      ];
      const answers = Promise.all(requests);
      answers.catch(() => {});
      // A result is given to others for two seconds.
      await pause(2_100);
      const readyMs = performance.now();
      const ready = await askJson(`${url}/ready`);
      assertLess(performance.now() - readyMs, 2_000);
      assertEquals([ready.status, ready.body.checks.kv], [503, false]);
      assertEquals((await askJson(`${url}/health`)).status, 200);
      for (const { status, body, headers } of await answers) {
        assertEquals([status, body.code], [503, "DATABASE_UNAVAILABLE"], JSON.stringify(body));
        assertEquals(headers.get("retry-after"), "5");
      }
      assertLess(performance.now() - asked, 10_000);
      const { status, body } = await askJson(`${url}/api/exports`);
      assertEquals([status, body.details], [503, "Nothing was done; send the request again"]);
      if (away === "paused") server.signal("SIGCONT");
      else await server.restart();
      await until(async () => (await askJson(`${url}/ready`)).status === 200);
      const again = { ...DEVICE, timestamp: "2026-01-05T00:02:00Z" };
      // Readiness is asked over another connection than what devices send.
      await until(async () => (await postJson(`${url}/telemetry`, again)).status <= 201);
    }
  },
});

Deno.test({
  name: "a start waits for a database that is away, says so, and ends when it is asked to",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    await using server = await startKvServer(folder.path);
    await server.kill();
    const port = Number(new URL(server.env.KV_PATH).port);
    const listener = Deno.listen({ hostname: "127.0.0.1", port });
    const starting = startProcess(folder.path, server.env);
    // The second connection shows that the first one did not end the start.
    for (let tries = 0; tries < 2; tries++) (await listener.accept()).close();
    listener.close();
    await server.restart();
    await using service = await starting;
    assertEquals((await askJson(`${service.url}/ready`)).body.checks.kv, true);
    assert(service.output().includes('"event":"database not reached"'), service.output());
  },
});
