import { assertEquals } from "../support/assert.ts";
import {
  control,
  exportOf,
  listFiles,
  readExportedFiles,
  startContinuousService,
  untilExported,
} from "../support/continuous_service.ts";
import { askJson } from "../support/service.ts";
import { linesOf, message, postLines } from "../support/telemetry.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { until } from "../support/until.ts";

const HOUR_MS = 3_600_000;
const DAY = Date.UTC(2026, 0, 9);
const WAIT = { method: "DELETE", headers: { prefer: "wait=20" } };

/** Sends readings of some hours, one every ten minutes. */
async function send(url: string, deviceId: string, hours: number): Promise<void> {
  const messages = Array.from({ length: hours * 6 }, (_, index) => {
    const timestamp = new Date(DAY + index * HOUR_MS / 6).toISOString();
    return message({ device_id: deviceId, timestamp });
  });
  assertEquals((await postLines(url, linesOf(messages))).status, 200);
}

/** The paths of the windows of a device that start at some hours. */
function windows(deviceId: string, hours: readonly number[]): string[] {
  return hours.map((hour) => {
    const time = `${String(hour).padStart(2, "0")}0000`;
    return `device_id=${deviceId}/date=2026/01/09/export_${time}.csv`;
  });
}

Deno.test("windows follow a deletion of readings: they are rewritten, or deleted if nothing is left", async () => {
  await using folder = await makeTempFolder();
  await using service = await startContinuousService(folder.path);
  const { url } = service;
  await send(url, "D1", 6);
  await send(url, "D2", 2);
  await untilExported(url, ["D1", "D2"]);
  const before = await readExportedFiles(folder.path);
  assertEquals(Object.keys(before), [
    ...windows("D1", [0, 1, 2, 3, 4, 5]),
    ...windows("D2", [0, 1]),
  ]);
  // From 01:30 to 04:00: the second half of hour 1, and hours 2 and 3.
  const range = "from=2026-01-09T01:30:00Z&to=2026-01-09T04:00:00Z";
  const { body } = await askJson(`${url}/devices/D1/readings?${range}`, WAIT);
  assertEquals([body.status, body.deleted_readings], ["completed", 15]);
  await untilExported(url, ["D1"]);
  const after = await readExportedFiles(folder.path);
  const [hour1] = windows("D1", [1]);
  const kept = [...windows("D1", [0, 4, 5]), ...windows("D2", [0, 1])];
  assertEquals(Object.keys(after), [...kept, hour1].toSorted());
  for (const name of kept) assertEquals(after[name], before[name], name);
  // A header and the readings of 01:00, 01:10 and 01:20.
  const lines = before[hour1].trimEnd().split("\n");
  assertEquals(after[hour1].trimEnd().split("\n"), lines.slice(0, 4));
  assertEquals((await exportOf(url, "D1")).totals.deletions, 2);
});

Deno.test("the windows of a deleted device are deleted, those of others stay", async () => {
  await using folder = await makeTempFolder();
  await using service = await startContinuousService(folder.path);
  const { url } = service;
  await send(url, "D1", 5);
  await send(url, "D2", 2);
  await untilExported(url, ["D1", "D2"]);
  const { body } = await askJson(`${url}/devices/D1`, WAIT);
  assertEquals([body.status, body.deleted_readings], ["completed", 30]);
  await untilExported(url, ["D1"]);
  assertEquals(await listFiles(folder.path), windows("D2", [0, 1]));
  // The device comes back, and so does its export.
  await send(url, "D1", 1);
  await untilExported(url, ["D1"]);
  assertEquals(await listFiles(folder.path), [...windows("D1", [0]), ...windows("D2", [0, 1])]);
});

Deno.test("the one file of a compacted day follows deletions too", async () => {
  await using folder = await makeTempFolder();
  await using service = await startContinuousService(folder.path, {
    continuous: { isCompacting: true, lookbackMs: HOUR_MS },
  });
  const { url } = service;
  await send(url, "D1", 6);
  // A header and 36 readings, ten minutes apart.
  const lines = () => dayLines(folder.path);
  let before: string[] = [];
  await until(async () => (before = await lines()).length === 37);
  const range = "from=2026-01-09T01:00:00Z&to=2026-01-09T02:30:00Z";
  const { body } = await askJson(`${url}/devices/D1/readings?${range}`, WAIT);
  assertEquals(body.deleted_readings, 9);
  let after: string[] = [];
  await untilRun(url, "D1", async () => (after = await lines()).length === 28);
  // Lines 7 to 15 are 01:00 to 02:20.
  assertEquals(after, before.toSpliced(7, 9));
  await askJson(`${url}/devices/D1`, WAIT);
  await untilRun(url, "D1", async () => (await listFiles(folder.path)).length === 0);
});

Deno.test("objects=true ends when no file has the readings any more, without waiting for the export", async () => {
  await using folder = await makeTempFolder();
  await using service = await startContinuousService(folder.path);
  const { url } = service;
  await send(url, "D1", 6);
  await send(url, "D2", 2);
  await untilExported(url, ["D1", "D2"]);
  await control(url, { deviceId: "D1", action: "pause" });
  const before = await readExportedFiles(folder.path);
  const range = "from=2026-01-09T01:30:00Z&to=2026-01-09T04:00:00Z&objects=true";
  const { body } = await askJson(`${url}/devices/D1/readings?${range}`, WAIT);
  assertEquals([body.status, body.deleted_readings], ["completed", 15]);
  const after = await readExportedFiles(folder.path);
  const [hour1] = windows("D1", [1]);
  const kept = [...windows("D1", [0, 4, 5]), ...windows("D2", [0, 1])];
  assertEquals(Object.keys(after), [...kept, hour1].toSorted());
  for (const name of kept) assertEquals(after[name], before[name], name);
  const whole = await askJson(`${url}/devices/D1?objects=true`, WAIT);
  assertEquals([whole.body.status, whole.body.deleted_readings], ["completed", 21]);
  assertEquals(await listFiles(folder.path), windows("D2", [0, 1]));
  // Nothing is left of it but its line in the list of exports.
  const again = await askJson(`${url}/devices/D1?objects=true`, WAIT);
  assertEquals([again.status, again.body.deleted_readings], [200, 0]);
  const without = await askJson(`${url}/devices/D1`, WAIT);
  assertEquals([without.status, without.body.code], [404, "DEVICE_NOT_FOUND"]);
});

Deno.test("objects=true deletes files that were exported before continuous export was turned off", async () => {
  await using folder = await makeTempFolder();
  const kvPath = `${folder.path}/kv.sqlite3`, path = `${folder.path}/lake`;
  {
    await using service = await startContinuousService(path, { kvPath });
    await send(service.url, "D1", 3);
    await send(service.url, "D2", 1);
    await untilExported(service.url, ["D1", "D2"]);
  }
  await using service = await startContinuousService(path, { kvPath, continuous: { isOn: false } });
  const { body } = await askJson(`${service.url}/devices/D1?objects=true`, WAIT);
  assertEquals([body.status, body.deleted_readings], ["completed", 18]);
  assertEquals(await listFiles(path), windows("D2", [0]));
});

/** Asks for passes until a check holds: a pass that ends early goes on only a minute later. */
async function untilRun(
  url: string,
  deviceId: string,
  check: () => Promise<boolean>,
): Promise<void> {
  let tries = 0;
  await until(async () => {
    if (tries++ % 40 === 0) await control(url, { deviceId, action: "run" });
    return await check();
  });
}

/** The lines of the only file; none while there are several, or while it is being replaced. */
async function dayLines(folder: string): Promise<string[]> {
  const names = await listFiles(folder);
  if (names.length !== 1) return [];
  try {
    return (await Deno.readTextFile(`${folder}/${names[0]}`)).trimEnd().split("\n");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
