import { assert, assertEquals } from "../support/assert.ts";
import { pause, type ServiceProcess, startProcess } from "../support/process.ts";
import { askJson } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { FEWER_KILL_ROUNDS, KILL_ROUNDS, killDelayMs } from "../support/thorough.ts";

const CLIENTS = 32;
const FREE = { RATE_LIMIT_REQUESTS: "1000000" };
/** Readings are on the minutes of six days from here, in no order. */
const FROM_MS = Date.UTC(2026, 0, 5);
const MINUTES = 6 * 1440;
/** Coprime to the number of minutes, so that none repeats before all have occurred. */
const STRIDE = 4_999;

/** What a device sent: per time the last acknowledged message, and others that may be stored. */
interface Sent {
  readonly deviceId: string;
  /** How many messages it sent; each has its own current. */
  count: number;
  readonly acknowledged: Map<number, number>;
  readonly possible: Map<number, Set<number>>;
}

interface Message {
  readonly timeMs: number;
  readonly number: number;
}

function createDevices(): Sent[] {
  return Array.from({ length: CLIENTS }, (_, index) => ({
    deviceId: `device-${index}`,
    count: 0,
    acknowledged: new Map(),
    possible: new Map(),
  }));
}

/** The next message: at a new time, or every fifth at an earlier one. */
function nextMessage(sent: Sent): Message {
  const number = ++sent.count;
  const step = number % 5 === 0 ? number >> 1 : number;
  return { timeMs: FROM_MS + (step * STRIDE % MINUTES) * 60_000, number };
}

function textOf({ deviceId }: Sent, { timeMs, number }: Message): string {
  // Whole thousandths, so that no two messages have the same current.
  const metrics = { soc_percent: 50, voltage_v: 300, current_a: number / 1_000, temp_c: null };
  const timestamp = new Date(timeMs).toISOString();
  return JSON.stringify({ device_id: deviceId, timestamp, metrics });
}

/** Sends until the service is gone: single messages, and every third time a batch of ten. */
async function sendUntilKilled(url: string, sent: Sent): Promise<void> {
  for (let turn = 1;; turn++) {
    const isBatch = turn % 3 === 0;
    const messages = Array.from({ length: isBatch ? 10 : 1 }, () => nextMessage(sent));
    for (const { timeMs, number } of messages) {
      const possible = sent.possible.get(timeMs) ?? new Set();
      sent.possible.set(timeMs, possible.add(number));
    }
    try {
      const response = await fetch(`${url}/telemetry`, {
        method: "POST",
        headers: { "content-type": isBatch ? "application/x-ndjson" : "application/json" },
        body: messages.map((message) => textOf(sent, message)).join("\n"),
      });
      const body = await response.json();
      assert(response.ok && (body.rejected ?? 0) === 0, JSON.stringify(body));
    } catch (error) {
      if (error instanceof TypeError || error instanceof SyntaxError) return;
      throw error;
    }
    for (const { timeMs, number } of messages) {
      sent.acknowledged.set(timeMs, number);
      // It replaces earlier ones, acknowledged or not.
      sent.possible.set(timeMs, new Set([number]));
    }
  }
}

/** Checks that every acknowledged reading, or a later one of its time, is stored once, and no other. */
async function expectSent({ url }: ServiceProcess, sent: Sent): Promise<void> {
  const { deviceId, acknowledged, possible } = sent;
  const query = "start_time=2026-01-05T00:00:00Z&end_time=2026-01-11T00:00:00Z";
  const { status, body } = await askJson(`${url}/devices/${deviceId}/metrics?${query}`);
  if (acknowledged.size === 0 && status === 404) return;
  assertEquals(status, 200, JSON.stringify(body));
  const found = new Map<number, number>();
  for (const { timestamp, ...metrics } of body.data) {
    const timeMs = Date.parse(timestamp);
    assert(!found.has(timeMs), `${deviceId} has ${timestamp} twice`);
    const number = Math.round(metrics.current_a * 1_000);
    const whole = { soc_percent: 50, voltage_v: 300, current_a: number / 1_000, temp_c: null };
    assertEquals(metrics, whole);
    assert(possible.get(timeMs)?.has(number), `${deviceId} has ${number} at ${timestamp}`);
    found.set(timeMs, number);
  }
  const lost = [...acknowledged.keys()].filter((timeMs) => !found.has(timeMs));
  assertEquals(lost, [], `${deviceId} lost acknowledged readings`);
  // What is stored now stays, and nothing else will appear.
  possible.clear();
  for (const [timeMs, number] of found) {
    acknowledged.set(timeMs, number);
    possible.set(timeMs, new Set([number]));
  }
}

const EAGER = new URL("../support/eager_service.ts", import.meta.url);

Deno.test(`every acknowledged reading survives kill -9 exactly once, ${KILL_ROUNDS} rounds`, async (t) => {
  await killRounds(t, KILL_ROUNDS);
});

Deno.test(`the same with kills during folding and flushing, ${FEWER_KILL_ROUNDS} rounds`, async (t) => {
  await killRounds(t, FEWER_KILL_ROUNDS, EAGER);
});

async function killRounds(t: Deno.TestContext, rounds: number, module?: URL): Promise<void> {
  await using folder = await makeTempFolder();
  const devices = createDevices();
  for (let round = 1; round <= rounds; round++) {
    const delayMs = killDelayMs(round, 1_500);
    await t.step(`round ${round}: killed ${delayMs} ms after the first message`, async () => {
      {
        await using service = await startProcess(folder.path, FREE, module);
        const sending = devices.map((sent) => sendUntilKilled(service.url, sent));
        await pause(delayMs);
        service.kill("SIGKILL");
        await service.ended;
        await Promise.all(sending);
      }
      await using service = await startProcess(folder.path, FREE);
      for (const sent of devices) await expectSent(service, sent);
      service.kill("SIGTERM");
      assertEquals(await service.ended, 0, service.output());
    });
  }
  const acknowledged = devices.reduce((sum, { acknowledged: { size } }) => sum + size, 0);
  assert(acknowledged > 0, "nothing was acknowledged in any round");
}

Deno.test(`SIGTERM under load from ${CLIENTS} clients keeps what was acknowledged and exits with 0 within 15 s`, async () => {
  await using folder = await makeTempFolder();
  const devices = createDevices();
  const acknowledged = () => devices.reduce((sum, sent) => sum + sent.acknowledged.size, 0);
  {
    await using service = await startProcess(folder.path, FREE);
    const sending = devices.map((sent) => sendUntilStopped(service.url, sent));
    while (acknowledged() < 20 * CLIENTS) await pause(5);
    const startedMs = performance.now();
    service.kill("SIGTERM");
    assertEquals(await service.ended, 0, service.output());
    assert(performance.now() - startedMs < 15_000, "the service took too long to stop");
    await Promise.all(sending);
  }
  await using service = await startProcess(folder.path, FREE);
  for (const sent of devices) await expectSent(service, sent);
});

/** Like {@link sendUntilKilled}, but the service may also refuse the last request. */
async function sendUntilStopped(url: string, sent: Sent): Promise<void> {
  try {
    await sendUntilKilled(url, sent);
  } catch (error) {
    assert(String(error).includes("SERVICE_STOPPING"), String(error));
  }
}
