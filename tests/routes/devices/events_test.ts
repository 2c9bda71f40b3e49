import { assert, assertEquals } from "../../support/assert.ts";
import { askJson, startTestService } from "../../support/service.ts";
import { askUntil, type Message, message, postTelemetry } from "../../support/telemetry.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";

/** The events of a device without their times. */
function statesOf(body: { events: { state: string }[] }): string[] {
  return body.events.map(({ state }) => state);
}

/** A reading that was measured long before it is sent. */
function oldMessage(device_id: string): Message {
  return message({ device_id, timestamp: "2020-01-01T00:00:00Z" });
}

Deno.test("a device that stops sending goes offline once, and its next reading brings it back", async () => {
  const startMs = Date.UTC(2026, 1, 1, 12);
  let nowMs = startMs;
  await using service = await startTestService({ now: () => nowMs });
  const device = `${service.url}/devices/test-001`;
  const at = (minutes: number) =>
    message({ timestamp: new Date(startMs + minutes * 60_000).toISOString() });
  await postTelemetry(service.url, at(0));
  assertEquals((await askJson(`${device}/events`)).body, { device_id: "test-001", events: [] });
  nowMs += 600_000;
  await askUntil(device, ({ state }) => state === "offline");
  const offline = {
    at: "2026-02-01T12:10:00Z",
    state: "offline",
    last_seen: "2026-02-01T12:00:00Z",
  };
  assertEquals((await askJson(`${device}/events`)).body.events, [offline]);
  assertEquals((await askJson(`${service.url}/devices?state=offline`)).body.devices.length, 1);
  nowMs += 60_000;
  await postTelemetry(service.url, at(11));
  const online = {
    at: "2026-02-01T12:11:00Z",
    state: "online",
    last_seen: "2026-02-01T12:11:00Z",
  };
  assertEquals((await askJson(`${device}/events`)).body.events, [offline, online]);
  const { body } = await askJson(device);
  assertEquals([body.state, body.state_since], ["online", "2026-02-01T12:11:00Z"]);
});

Deno.test("a device may have its own time until offline, and old readings keep it online too", async () => {
  const startMs = Date.UTC(2026, 1, 1, 12);
  let nowMs = startMs;
  await using service = await startTestService({ now: () => nowMs });
  const { url } = service;
  await postTelemetry(url, oldMessage("slow"));
  for (const [id, seconds] of [["quick", 5], ["other", 20]] as const) {
    await askJson(`${url}/devices/${id}`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ offline_after_seconds: seconds }),
    });
  }
  nowMs += 15_000;
  // It was measured long ago, but received now.
  await postTelemetry(url, oldMessage("other"));
  nowMs += 10_000;
  await askUntil(`${url}/devices/quick`, ({ state }) => state === "offline");
  const { body } = await askJson(`${url}/devices`);
  const states = body.devices.map((one: Record<string, string>) => [one.device_id, one.state]);
  assertEquals(states, [["other", "online"], ["quick", "offline"], ["slow", "online"]]);
  assertEquals((await askJson(`${url}/devices/quick/events`)).body.events, [
    { at: "2026-02-01T12:00:05Z", state: "offline", last_seen: null },
  ]);
});

Deno.test("a restart repeats no event, and gives devices their full time again", async () => {
  await using folder = await makeTempFolder();
  const kvPath = `${folder.path}/kv.sqlite3`;
  let nowMs = Date.UTC(2026, 1, 1, 12);
  const now = () => nowMs;
  {
    await using service = await startTestService({ kvPath, now });
    await postTelemetry(service.url, oldMessage("off"));
    nowMs += 600_000;
    await askUntil(`${service.url}/devices/off`, ({ state }) => state === "offline");
    await postTelemetry(service.url, oldMessage("on"));
  }
  // Longer than its time until offline, but the service was down.
  nowMs += 900_000;
  await using service = await startTestService({ kvPath, now });
  const { url } = service;
  assertEquals((await askJson(`${url}/devices/on`)).body.state, "online");
  nowMs += 600_000;
  await askUntil(`${url}/devices/on`, ({ state }) => state === "offline");
  for (const [id, at] of [["off", "2026-02-01T12:10:00Z"], ["on", "2026-02-01T12:35:00Z"]]) {
    const { events } = (await askJson(`${url}/devices/${id}/events`)).body;
    assertEquals(events.length, 1, id);
    assertEquals([events[0].at, events[0].state], [at, "offline"]);
  }
});

Deno.test("events come page by page, after a time, and wrong queries are rejected", async () => {
  let nowMs = Date.UTC(2026, 1, 1, 12);
  await using service = await startTestService({ now: () => nowMs });
  const { url } = service;
  for (let round = 0; round < 2; round++) {
    await postTelemetry(url, oldMessage("test-001"));
    nowMs += 600_000;
    await askUntil(`${url}/devices/test-001`, ({ state }) => state === "offline");
    nowMs += 1_000;
  }
  const first = await askJson(`${url}/devices/test-001/events?limit=2`);
  assertEquals(statesOf(first.body), ["offline", "online"]);
  const link = /^<(.*)>; rel="next"$/.exec(first.headers.get("link") ?? "");
  assert(link !== null);
  const last = await askJson(url + link[1]);
  assertEquals([statesOf(last.body), last.headers.get("link")], [["offline"], null]);
  const after = await askJson(`${url}/devices/test-001/events?after=2026-02-01T12:10:00Z`);
  assertEquals(statesOf(after.body), ["online", "offline"]);
  const wrong = await askJson(`${url}/devices/test-001/events?limit=0&after=soon`);
  const pointers = wrong.body.errors.map(({ pointer }: { pointer: string }) => pointer);
  assertEquals([wrong.status, pointers], [400, ["#limit", "#after"]]);
});
