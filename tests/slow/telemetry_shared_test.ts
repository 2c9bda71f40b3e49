import { createIngest } from "../../kv/series/ingest.ts";
import { openKv } from "../../kv/opened_kv.ts";
import {
  assert,
  assertEquals,
  assertLessOrEqual,
  assertStringIncludes,
} from "../support/assert.ts";
import { hasKvServer, startKvServer } from "../support/kv_server.ts";
import { failStart, pause, startProcess } from "../support/process.ts";
import { askJson, type JsonAnswer, postJson } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const ignore = !await hasKvServer();
const FROM_MS = Date.UTC(2026, 0, 5);
const METRICS = { soc_percent: 50, voltage_v: 300, current_a: 1, temp_c: null };
const DAY_QUERY = "start_time=2026-01-05T00:00:00Z&end_time=2026-01-06T00:00:00Z";

function send(url: string, id: string, minute: number): Promise<JsonAnswer> {
  const timestamp = new Date(FROM_MS + minute * 60_000).toISOString();
  return postJson(`${url}/telemetry`, { device_id: id, timestamp, metrics: METRICS });
}

/** Waits until a device has `count` events, and returns them. */
async function eventsOf(url: string, id: string, count: number): Promise<JsonAnswer["body"][]> {
  for (const endMs = Date.now() + 30_000;;) {
    const { body } = await askJson(`${url}/devices/${id}/events`);
    if (body.events.length >= count) return body.events;
    assert(Date.now() < endMs, JSON.stringify(body));
    await pause(50);
  }
}

Deno.test({
  name: "readings sent to two instances are visible at both at once, a repeated one once",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    await using server = await startKvServer(folder.path);
    const env = { ...server.env, RATE_LIMIT_REQUESTS: "1000" };
    await using one = await startProcess(folder.path, env);
    await using other = await startProcess(folder.path, env);
    await Promise.all([one, other].map(async ({ url }, index) => {
      for (let minute = index; minute < 40; minute += 2) {
        assertEquals((await send(url, "d", minute)).status, 201);
      }
    }));
    assertEquals((await send(other.url, "d", 0)).status, 200);
    for (const { url } of [one, other]) {
      const { body } = await askJson(`${url}/devices/d/metrics?${DAY_QUERY}`);
      const minutes = body.data.map(({ timestamp }: { timestamp: string }) =>
        (Date.parse(timestamp) - FROM_MS) / 60_000
      );
      assertEquals(minutes, Array.from({ length: 40 }, (_, minute) => minute));
    }
  },
});

Deno.test({
  name: "two instances accept the limit, and at most what one of them is writing on top",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    await using server = await startKvServer(folder.path);
    const limit = 10, inFlight = 3;
    const env = {
      ...server.env,
      RATE_LIMIT_REQUESTS: String(limit),
      RATE_LIMIT_WINDOW_SECONDS: "600",
    };
    await using one = await startProcess(folder.path, env);
    await using other = await startProcess(folder.path, env);
    const statuses: number[] = [];
    let minute = 0;
    await Promise.all(
      [one, other].flatMap(({ url }) =>
        Array.from({ length: inFlight }, async () => {
          for (let turn = 0; turn < 10; turn++) {
            statuses.push((await send(url, "d", minute++)).status);
          }
        })
      ),
    );
    const refused = statuses.filter((status) => status === 429).length;
    const accepted = statuses.filter((status) => status === 201).length;
    assertEquals(refused + accepted, 2 * inFlight * 10);
    assertLessOrEqual(limit, accepted);
    assertLessOrEqual(accepted, limit + inFlight);
    assertEquals((await send(one.url, "d", 0)).status, 429);
  },
});

Deno.test({
  name: "two instances record once that a device went offline, and once that it is back",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    await using server = await startKvServer(folder.path);
    const env = { ...server.env, OFFLINE_AFTER_SECONDS: "2" };
    await using one = await startProcess(folder.path, env);
    await using other = await startProcess(folder.path, env);
    await send(one.url, "d", 0);
    const [{ at }] = await eventsOf(other.url, "d", 1);
    // The event is at the deadline, and the device is found within 5 s of it.
    assertLessOrEqual(Date.now() - Date.parse(at), 5_000);
    await send(other.url, "d", 1);
    const states = (await eventsOf(one.url, "d", 3)).map(({ state }) => state);
    assertEquals(states, ["offline", "online", "offline"]);
  },
});

Deno.test({
  name: "a database whose journal has records cannot be used over KV Connect",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    {
      await using opened = await openKv(`${folder.path}/kv.db`);
      const columns = [{ scale: 0, values: Float64Array.of(1) }];
      const page = { timesMs: Float64Array.of(0), columns };
      await createIngest({ kv: opened.kv, writer: "w" }).add({ profile: "site", id: "s" }, page);
    }
    await using server = await startKvServer(folder.path);
    const { code, output } = await failStart(folder.path, server.env);
    assertEquals(code, 1);
    assertStringIncludes(output, "Cannot share the database as it has a journal");
  },
});
