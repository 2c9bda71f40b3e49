import { assert, assertEquals, assertLessOrEqual } from "../support/assert.ts";
import { pause, type ServiceProcess, startProcess } from "../support/process.ts";
import { askJson, type JsonAnswer, postJson } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { FEWER_KILL_ROUNDS } from "../support/thorough.ts";

const OFFLINE_AFTER_MS = 2_000;
const ENV = { OFFLINE_AFTER_SECONDS: String(OFFLINE_AFTER_MS / 1_000) };

async function send({ url }: ServiceProcess, minute: number): Promise<void> {
  const timestamp = new Date(Date.UTC(2026, 0, 5, 0, minute)).toISOString();
  const metrics = { soc_percent: 50, voltage_v: 300, current_a: 1, temp_c: null };
  const { status } = await postJson(`${url}/telemetry`, { device_id: "d", timestamp, metrics });
  assertEquals(status, 201);
}

/** Waits until the device has `count` events, and returns them. */
async function untilEvents(
  { url, output }: ServiceProcess,
  count: number,
): Promise<JsonAnswer["body"][]> {
  for (const endMs = Date.now() + 30_000;;) {
    const { body } = await askJson(`${url}/devices/d/events`);
    if (body.events.length >= count) return body.events;
    assert(Date.now() < endMs, `${JSON.stringify(body)} ${output()}`);
    await pause(20);
  }
}

Deno.test("kill -9 around each change of a device's state neither repeats nor loses an event", async () => {
  await using folder = await makeTempFolder();
  const expected: string[] = [];
  for (let round = 0; round < FEWER_KILL_ROUNDS; round++) {
    {
      await using service = await startProcess(folder.path, ENV);
      await send(service, round);
      if (round > 0) expected.push("online");
      service.kill("SIGKILL");
      await service.ended;
    }
    const startedMs = Date.now();
    await using service = await startProcess(folder.path, ENV);
    expected.push("offline");
    const events = await untilEvents(service, expected.length);
    const foundMs = Date.now();
    assertEquals(events.map(({ state }) => state), expected);
    const atMs = Date.parse(events[expected.length - 1].at);
    // After a restart the device has its full time again. It goes offline within 5 s of its end.
    assertLessOrEqual(startedMs + OFFLINE_AFTER_MS, atMs);
    assertLessOrEqual(foundMs - atMs, 5_000);
    service.kill("SIGKILL");
    await service.ended;
  }
  await using service = await startProcess(folder.path, ENV);
  const { body } = await askJson(`${service.url}/devices/d`);
  assertEquals([body.state, body.count], ["offline", FEWER_KILL_ROUNDS]);
  const states = (await untilEvents(service, expected.length)).map(({ state }) => state);
  assertEquals(states, expected);
  await send(service, FEWER_KILL_ROUNDS);
  assertEquals((await untilEvents(service, expected.length + 1)).at(-1).state, "online");
});
