import { createSeriesStore } from "../../../kv/series/store.ts";
import { assertEquals, assertLessOrEqual } from "../../support/assert.ts";
import { createBattery, receive } from "../../support/devices.ts";
import { pageOf } from "../../support/pages.ts";
import { askJson, startTestService } from "../../support/service.ts";
import { strictKv } from "../../support/strict_kv.ts";
import { APPLIANCE, BATTERY, message, postTelemetry } from "../../support/telemetry.ts";
import { createTestApp } from "../app_fixture.ts";

const DAY = Date.UTC(2026, 1, 1);

Deno.test("fields=latest adds the latest reading of each device by its time, or null", async () => {
  await using service = await startTestService();
  const { url } = service;
  const last = { ...BATTERY, temp_c: null, current_a: 0.1 };
  await postTelemetry(url, [
    message({ device_id: "b", timestamp: "2026-02-01T12:00:00.500Z", metrics: last }),
    // Sent later, measured earlier.
    message({ device_id: "b", timestamp: "2026-01-31T12:00:00Z" }),
    message({ device_id: "a", timestamp: "2026-02-01T00:00:00Z", metrics: APPLIANCE }),
  ]);
  await askJson(`${url}/devices/c`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  const { body } = await askJson(`${url}/devices?fields=latest`);
  const latest = body.devices.map((one: Record<string, unknown>) => [one.device_id, one.latest]);
  assertEquals(latest, [
    ["a", { timestamp: "2026-02-01T00:00:00Z", metrics: APPLIANCE }],
    ["b", { timestamp: "2026-02-01T12:00:00.500Z", metrics: last }],
    ["c", null],
  ]);
  assertEquals("latest" in (await askJson(`${url}/devices`)).body.devices[0], false);
});

Deno.test("pages of a list keep fields=latest", async () => {
  await using service = await startTestService();
  for (const device_id of ["a", "b"]) await postTelemetry(service.url, message({ device_id }));
  const first = (await askJson(`${service.url}/devices?limit=1&fields=latest`)).body;
  const second = (await askJson(service.url + first.next)).body;
  assertEquals(second.devices[0].latest.metrics, BATTERY);
});

Deno.test("a page of 100 devices costs at most 114 reads with their latest readings, 2 without", async () => {
  using below = await Deno.openKv(":memory:");
  const store = createSeriesStore({ kv: below, now: () => DAY });
  for (let number = 0; number < 100; number++) {
    const id = `d${String(number).padStart(3, "0")}`;
    await createBattery(below, id, { nowMs: DAY });
    await receive(below, id, DAY);
    await store.write({ profile: "battery", id }, pageOf([[DAY, "50", "300", "1", "20"]]));
  }
  const kv = strictKv(below);
  const series = createSeriesStore({ kv, now: () => DAY });
  const { app } = createTestApp({ kv, series });
  const readsOf = async (query: string) => {
    const before = kv.reads();
    const body = await (await app.request(`/devices?limit=100${query}`)).json();
    assertEquals(body.devices.length, 100);
    return kv.reads() - before;
  };
  assertLessOrEqual(await readsOf(""), 2);
  // The 2 of before, 2 of heads, 10 of 10 segment counts each, and a block of each device.
  assertLessOrEqual(await readsOf("&fields=latest"), 114);
});
