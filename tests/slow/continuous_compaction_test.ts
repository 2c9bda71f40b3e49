import { assertEquals } from "../support/assert.ts";
import { createContinuousReference } from "../support/continuous_reference.ts";
import { exportOf, readExportedFiles, untilExported } from "../support/continuous_service.ts";
import { pause, startProcess } from "../support/process.ts";
import { linesOf, postLines } from "../support/telemetry.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { FEWER_KILL_ROUNDS } from "../support/thorough.ts";
import { until } from "../support/until.ts";

const DAY_MS = 86_400_000, HOUR_MS = 3_600_000;
const FROM_MS = Date.UTC(2026, 0, 5);
const DEVICES = ["D1", "D2", "D3"];
/** Two weeks of readings, 20 minutes apart. */
const COUNT = 1_008;
const SETTINGS = {
  RATE_LIMIT_REQUESTS: "1000000",
  CONTINUOUS_EXPORT: "on",
  EXPORT_INTERVAL_SECONDS: "3600",
  EXPORT_FORMAT: "csv",
};

Deno.test(`after kill -9 during compaction each day is one whole file, ${FEWER_KILL_ROUNDS} rounds`, async () => {
  await using folder = await makeTempFolder();
  const exportPath = `${folder.path}/.openwatts/lake`;
  const reference = createContinuousReference();
  const send = async (url: string, deviceId: string, places: readonly number[]) => {
    const messages = places.map((place) => {
      const timeMs = FROM_MS + place * 1_200_000;
      reference.set(deviceId, timeMs, [50, 300, place / 1_000, null]);
      const metrics = { soc_percent: 50, voltage_v: 300, current_a: place / 1_000, temp_c: null };
      return { device_id: deviceId, timestamp: new Date(timeMs).toISOString(), metrics };
    });
    assertEquals((await postLines(url, linesOf(messages))).body.rejected, 0);
  };
  {
    await using service = await startProcess(folder.path, SETTINGS);
    for (const deviceId of DEVICES) {
      await send(service.url, deviceId, Array.from({ length: COUNT - 3 }, (_, place) => place));
    }
    await untilExported(service.url, DEVICES, 60_000);
    assertEquals(await readExportedFiles(exportPath), reference.files(HOUR_MS, Infinity));
    service.kill("SIGTERM");
    await service.ended;
  }
  const compacting = { ...SETTINGS, EXPORT_COMPACT: "daily" };
  const lines = linesIn(reference.files(HOUR_MS, Infinity));
  for (let round = 0; round < FEWER_KILL_ROUNDS; round++) {
    await using service = await startProcess(folder.path, compacting);
    // Compaction starts within half a second, and takes about one for the 42 days.
    await pause(300 + Math.random() * 900);
    service.kill("SIGKILL");
    await service.ended;
    // A reader may find a reading twice now, but every one of them.
    assertEquals(linesIn(await readExportedFiles(exportPath)), lines);
  }
  await using service = await startProcess(folder.path, compacting);
  // Late readings of a day that may be compacted.
  for (const deviceId of DEVICES) await send(service.url, deviceId, [COUNT - 3, COUNT - 2]);
  await untilExported(service.url, DEVICES, 60_000);
  for (const deviceId of DEVICES) {
    await until(async () => {
      const until = (await exportOf(service.url, deviceId)).compacted_until;
      return until !== null && Date.parse(until) >= FROM_MS + 14 * DAY_MS;
    }, 60_000);
  }
  assertEquals(await readExportedFiles(exportPath), reference.files(DAY_MS, Infinity));
});

/** The distinct lines of finished files. */
function linesIn(files: Record<string, string>): string[] {
  const texts = Object.entries(files).filter(([path]) => !path.endsWith(".part"));
  return [...new Set(texts.flatMap(([, text]) => text.split("\n").slice(1, -1)))].toSorted();
}
