import { assert, assertEquals } from "../support/assert.ts";
import {
  type ContinuousReference,
  createContinuousReference,
} from "../support/continuous_reference.ts";
import {
  control,
  listFiles,
  readExportedFiles,
  untilExported,
} from "../support/continuous_service.ts";
import { pause, type ServiceProcess, startProcess } from "../support/process.ts";
import { linesOf } from "../support/telemetry.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { KILL_ROUNDS } from "../support/thorough.ts";

const HOUR_MS = 3_600_000;
const FROM_MS = Date.UTC(2026, 0, 5);
const DEVICES = ["D1", "D2", "D3", "D4"];
/** Readings per device, ten minutes apart: two weeks, which are 336 hours. */
const COUNT = 2_016;
/** Coprime to COUNT, so that every reading comes once before any repeats. */
const STRIDE = 601;
const BATCH = 24;
const SETTINGS = {
  RATE_LIMIT_REQUESTS: "1000000",
  CONTINUOUS_EXPORT: "on",
  EXPORT_INTERVAL_SECONDS: "3600",
  EXPORT_FORMAT: "csv",
};

/** The n-th batch: readings scattered over the two weeks. */
function batchOf(deviceId: string, number: number): { text: string; rows: [number, number][] } {
  const rows = Array.from({ length: BATCH }, (_, index): [number, number] => {
    const place = number * BATCH + index;
    return [FROM_MS + (place * STRIDE % COUNT) * 600_000, place];
  });
  const messages = rows.map(([timeMs, place]) => ({
    device_id: deviceId,
    timestamp: new Date(timeMs).toISOString(),
    metrics: { soc_percent: 50, voltage_v: 300, current_a: place / 1_000, temp_c: null },
  }));
  return { text: linesOf(messages), rows };
}

/** Sends batches until the service is gone. A batch without an answer is sent again later. */
async function sendUntilKilled(
  url: string,
  { deviceId, progress, reference }: {
    deviceId: string;
    progress: Map<string, number>;
    reference: ContinuousReference;
  },
): Promise<void> {
  for (;;) {
    const number = progress.get(deviceId) ?? 0;
    if (number * BATCH >= COUNT) return;
    const { text, rows } = batchOf(deviceId, number);
    for (const [timeMs, place] of rows) {
      reference.set(deviceId, timeMs, [50, 300, place / 1_000, null]);
    }
    try {
      const response = await fetch(`${url}/telemetry`, {
        method: "POST",
        headers: { "content-type": "application/x-ndjson" },
        body: text,
      });
      const body = await response.json();
      assert(response.ok && body.rejected === 0, JSON.stringify(body));
    } catch (error) {
      if (error instanceof TypeError || error instanceof SyntaxError) return;
      throw error;
    }
    progress.set(deviceId, number + 1);
    // Without a run request, late readings are exported once a minute.
    await control(url, { deviceId, action: "run" }).catch(() => {});
  }
}

Deno.test(`after kill -9 the objects are byte for byte those of an undisturbed run, ${KILL_ROUNDS} rounds`, async (t) => {
  await using folder = await makeTempFolder();
  const reference = createContinuousReference();
  const progress = new Map<string, number>();
  const exportPath = `${folder.path}/.openwatts/lake`;
  for (let round = 1; round <= KILL_ROUNDS; round++) {
    const delayMs = Math.floor(Math.random() * 1_500);
    await t.step(`round ${round}: killed ${delayMs} ms after the first message`, async () => {
      await using service = await startProcess(folder.path, SETTINGS);
      const sending = DEVICES.map((deviceId) =>
        sendUntilKilled(service.url, { deviceId, progress, reference })
      );
      await pause(delayMs);
      service.kill("SIGKILL");
      await service.ended;
      await Promise.all(sending);
      // Every visible object is whole: it has a header, and its last line ends.
      for (const [path, text] of Object.entries(await visibleObjects(exportPath))) {
        assert(text.startsWith("timestamp,device_id,") && text.endsWith("\n"), path);
      }
    });
  }
  await using service = await startProcess(folder.path, SETTINGS);
  for (const deviceId of DEVICES) {
    await sendUntilKilled(service.url, { deviceId, progress, reference });
  }
  await untilExported(service.url, DEVICES, 60_000);
  const expected = reference.files(HOUR_MS, Infinity);
  assertEquals(Object.keys(expected).length, DEVICES.length * 336);
  assertEquals(await readExportedFiles(exportPath), expected);
  await stopWell(service);
  // The same readings, sent to a service that is not killed.
  await using other = await makeTempFolder();
  await using undisturbed = await startProcess(other.path, SETTINGS);
  const again = { progress: new Map<string, number>(), reference: createContinuousReference() };
  for (const deviceId of DEVICES) await sendUntilKilled(undisturbed.url, { deviceId, ...again });
  await untilExported(undisturbed.url, DEVICES, 60_000);
  assertEquals(
    await readExportedFiles(`${other.path}/.openwatts/lake`),
    await readExportedFiles(exportPath),
  );
});

/** All objects except unfinished ones. */
async function visibleObjects(exportPath: string): Promise<Record<string, string>> {
  const all = await readExportedFiles(exportPath);
  return Object.fromEntries(Object.entries(all).filter(([path]) => !path.endsWith(".part")));
}

async function stopWell(service: ServiceProcess): Promise<void> {
  const startedMs = performance.now();
  service.kill("SIGTERM");
  assertEquals(await service.ended, 0, service.output());
  assert(performance.now() - startedMs < 15_000, "the service took too long to stop");
}

Deno.test("SIGTERM during a catch-up: exit 0 within 15 s, no partial file, and a restart continues from there", async () => {
  await using folder = await makeTempFolder();
  const reference = createContinuousReference();
  const progress = new Map<string, number>();
  const exportPath = `${folder.path}/.openwatts/lake`;
  {
    await using service = await startProcess(folder.path, {
      ...SETTINGS,
      CONTINUOUS_EXPORT: "off",
    });
    await sendUntilKilled(service.url, { deviceId: "D1", progress, reference });
    await stopWell(service);
  }
  {
    await using service = await startProcess(folder.path, SETTINGS);
    while ((await listFiles(exportPath)).length === 0) await pause(1);
    await stopWell(service);
    assertEquals((await listFiles(exportPath)).filter((path) => path.endsWith(".part")), []);
  }
  await using service = await startProcess(folder.path, SETTINGS);
  await untilExported(service.url, ["D1"]);
  assertEquals(await readExportedFiles(exportPath), reference.files(HOUR_MS, Infinity));
});
