import { assertEquals } from "../support/assert.ts";
import { sharedFiles } from "../support/compacted_days.ts";
import { createContinuousReference } from "../support/continuous_reference.ts";
import { exportOf, readExportedFiles, untilExported } from "../support/continuous_service.ts";
import { pause, startProcess } from "../support/process.ts";
import { linesOf, postLines } from "../support/telemetry.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { FEWER_KILL_ROUNDS } from "../support/thorough.ts";
import { until } from "../support/until.ts";

const DAY_MS = 86_400_000;
const FROM_MS = Date.UTC(2026, 0, 5);
const DEVICES = ["D1", "D2", "D3"];
/** Two weeks of readings, four hours apart. */
const COUNT = 14 * 6;
const SETTINGS = {
  RATE_LIMIT_REQUESTS: "1000000",
  CONTINUOUS_EXPORT: "on",
  // Changes of a day are collected for two windows.
  EXPORT_INTERVAL_SECONDS: "1",
  EXPORT_FORMAT: "csv",
};

Deno.test(`after kill -9 while days are shared each is one whole file of the profile, ${FEWER_KILL_ROUNDS} rounds`, async () => {
  await using folder = await makeTempFolder();
  const exportPath = `${folder.path}/.openwatts/lake`;
  const reference = createContinuousReference();
  const send = async (url: string, deviceId: string, places: readonly number[]) => {
    const messages = places.map((place) => {
      const timeMs = FROM_MS + place * DAY_MS / 6;
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
    assertEquals(await readExportedFiles(exportPath), reference.files(1_000, Infinity));
    service.kill("SIGTERM");
    await service.ended;
  }
  const sharing = { ...SETTINGS, EXPORT_COMPACT: "daily-by-profile" };
  const lines = linesIn(reference.files(1_000, Infinity));
  for (let round = 0; round < FEWER_KILL_ROUNDS; round++) {
    await using service = await startProcess(folder.path, sharing);
    // Sharing starts within a second, and its objects are written after two to four.
    await pause(300 + Math.random() * 5_000);
    service.kill("SIGKILL");
    await service.ended;
    // A reader may find a reading twice now, but every one of them.
    assertEquals(linesIn(await readExportedFiles(exportPath)), lines);
  }
  await using service = await startProcess(folder.path, sharing);
  // Late readings of days that may be shared.
  for (const deviceId of DEVICES) await send(service.url, deviceId, [COUNT - 3, COUNT - 2, -9]);
  await untilExported(service.url, DEVICES, 60_000);
  const untilMs = FROM_MS + 14 * DAY_MS;
  for (const deviceId of DEVICES) {
    await until(async () => {
      const { compacted_until } = await exportOf(service.url, deviceId);
      return compacted_until !== null && Date.parse(compacted_until) >= untilMs;
    }, 60_000);
  }
  // Readings that were there before are there once from now on.
  const found = Object.values(await readExportedFiles(exportPath)).flatMap((text) =>
    text.split("\n").slice(1, -1)
  );
  assertEquals(found.length, new Set(found).size);
  const expected = sharedFiles(reference, untilMs, Infinity);
  assertEquals(Object.keys(expected).length, 15);
  // Late readings of shared days follow when their file is written again.
  await until(
    async () => JSON.stringify(await readExportedFiles(exportPath)) === JSON.stringify(expected),
    60_000,
  );
});

/** The distinct lines of finished files. */
function linesIn(files: Record<string, string>): string[] {
  const texts = Object.entries(files).filter(([path]) => !path.endsWith(".part"));
  return [...new Set(texts.flatMap(([, text]) => text.split("\n").slice(1, -1)))].toSorted();
}
