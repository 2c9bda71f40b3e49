import { Webhook } from "standardwebhooks";
import { assert, assertEquals } from "../support/assert.ts";
import {
  askJson,
  exportToEnd,
  importText,
  postJson,
  startTestService,
} from "../support/service.ts";
import { ADMIN_KEY, bearer, KEYED_ACCESS } from "../support/keyed_service.ts";
import { message, postTelemetry } from "../support/telemetry.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { until } from "../support/until.ts";
import { type Received, startWebhookReceiver } from "../support/webhook_receiver.ts";

const MONTH = {
  smart_meter_id: "house-1",
  start_datetime: "2024-01-01T00:00:00Z",
  end_datetime: "2024-01-31T23:59:59Z",
};
const CSV = "timestamp,energy_kwh\n2024-01-01T00:00:00Z,1.5\n2024-01-01T00:15:00Z,2.5\n";

/** The headers of a delivery as the verifier reads them. */
function verified(secret: string, { headers, text }: Received): unknown {
  return new Webhook(secret).verify(text, { ...headers });
}

Deno.test("an export that ends is delivered to a webhook, signed, once, and stands in its log", async () => {
  await using receiver = startWebhookReceiver();
  await using service = await startTestService();
  const made = await postJson(`${service.url}/api/webhooks`, {
    name: "Pipeline",
    url: `${receiver.url}/hooks`,
    events: ["export.completed", "export.failed"],
  });
  assertEquals(made.status, 201);
  await importText(service.url, "house-1", CSV);
  const status = await exportToEnd(service.url, MONTH);
  assertEquals(status.status, "completed");
  await until(() => Promise.resolve(receiver.received.length === 1));
  const [delivery] = receiver.received;
  assertEquals(delivery.path, "/hooks");
  // The package of Standard Webhooks verifies signature and age.
  const body = verified(made.body.secret, delivery);
  assertEquals(delivery.body.type, "export.completed");
  assertEquals(body, delivery.body);
  assertEquals(delivery.body.subject, { kind: "job", id: status.job_id });
  assertEquals(delivery.body.data.meters, ["house-1"]);
  assertEquals(delivery.body.data.row_count, 2);
  assertEquals(delivery.body.data.file.sha256.length, 64);
  const file = await fetch(service.url + delivery.body.data.download_path);
  assertEquals((await file.bytes()).length, delivery.body.data.file.size_bytes);
  const path = `${service.url}/api/webhooks/${made.body.id}/deliveries`;
  await until(async () => (await askJson(path)).body.deliveries[0].state === "delivered");
  const { deliveries: [logged] } = (await askJson(path)).body;
  assertEquals(logged.event_id, delivery.id);
  assertEquals(logged.attempts, 1);
  assertEquals(logged.last_attempt.status, 204);
  assertEquals(logged.last_attempt.request, `POST ${receiver.url}/hooks`);
  const detail = (await askJson(`${path}/${logged.id}`)).body;
  assertEquals(detail.payload, delivery.body);
});

Deno.test("a failed export is an event too, and a webhook for other events gets none", async () => {
  await using receiver = startWebhookReceiver();
  await using service = await startTestService();
  const hook = async (path: string, events: readonly string[]) =>
    await postJson(`${service.url}/api/webhooks`, { url: receiver.url + path, events });
  await hook("/failed", ["export.failed"]);
  await hook("/completed", ["export.completed"]);
  await exportToEnd(service.url, MONTH);
  await until(() => Promise.resolve(receiver.received.length > 0));
  assertEquals(receiver.received.map(({ path, body }) => [path, body.type, body.data.error.code]), [
    ["/failed", "export.failed", "SMART_METER_NOT_FOUND"],
  ]);
});

Deno.test("a delivery that failed is sent again with its id, by itself and by a replay", async () => {
  let isBroken = true;
  await using receiver = startWebhookReceiver(() =>
    isBroken
      ? new Response("x".repeat(5_000), { status: 500 })
      : new Response(null, { status: 204 })
  );
  let aheadMs = 0;
  await using service = await startTestService({ now: () => Date.now() + aheadMs });
  const made = await postJson(`${service.url}/api/webhooks`, {
    url: receiver.url,
    events: ["export.failed"],
  });
  await exportToEnd(service.url, MONTH);
  const path = `${service.url}/api/webhooks/${made.body.id}/deliveries`;
  const newest = async () => (await askJson(path)).body.deliveries[0];
  await until(async () => (await newest())?.attempts === 1);
  const first = await newest();
  assertEquals(first.state, "pending");
  assertEquals(first.last_attempt.error, "The receiver answered 500");
  assertEquals(first.last_attempt.answer, "x".repeat(1_024));
  const waitMs = Date.parse(first.next_attempt_at) - Date.parse(first.last_attempt.at);
  assert(waitMs >= 5_000 && waitMs <= 7_000, String(waitMs));
  isBroken = false;
  aheadMs = 7_000;
  await until(async () => (await newest()).state === "delivered");
  const replay = await postJson(`${path}/${first.id}/replay`, {});
  assertEquals(replay.status, 200);
  await until(() => Promise.resolve(receiver.received.length === 3));
  assertEquals(new Set(receiver.received.map(({ id }) => id)), new Set([first.event_id]));
});

Deno.test("a webhook hears of an import, of a report, and of a device that goes offline and comes back", async () => {
  await using receiver = startWebhookReceiver();
  let aheadMs = 0;
  await using service = await startTestService({
    now: () => Date.now() + aheadMs,
    offlineAfterMs: 60_000,
  });
  const events = ["import.finished", "report.completed", "device.offline", "device.online"];
  await postJson(`${service.url}/api/webhooks`, { url: receiver.url, events });
  const comes = (type: string) =>
    until(() => Promise.resolve(receiver.received.some(({ body }) => body.type === type)));
  const bodyOf = (type: string) => receiver.received.find(({ body }) => body.type === type)?.body;

  await importText(service.url, "house-1", `${CSV}2024-01-01T00:30:00Z,many\n`);
  await comes("import.finished");
  const { meters, inserted, rejected, is_complete } = bodyOf("import.finished").data;
  assertEquals({ meters, inserted, rejected, is_complete }, {
    meters: ["house-1"],
    inserted: 2,
    rejected: 1,
    is_complete: true,
  });

  const report = await postJson(`${service.url}/trigger_report/`, {});
  await comes("report.completed");
  assertEquals(bodyOf("report.completed").subject.id, report.body.report_id);

  await postTelemetry(service.url, message({ device_id: "battery-1" }));
  aheadMs = 120_000;
  await comes("device.offline");
  const { device_id, state, since, last_seen } = bodyOf("device.offline").data;
  assertEquals([device_id, state], ["battery-1", "offline"]);
  // A minute after it was last seen.
  assertEquals(Date.parse(since) - Date.parse(last_seen), 60_000);
  await postTelemetry(service.url, message({ device_id: "battery-1" }));
  await comes("device.online");
});

Deno.test("a webhook that was made without a key is stopped while the service asks for keys", async () => {
  await using temp = await makeTempFolder();
  const kvPath = `${temp.path}/kv`;
  const settings = { kvPath, role: "api" } as const;
  let path: string;
  {
    await using service = await startTestService(settings);
    const url = "https://receiver.example/";
    const { body } = await postJson(`${service.url}/api/webhooks`, {
      url,
      events: ["device.offline"],
    });
    assertEquals([body.state, body.reason], ["active", null]);
    path = `/api/webhooks/${body.id}`;
  }
  await using service = await startTestService({ ...settings, access: KEYED_ACCESS });
  const { body } = await askJson(service.url + path, { headers: bearer(ADMIN_KEY) });
  assertEquals([body.state, body.reason], ["stopped", "key"]);
});
