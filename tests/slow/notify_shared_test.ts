import { assert, assertEquals } from "../support/assert.ts";
import { hasKvServer, startKvServer } from "../support/kv_server.ts";
import { addMinuteSchedules, expectOneJobEach, listAll } from "../support/planned_runs.ts";
import { pause, type ServiceProcess, startProcess } from "../support/process.ts";
import { askJson, postJson } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { until } from "../support/until.ts";
import { startWebhookReceiver } from "../support/webhook_receiver.ts";

const DEVICES = ["d1", "d2", "d3"];
/** The longest wait: a job of a killed process waits until its lease ends, 30 s. */
const END_MS = 90_000;

async function send({ url }: ServiceProcess): Promise<void> {
  for (const id of DEVICES) {
    const metrics = { soc_percent: 50, voltage_v: 300, current_a: 1, temp_c: null };
    const timestamp = new Date().toISOString();
    const { status } = await postJson(`${url}/telemetry`, { device_id: id, timestamp, metrics });
    assertEquals(status, 201);
  }
}

Deno.test({
  name:
    "two instances over one database: a run is one job, an event has one id, also if one is killed",
  ignore: !await hasKvServer(),
  async fn() {
    await using folder = await makeTempFolder();
    await using receiver = startWebhookReceiver();
    await using server = await startKvServer(folder.path);
    const env = { ...server.env, WEBHOOK_ALLOW_PRIVATE: "true", OFFLINE_AFTER_SECONDS: "2" };
    await using staying = await startProcess(folder.path, env);
    const events = ["export.completed", "export.failed", "device.offline", "device.online"];
    const made = await postJson(`${staying.url}/api/webhooks`, { url: receiver.url, events });
    assertEquals(made.status, 201, JSON.stringify(made.body));
    const schedules = await addMinuteSchedules(staying.url, 60);
    for (let round = 0; round < 3; round++) {
      await using other = await startProcess(folder.path, env);
      await send(round % 2 === 0 ? staying : other);
      await pause(4_000);
      await send(round % 2 === 0 ? other : staying);
      await pause(500 + round * 300);
      other.kill("SIGKILL");
      await other.ended;
    }
    const { url } = staying;
    assert(await expectOneJobEach(url, schedules, END_MS) > 10);
    await until(async () => {
      const states = DEVICES.map(async (id) => (await askJson(`${url}/devices/${id}`)).body.state);
      return (await Promise.all(states)).every((state) => state === "offline");
    }, END_MS);
    const ofDevices = await Promise.all(
      DEVICES.map(async (id) =>
        (await askJson(`${url}/devices/${id}/events`)).body.events
          .map(({ state }: { state: string }) => `device.${state} of ${id}`)
      ),
    );
    // Exports whose events may be on their way are not looked at.
    const exports = (await listAll(url, "/api/exports?limit=100", "exports"))
      .filter(({ status }) => status === "completed").map(({ id }) => `export.completed of ${id}`);
    const arrived = () =>
      [...new Map(receiver.received.map(({ id, body }) => [id, body])).values()]
        .map(({ type, subject }) => `${type} of ${subject.id}`);
    await until(() => {
      const texts = arrived();
      return Promise.resolve(
        exports.every((text) => texts.includes(text)) &&
          texts.filter((text) => text.startsWith("device")).length >= ofDevices.flat().length,
      );
    }, END_MS).catch(() => {});
    const texts = arrived();
    assertEquals(exports.filter((text) => !texts.includes(text)), []);
    const onExports = texts.filter((text) => text.startsWith("export"));
    assertEquals(new Set(onExports).size, onExports.length, "an event has two ids");
    // Each device's events came in their order.
    for (const [index, expected] of ofDevices.entries()) {
      assertEquals(texts.filter((text) => text.endsWith(` of ${DEVICES[index]}`)), expected);
    }
  },
});
