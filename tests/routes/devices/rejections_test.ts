import { assertEquals } from "../../support/assert.ts";
import { askJson, type JsonAnswer, startTestService } from "../../support/service.ts";
import {
  APPLIANCE,
  askUntil,
  BATTERY,
  linesOf,
  message,
  postLines,
  postTelemetry,
} from "../../support/telemetry.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";

const START_MS = Date.UTC(2026, 1, 1, 12);
const RULE = "at most 5 minutes ahead";
const WARNING = `The last message was rejected: /timestamp breaks the rule "${RULE}"`;

function isoOf(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(".000Z", "Z");
}

async function deviceOf(url: string, id = "test-001"): Promise<JsonAnswer["body"]> {
  return (await askJson(`${url}/devices/${id}`)).body;
}

Deno.test("a device whose clock is fast stays online, and says why it has no readings", async () => {
  let nowMs = START_MS;
  await using service = await startTestService({ now: () => nowMs });
  const { url } = service;
  await postTelemetry(url, message({ timestamp: isoOf(nowMs) }));
  const before = await deviceOf(url);
  assertEquals([before.rejected_today, before.last_rejected, before.warning], [0, null, null]);
  // Its clock is an hour ahead from now on. It sends every 5 minutes for half an hour.
  let timestamp = "";
  for (let minute = 5; minute <= 30; minute += 5) {
    nowMs = START_MS + minute * 60_000;
    timestamp = isoOf(nowMs + 3_600_000);
    assertEquals((await postTelemetry(url, message({ timestamp }))).status, 400);
  }
  const device = await deviceOf(url);
  assertEquals(device.last_rejected, {
    at: "2026-02-01T12:30:00Z",
    pointer: "/timestamp",
    rule: RULE,
    value: timestamp,
  });
  assertEquals([device.rejected_today, device.warning], [6, WARNING]);
  assertEquals([device.state, device.last_seen], ["online", "2026-02-01T12:30:00Z"]);
  assertEquals([device.count, device.last_reading], [1, "2026-02-01T12:00:00Z"]);
  assertEquals((await askJson(`${url}/devices/test-001/events`)).body.events, []);
});

Deno.test("the warning ends with the next accepted message, the count with the UTC day", async () => {
  let nowMs = START_MS;
  await using service = await startTestService({ now: () => nowMs });
  const { url } = service;
  await postTelemetry(url, message({ timestamp: isoOf(nowMs) }));
  await postTelemetry(url, message({ timestamp: isoOf(nowMs + 600_000) }));
  nowMs += 1_000;
  await postTelemetry(url, message({ timestamp: isoOf(nowMs) }));
  const accepted = await deviceOf(url);
  assertEquals([accepted.warning, accepted.rejected_today], [null, 1]);
  assertEquals(accepted.last_rejected.rule, RULE);
  nowMs = Date.UTC(2026, 1, 2);
  assertEquals((await deviceOf(url)).rejected_today, 0);
});

Deno.test("rejected messages of a batch count for their devices; an unknown device stays unknown", async () => {
  await using service = await startTestService({ now: () => START_MS });
  const { url } = service;
  const good = (device_id: string) => message({ device_id, timestamp: isoOf(START_MS) });
  await postTelemetry(url, [good("a"), good("b")]);
  const hot = { ...BATTERY, temp_c: 101 };
  const batch = [
    { ...good("a"), timestamp: "soon" },
    { ...good("a"), metrics: hot },
    { ...good("b"), metrics: APPLIANCE },
    { ...good("c"), metrics: hot },
    good("b"),
  ];
  assertEquals((await postLines(url, linesOf(batch))).body.rejected, 4);
  const [a, b] = await Promise.all([deviceOf(url, "a"), deviceOf(url, "b")]);
  assertEquals([a.rejected_today, a.last_rejected.pointer, a.last_rejected.value], [
    2,
    "/metrics/temp_c",
    101,
  ]);
  assertEquals([b.rejected_today, b.last_rejected.pointer, b.last_rejected.rule], [
    1,
    "/metrics",
    "metrics of the profile battery",
  ]);
  assertEquals((await askJson(`${url}/devices/c`)).status, 404);
});

Deno.test("a device that went offline is back online with a rejected message", async () => {
  let nowMs = START_MS;
  await using service = await startTestService({ now: () => nowMs });
  const { url } = service;
  await postTelemetry(url, message({ timestamp: isoOf(nowMs) }));
  nowMs += 600_000;
  await askUntil(`${url}/devices/test-001`, ({ state }) => state === "offline");
  nowMs += 60_000;
  await postTelemetry(url, message({ timestamp: "never" }));
  const device = await deviceOf(url);
  assertEquals([device.state, device.state_since], ["online", "2026-02-01T12:11:00Z"]);
});

Deno.test("rejections outlive a restart", async () => {
  await using folder = await makeTempFolder();
  const settings = { kvPath: `${folder.path}/kv.sqlite3`, now: () => START_MS };
  {
    await using service = await startTestService(settings);
    await postTelemetry(service.url, message({ timestamp: isoOf(START_MS) }));
    await postTelemetry(service.url, message({ timestamp: "never" }));
  }
  await using service = await startTestService(settings);
  await postTelemetry(service.url, message({ timestamp: "never" }));
  assertEquals((await deviceOf(service.url)).rejected_today, 2);
});
