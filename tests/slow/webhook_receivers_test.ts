import { HOUR_MS, WEBHOOKS_MAX } from "../../data/limits.ts";
import { openKv } from "../../kv/opened_kv.ts";
import { assert, assertEquals, assertLessOrEqual } from "../support/assert.ts";
import { pause } from "../support/process.ts";
import { startRawServer } from "../support/raw_server.ts";
import {
  askJson,
  exportToEnd,
  importText,
  type JsonAnswer,
  postJson,
  startTestService,
} from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { until } from "../support/until.ts";
import { startWebhookReceiver } from "../support/webhook_receiver.ts";
import { storeWebhook } from "../support/webhooks.ts";

const DAY = {
  start_datetime: "2024-01-01T00:00:00Z",
  end_datetime: "2024-01-01T23:59:59Z",
};
/** No meter has this name, so an export of it fails. */
const UNKNOWN = { smart_meter_id: "unknown", ...DAY };
/** The longest wait, milliseconds: a receiver that hangs has 20 s. */
const END_MS = 60_000;

async function addWebhook(url: string, target: string): Promise<string> {
  const { status, body } = await postJson(`${url}/api/webhooks`, {
    url: target,
    events: ["export.failed"],
  });
  assertEquals(status, 201, JSON.stringify(body));
  return `${url}/api/webhooks/${body.id}`;
}

/** The deliveries of a webhook, the latest first. */
async function deliveriesOf(webhook: string): Promise<JsonAnswer["body"][]> {
  return (await askJson(`${webhook}/deliveries?limit=100`)).body.deliveries;
}

Deno.test("exports run at once while 1,000 webhooks hang and take every place of deliveries", async () => {
  await using folder = await makeTempFolder();
  const kvPath = `${folder.path}/kv.sqlite3`;
  const released = Promise.withResolvers<void>();
  await using receiver = startWebhookReceiver(async () => {
    await released.promise;
    return new Response(null, { status: 500 });
  });
  {
    await using opened = await openKv(kvPath);
    for (let number = 0; number < WEBHOOKS_MAX; number++) {
      const id = `wh_${String(number).padStart(16, "0")}`;
      await storeWebhook(opened.kv, {
        id,
        url: `${receiver.url}/${number}`,
        events: ["export.failed"],
      });
    }
  }
  {
    await using service = await startTestService({ kvPath });
    const { url } = service;
    await importText(url, "m", "timestamp,energy_kwh\n2024-01-01T00:00:00Z,1\n");
    await exportToEnd(url, UNKNOWN);
    // All places are taken when nothing more arrives for a while.
    let places = 0;
    for (let same = 0; same < 50;) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      same = receiver.open() === places && places > 0 ? same + 1 : 0;
      places = receiver.open();
    }
    assertLessOrEqual(places, 100);
    for (let count = 0; count < 20; count++) {
      const { status } = await exportToEnd(url, { smart_meter_id: "m", ...DAY });
      assertEquals(status, "completed");
    }
    // Each receiver got at most one request, so none of them had a second place.
    assertEquals(new Set(receiver.received.map(({ path }) => path)).size, receiver.received.length);
    // The service stops although all of them hang.
  }
  released.resolve();
});

Deno.test("receivers that hang, break off or answer 500 for an hour get everything after it, in order", async () => {
  let isBroken = true;
  const hanging = Promise.withResolvers<void>();
  using _ = { [Symbol.dispose]: () => hanging.resolve() };
  await using hangs = startWebhookReceiver(async () => {
    if (isBroken) await hanging.promise;
    return new Response(null, { status: 204 });
  });
  await using fails = startWebhookReceiver(() =>
    new Response("x".repeat(5_000), { status: isBroken ? 500 : 200 })
  );
  const wholeIds: string[] = [];
  await using breaksOff = startRawServer(async (peer) => {
    const head = await peer.until("\r\n\r\n");
    await peer.send(
      "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n" + (isBroken ? "half" : "complete"),
    );
    const [, id] = /^webhook-id: (.+)\r$/im.exec(head) ?? [];
    if (!isBroken) wholeIds.push(id);
    peer.close();
  });
  let aheadMs = 0;
  await using service = await startTestService({ now: () => Date.now() + aheadMs });
  const { url } = service;
  const webhooks = {
    hangs: await addWebhook(url, hangs.url),
    fails: await addWebhook(url, fails.url),
    breaksOff: await addWebhook(url, `http://127.0.0.1:${breaksOff.port}/`),
  };
  const all = Object.values(webhooks);
  const attempts = async () => {
    const lists = await Promise.all(all.map(deliveriesOf));
    return lists.map((list) => list.reduce((sum, { attempts }) => sum + attempts, 0));
  };
  const first = (await exportToEnd(url, UNKNOWN)).job_id;
  await until(async () => (await attempts()).every((count) => count > 0), END_MS);
  const faults = await Promise.all(all.map(async (webhook) => (await deliveriesOf(webhook))[0]));
  assertEquals(faults.map(({ state, last_attempt: { status, error } }) => [state, status, error]), [
    ["pending", null, "127.0.0.1 did not answer within 20 s"],
    ["pending", 500, "The receiver answered 500"],
    ["pending", 200, "127.0.0.1 broke off in its answer"],
  ]);
  assertEquals(faults[1].last_attempt.answer, "x".repeat(1_024));
  // An hour in steps; in each, a look of the due loop, which comes once a real second. An attempt at the
  // receiver that hangs takes 20 real seconds, so it has fewer.
  let second = "";
  for (let step = 1; step <= 12; step++) {
    aheadMs += HOUR_MS / 12;
    if (step === 6) second = (await exportToEnd(url, UNKNOWN)).job_id;
    await pause(1_300);
  }
  const counts = await attempts();
  // 6 s, 5 min and 30 min after each other, a fifth less at least; later also the second event.
  for (const count of counts.slice(1)) assert(count >= 4 && count <= 10, counts.join());
  isBroken = false;
  hanging.resolve();
  for (let hour = 0; hour < 5; hour++) {
    aheadMs += HOUR_MS;
    await pause(1_300);
  }
  await until(async () => {
    const states = (await Promise.all(all.map(deliveriesOf))).flat().map(({ state }) => state);
    return states.every((state) => state === "delivered");
  }, END_MS);
  const eventIds = (await deliveriesOf(webhooks.fails)).map(({ event_id: id }) => id).toReversed();
  assertEquals(eventIds.length, 2);
  assertEquals(wholeIds, eventIds);
  for (const { received } of [hangs, fails]) {
    const subjects = received.map(({ body }) => body.subject.id);
    assertEquals(new Set(subjects), new Set([first, second]));
    assertEquals(new Set(received.map(({ id }) => id)), new Set(eventIds));
  }
  for (const webhook of all) {
    const { body } = await askJson(webhook);
    assertEquals([body.state, body.failing_since], ["active", null]);
  }
});
