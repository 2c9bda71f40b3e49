import { assert, assertEquals } from "../support/assert.ts";
import { listFiles } from "../support/continuous_service.ts";
import { pause, startProcess } from "../support/process.ts";
import { startS3Double } from "../support/s3_double.ts";
import { openS3Box } from "../support/s3_server.ts";
import { askJson, importText, type JsonAnswer, postJson } from "../support/service.ts";
import { linesOf, postLines } from "../support/telemetry.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { FEWER_KILL_ROUNDS } from "../support/thorough.ts";
import { until } from "../support/until.ts";

/** Hours of eight years: as many days as several dozen commits remove. */
const HOURS = 8 * 365 * 24;
const START_MS = Date.UTC(2010, 0, 1);
const HOUR_MS = 3_600_000;

function meterCsv(): string {
  const lines = ["timestamp,power_kw"];
  for (let hour = 0; hour < HOURS; hour++) {
    lines.push(`${new Date(START_MS + hour * HOUR_MS).toISOString()},${hour % 9}`);
  }
  return `${lines.join("\n")}\n`;
}

Deno.test(`a deletion survives kill -9, ${FEWER_KILL_ROUNDS} rounds: it goes on and deletes its range, no more`, async () => {
  const csv = meterCsv();
  for (let round = 1; round <= FEWER_KILL_ROUNDS; round++) {
    await using folder = await makeTempFolder();
    let job: JsonAnswer["body"];
    {
      await using service = await startProcess(folder.path, {});
      assertEquals((await importText(service.url, "m1", csv)).body.inserted, HOURS);
      // All but the first 10 hours and the last 20.
      const from = new Date(START_MS + 10 * HOUR_MS).toISOString();
      const to = new Date(START_MS + (HOURS - 20) * HOUR_MS).toISOString();
      const path = `${service.url}/api/meters/m1/readings?from=${from}&to=${to}`;
      const answer = await askJson(path, { method: "DELETE" });
      assert(answer.status === 202 || answer.status === 200);
      job = answer.body;
      await pause(Math.random() * 150);
      service.kill("SIGKILL");
      await service.ended;
    }
    await using service = await startProcess(folder.path, {});
    const { url } = service;
    await until(async () =>
      (await askJson(`${url}/api/jobs/${job.job_id}`)).body.status === "completed"
    );
    const { body } = await askJson(`${url}/api/meters/m1`);
    assertEquals([body.count, body.first_reading, body.last_reading], [
      30,
      "2010-01-01T00:00:00Z",
      new Date(START_MS + (HOURS - 1) * HOUR_MS).toISOString().replace(".000Z", "Z"),
    ]);
  }
});

/** Waits until a deletion has ended, whatever came in between. */
async function untilDeleted(url: string, id: string): Promise<JsonAnswer["body"]> {
  let body: JsonAnswer["body"];
  await until(async () => {
    body = (await askJson(`${url}/api/deletions/${id}`)).body;
    return body.ended_at !== null;
  }, 60_000);
  assertEquals([body.status, body.error], ["completed", null]);
  return body;
}

/** The first parts of the keys that name an id, in the database of a service that is not running. */
async function spacesWith(folder: string, id: string): Promise<string[]> {
  using kv = await Deno.openKv(`${folder}/.openwatts/kv.sqlite3`);
  const spaces = new Set<string>();
  for await (const { key } of kv.list({ prefix: [] })) {
    if (key.includes(id)) spaces.add(String(key[0]));
  }
  return [...spaces].toSorted();
}

Deno.test(`the deletion of a meter survives kill -9, ${FEWER_KILL_ROUNDS} rounds: nothing of it is left, and all of others`, async () => {
  const csv = meterCsv();
  const json = { "content-type": "application/json" };
  for (let round = 1; round <= FEWER_KILL_ROUNDS; round++) {
    await using folder = await makeTempFolder();
    let id = "";
    {
      await using service = await startProcess(folder.path, {});
      const { url } = service;
      const metric = { name: "power_kw", unit: "kW", aggregate: "mean" };
      const put = { method: "PUT", headers: json };
      await askJson(`${url}/api/profiles/roof`, {
        ...put,
        body: JSON.stringify({ metrics: [metric] }),
      });
      for (const meter of ["m1", "m2"]) {
        const body = JSON.stringify({ profile: "roof", label: "Roof", timezone: "Europe/Berlin" });
        assertEquals((await askJson(`${url}/api/meters/${meter}`, { ...put, body })).status, 201);
        assertEquals((await importText(url, meter, csv)).body.inserted, HOURS);
      }
      id = (await askJson(`${url}/api/meters/m1`, { method: "DELETE" })).body.job_id;
      await pause(Math.random() * 150);
      service.kill("SIGKILL");
      await service.ended;
    }
    {
      await using service = await startProcess(folder.path, {});
      const { url } = service;
      await untilDeleted(url, id);
      assertEquals((await askJson(`${url}/api/meters/m1`)).status, 404);
      const { count, label } = (await askJson(`${url}/api/meters/m2`)).body;
      assertEquals([count, label], [HOURS, "Roof"]);
    }
    // What stays: that the series was there and is gone, and on which days that changed something.
    const left = await spacesWith(folder.path, "m1");
    assertEquals(left.filter((space) => !["series", "revision", "changed"].includes(space)), []);
  }
});

/** Readings of some devices, ten minutes apart from a time on, as lines. */
function readings(ids: readonly string[], fromMs: number, count: number): string {
  return linesOf(ids.flatMap((device_id) =>
    Array.from({ length: count }, (_, index) => ({
      device_id,
      timestamp: new Date(fromMs + index * 600_000).toISOString(),
      metrics: { soc_percent: 50, voltage_v: 300, current_a: index, temp_c: null },
    }))
  ));
}

Deno.test(`devices that go on sending are deleted across kill -9, ${FEWER_KILL_ROUNDS} rounds: no old reading comes back`, async () => {
  const ids = Array.from({ length: 40 }, (_, index) => `d${10 + index}`);
  const oldMs = Date.UTC(2026, 0, 5), newMs = Date.UTC(2026, 0, 20);
  const settings = { RATE_LIMIT_REQUESTS: "1000000" };
  for (let round = 1; round <= FEWER_KILL_ROUNDS; round++) {
    await using folder = await makeTempFolder();
    let id = "";
    {
      await using service = await startProcess(folder.path, settings);
      const { url } = service;
      assertEquals((await postLines(url, readings([...ids, "e1"], oldMs, 100))).status, 200);
      let number = 0;
      const send = async (): Promise<void> => {
        for (;;) await postLines(url, readings(ids, newMs + number++ * 600_000, 1));
      };
      const sending = send().catch(() => {});
      const { status, body } = await postJson(`${url}/api/deletions`, { devices: ["d*"] });
      assertEquals([status, body.ids.length], [202, ids.length]);
      id = body.id;
      await pause(Math.random() * 400);
      service.kill("SIGKILL");
      await Promise.all([service.ended, sending]);
    }
    await using service = await startProcess(folder.path, settings);
    const { url } = service;
    await untilDeleted(url, id);
    for (const device of ids) {
      const { status, body } = await askJson(`${url}/devices/${device}`);
      const isNew = body.first_reading === null || Date.parse(body.first_reading) >= newMs;
      assert(status === 404 || (status === 200 && isNew), JSON.stringify(body));
    }
    const { body } = await askJson(`${url}/devices/e1`);
    assertEquals(body.count, 100);
  }
});

for (const target of ["a folder", "S3"] as const) {
  Deno.test(`objects=true in ${target} survives kill -9, ${FEWER_KILL_ROUNDS} rounds: no file of the device is left, and all of others`, async () => {
    const fromMs = Date.UTC(2026, 0, 5);
    for (let round = 1; round <= FEWER_KILL_ROUNDS; round++) {
      await using folder = await makeTempFolder();
      await using server = startS3Double();
      const { bucket, client } = await openS3Box(server);
      const settings = {
        RATE_LIMIT_REQUESTS: "1000000",
        CONTINUOUS_EXPORT: "on",
        EXPORT_INTERVAL_SECONDS: "3600",
        EXPORT_FORMAT: "csv",
        EXPORT_LAYOUT: round % 2 === 0 ? "hive" : "plain",
        EXPORT_COMPACT: ["off", "daily", "daily-by-profile"][round % 3],
        ...(target === "a folder" ? {} : {
          S3_BUCKET: bucket,
          S3_ENDPOINT: server.access.endpoint,
          AWS_ACCESS_KEY_ID: "double",
          AWS_SECRET_ACCESS_KEY: "secret",
        }),
      };
      const files = async (): Promise<string[]> => {
        if (target === "a folder") return await listFiles(`${folder.path}/.openwatts/lake`);
        const call = { prefix: "", signal: new AbortController().signal };
        return (await Array.fromAsync(client.list(call))).map(({ key }) => key);
      };
      let id = "";
      {
        await using service = await startProcess(folder.path, settings);
        const { url } = service;
        // Five days of 144 readings each.
        assertEquals((await postLines(url, readings(["D1", "D2"], fromMs, 720))).status, 200);
        // A pass may have begun by then, and be killed with objects that nothing counts.
        await pause(Math.random() * 2_000);
        const answer = await askJson(`${url}/devices/D1?objects=true`, { method: "DELETE" });
        assertEquals(answer.status, 202);
        id = answer.body.job_id;
        await pause(Math.random() * 1_500);
        service.kill("SIGKILL");
        await service.ended;
      }
      await using service = await startProcess(folder.path, settings);
      const { url } = service;
      await untilDeleted(url, id);
      const named = (await files()).filter((name) => name.includes("D1"));
      assertEquals(named, [], `round ${round}`);
      assertEquals((await askJson(`${url}/devices/D1`)).status, 404);
      const ofD2 = async () => (await askJson(`${url}/api/continuous-exports/D2`)).body;
      await until(async () => {
        const { state, exported_revision, revision } = await ofD2();
        return state === "up_to_date" && exported_revision === revision;
      }, 60_000);
      const { body } = await askJson(`${url}/devices/D2`);
      assertEquals(body.count, 720);
    }
  });
}
