import { pause as pauseUnless } from "../../jobs/engine/pause.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { pause, startProcess } from "../support/process.ts";
import { askJson, importText, type JsonAnswer, postJson } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { KILL_ROUNDS, killDelayMs } from "../support/thorough.ts";
import { until } from "../support/until.ts";
import { type Received, startWebhookReceiver } from "../support/webhook_receiver.ts";

const ENV = { WEBHOOK_ALLOW_PRIVATE: "true", OFFLINE_AFTER_SECONDS: "1" };
const DEVICES = ["d1", "d2", "d3", "d4"];
const EXPORTS_A_ROUND = 8;
/** The longest wait for anything. A delivery that failed once is sent again within 6 s. */
const END_MS = 90_000;
/** The webhooks by their path: which events each gets. */
const EVENTS = {
  "/all": [
    "device.offline",
    "device.online",
    "export.completed",
    "export.failed",
    "import.finished",
  ],
  "/completed": ["export.completed"],
  "/alerts": ["alert.firing", "alert.resolved"],
};
const ALERT = {
  name: "Low",
  on: "devices",
  condition: { type: "below", metric: "soc_percent", limit: 20 },
  group_seconds: 0,
  flapping: null,
};
const DAY = {
  smart_meter_id: "m",
  start_datetime: "2024-01-01T00:00:00Z",
  end_datetime: "2024-01-01T23:59:59Z",
};

/** Exports of which every fourth fails, uploads, and messages of devices. */
async function useAll(url: string, round: number): Promise<number> {
  let imports = 0;
  const all = await Promise.allSettled([
    ...Array.from({ length: EXPORTS_A_ROUND }, async (_, number) => {
      const body = { ...DAY, format: "csv" };
      const asked = number % 4 === 3 ? { ...body, smart_meter_id: "unknown" } : body;
      assertEquals((await postJson(`${url}/api/export/csv`, asked)).status, 200);
    }),
    ...DEVICES.map(async (id) => {
      const timestamp = new Date().toISOString();
      // The alert fires in one round and is resolved in the next.
      const metrics = {
        soc_percent: round % 2 === 0 ? 10 : 50,
        voltage_v: 300,
        current_a: 1,
        temp_c: null,
      };
      const { status } = await postJson(`${url}/telemetry`, { device_id: id, timestamp, metrics });
      assertEquals(status, 201);
    }),
    importText(url, "m", `timestamp,energy_kwh\n2024-01-01T00:${10 + round % 50}:00Z,${round}\n`)
      .then(({ status }) => {
        assertEquals(status, 200);
        imports += 1;
      }),
  ]);
  for (const one of all) {
    // A kill cuts connections; anything else is a defect.
    if (one.status === "rejected" && !(one.reason instanceof TypeError)) throw one.reason;
  }
  return imports;
}

/** A transition of the alert. */
interface Transition {
  readonly id: string;
  readonly type: string;
  readonly since: string;
}

/** The transitions that the readings of the service would make if every one was looked at in time. */
async function possibleTransitions(url: string): Promise<Transition[]> {
  const possible: Transition[] = [];
  const start = new Date(Date.now() - 86_400_000).toISOString();
  for (const id of DEVICES) {
    const { body } = await askJson(`${url}/devices/${id}/metrics?start_time=${start}`);
    let isLow = false;
    for (const { timestamp, soc_percent: percent } of body.data) {
      if (isLow === percent < ALERT.condition.limit) continue;
      isLow = !isLow;
      const type = isLow ? "alert.firing" : "alert.resolved";
      possible.push({ id, type, since: timeOf(timestamp) });
    }
  }
  return possible;
}

/** Those that arrived, once for each id of an event. */
function arrivedTransitions(received: readonly Received[]): Transition[] {
  return firstOf(received).filter(({ body }) => body.type.startsWith("alert."))
    .flatMap(({ body: { type, data } }) =>
      data.subjects.map(({ id, since }: { id: string; since: string }) => ({
        id,
        type,
        since: timeOf(since),
      }))
    );
}

/** What a new process finds is judged as it is: what came and went before it looked makes no transition. */
async function expectTransitions(url: string, received: readonly Received[]): Promise<void> {
  const possible = await possibleTransitions(url);
  const lastOf = (id: string) =>
    possible.findLast((one) => one.id === id)?.type ?? "alert.resolved";
  const arrivedOf = (id: string) => arrivedTransitions(received).filter((one) => one.id === id);
  const isOver = (id: string) => (arrivedOf(id).at(-1)?.type ?? "alert.resolved") === lastOf(id);
  await until(() => Promise.resolve(DEVICES.every(isOver)), END_MS);
  await pause(500);
  for (const id of DEVICES) {
    const arrived = arrivedOf(id);
    assertEquals(arrived.at(-1)?.type ?? "alert.resolved", lastOf(id));
    for (const [index, { type, since }] of arrived.entries()) {
      assertEquals(type, index % 2 === 0 ? "alert.firing" : "alert.resolved", id);
      const isPossible = possible.some((one) =>
        one.id === id && one.type === type && one.since === since
      );
      assert(isPossible, JSON.stringify({ id, type, since, possible }));
    }
  }
}

function timeOf(text: string): string {
  return new Date(text).toISOString();
}

/** What should have been delivered, as `type of subject`, by what the service says of its state. */
async function expectedEvents(url: string): Promise<string[]> {
  const expected: string[] = [];
  for (let path: string | null = "/api/exports?limit=100"; path !== null;) {
    const { body }: JsonAnswer = await askJson(url + path);
    for (const { id, status } of body.exports) {
      assert(status !== "pending" && status !== "running", `${id} is ${status}`);
      expected.push(`export.${status} of ${id}`);
    }
    path = body.next;
  }
  for (const id of DEVICES) {
    const { body } = await askJson(`${url}/devices/${id}/events`);
    for (const { state, at } of body.events) expected.push(`device.${state} of ${id} at ${at}`);
  }
  return expected.toSorted();
}

/** The same of what arrived, once for each id. Uploads have no list to compare with. */
function arrivedEvents(received: readonly Received[], path: string): string[] {
  return firstOf(received.filter((one) => one.path === path))
    .filter(({ body }) => !/^(import|alert)\./.test(body.type))
    .map(({ body: { type, subject, timestamp } }) =>
      `${type} of ${subject.id}` + (subject.kind === "device" ? ` at ${timestamp}` : "")
    ).toSorted();
}

/** The first delivery of each event. */
function firstOf(received: readonly Received[]): Received[] {
  return [...new Map(received.toReversed().map((one) => [one.id, one])).values()].toReversed();
}

async function isQuiet(url: string): Promise<boolean> {
  const { body } = await askJson(`${url}/api/exports?limit=100`);
  return body.exports.every(({ status }: { status: string }) =>
    status === "completed" || status === "failed"
  );
}

Deno.test(`events reach webhooks under one id each after kill -9, ${KILL_ROUNDS} rounds`, async () => {
  await using folder = await makeTempFolder();
  const failedOnce = new Set<string>();
  await using receiver = startWebhookReceiver(async ({ id, path }, signal) => {
    // Some are refused once, and some answers are slow: a kill comes before, during and after them.
    if (path === "/all" && id.endsWith("00") && !failedOnce.has(id)) {
      failedOnce.add(id);
      return new Response("not now", { status: 503 });
    }
    await pauseUnless(parseInt(id.slice(-2), 16) % 4 === 0 ? 150 : 0, signal);
    return new Response(null, { status: 204 });
  });
  let imports = 0;
  for (let round = 1; round <= KILL_ROUNDS; round++) {
    await using service = await startProcess(folder.path, ENV);
    if (round === 1) {
      await importText(service.url, "m", "timestamp,energy_kwh\n2024-01-01T00:00:00Z,1\n");
      for (const [path, events] of Object.entries(EVENTS)) {
        const made = await postJson(`${service.url}/api/webhooks`, {
          url: receiver.url + path,
          events,
        });
        assertEquals(made.status, 201, JSON.stringify(made.body));
      }
      const { status, body } = await postJson(`${service.url}/api/alerts`, ALERT);
      assertEquals(status, 201, JSON.stringify(body));
    }
    const using_ = useAll(service.url, round);
    // Some rounds are long enough for devices to go offline.
    await pause(killDelayMs(round, round % 3 === 0 ? 2_500 : 900));
    service.kill("SIGKILL");
    await service.ended;
    imports += await using_;
  }
  await using service = await startProcess(folder.path, ENV);
  const { url } = service;
  await until(() => isQuiet(url), END_MS);
  await until(async () => {
    const states = DEVICES.map(async (id) => (await askJson(`${url}/devices/${id}`)).body.state);
    return (await Promise.all(states)).every((state) => state === "offline");
  }, END_MS);
  const expected = await expectedEvents(url);
  for (const endMs = Date.now() + END_MS; Date.now() < endMs; await pause(50)) {
    if (arrivedEvents(receiver.received, "/all").length >= expected.length) break;
  }
  // What was sent late would show now.
  await pause(500);
  assertEquals(arrivedEvents(receiver.received, "/all"), expected);
  assertEquals(
    arrivedEvents(receiver.received, "/completed"),
    expected.filter((text) => text.startsWith("export.completed")),
  );
  await expectTransitions(url, receiver.received);
  const uploads = firstOf(receiver.received).filter(({ body }) => body.type === "import.finished");
  assert(uploads.length >= imports, `${uploads.length} events of ${imports} uploads`);
  for (const id of DEVICES) {
    const times = firstOf(receiver.received)
      .filter(({ body: { subject } }) => subject.kind === "device" && subject.id === id)
      .map(({ body }) => Date.parse(body.timestamp));
    assertEquals(times, times.toSorted((one, other) => one - other), `the order of ${id}`);
  }
  // An id always stands for the same bytes.
  const texts = Map.groupBy(receiver.received, ({ id }) => id);
  for (const [id, all] of texts) assertEquals(new Set(all.map(({ text }) => text)).size, 1, id);
  service.kill("SIGTERM");
  assertEquals(await service.ended, 0, service.output());
});
