import { assert, assertEquals } from "../support/assert.ts";
import { pause, type ServiceProcess, startProcess } from "../support/process.ts";
import { askJson } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { KILL_ROUNDS, killDelayMs } from "../support/thorough.ts";

const CLIENTS = 32;
const FREE = { RATE_LIMIT_REQUESTS: "1000000" };
/** Readings lie on the minutes of six days from here, in no order. */
const FROM_MS = Date.UTC(2026, 0, 5);
const MINUTES = 6 * 1440;
/** Prime to the number of minutes, so that each comes before any comes again. */
const STRIDE = 4_999;

/** What a device was sent: at each time what was acknowledged last, and what may be there as well. */
interface Sent {
  readonly deviceId: string;
  /** How many messages it was sent; each has a current of its own. */
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

/** The next message: at a new time, or each fifth at one that was sent before. */
function nextMessage(sent: Sent): Message {
  const number = ++sent.count;
  const step = number % 5 === 0 ? number >> 1 : number;
  return { timeMs: FROM_MS + (step * STRIDE % MINUTES) * 60_000, number };
}

function textOf({ deviceId }: Sent, { timeMs, number }: Message): string {
  // Whole thousandths, so that no current is that of another message.
  const metrics = { soc_percent: 50, voltage_v: 300, current_a: number / 1_000, temp_c: null };
  const timestamp = new Date(timeMs).toISOString();
  return JSON.stringify({ device_id: deviceId, timestamp, metrics });
}

/** Sends until the service is gone: single messages, and every third time ten in one batch. */
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
      // What came before it is replaced, acknowledged or not.
      sent.possible.set(timeMs, new Set([number]));
    }
  }
}

/** Every acknowledged reading is there once, or what was sent at its time later; nothing else is. */
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
  // What is there now stays there; what is not never came.
  possible.clear();
  for (const [timeMs, number] of found) {
    acknowledged.set(timeMs, number);
    possible.set(timeMs, new Set([number]));
  }
}

const EAGER = new URL("../support/eager_service.ts", import.meta.url);

Deno.test(`every acknowledged reading outlives kill -9 once and whole, ${KILL_ROUNDS} rounds`, async (t) => {
  await killRounds(t);
});

Deno.test(`the same where kills fall into folding and settling, ${KILL_ROUNDS} rounds`, async (t) => {
  await killRounds(t, EAGER);
});

async function killRounds(t: Deno.TestContext, module?: URL): Promise<void> {
  await using folder = await makeTempFolder();
  const devices = createDevices();
  for (let round = 1; round <= KILL_ROUNDS; round++) {
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

Deno.test(`SIGTERM under load from ${CLIENTS} clients: what was acknowledged is there, exit 0 within 15 s`, async () => {
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

/** As {@link sendUntilKilled}, where the end may also be a refusal. */
async function sendUntilStopped(url: string, sent: Sent): Promise<void> {
  try {
    await sendUntilKilled(url, sent);
  } catch (error) {
    assert(String(error).includes("SERVICE_STOPPING"), String(error));
  }
}
