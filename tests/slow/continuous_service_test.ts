import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import {
  type ContinuousReference,
  createContinuousReference,
} from "../support/continuous_reference.ts";
import {
  control,
  exportOf,
  listFiles,
  readExportedFiles,
  startContinuousService,
  untilExported,
} from "../support/continuous_service.ts";
import { askJson } from "../support/service.ts";
import { linesOf, postLines } from "../support/telemetry.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { until } from "../support/until.ts";

const HOUR_MS = 3_600_000;
/** A Friday. */
const DAY_MS = Date.UTC(2026, 0, 9);

/** Sends battery readings ten minutes apart, starting at `fromMs`, and adds them to the reference. */
async function send(
  url: string,
  { deviceId = "D1", fromMs, count, reference, seed = 0 }: {
    deviceId?: string;
    fromMs: number;
    count: number;
    reference: ContinuousReference;
    seed?: number;
  },
): Promise<void> {
  const messages = Array.from({ length: count }, (_, index) => {
    const timeMs = fromMs + index * 600_000;
    const values = [50, 300.5, (index + seed) / 1_000, index % 7 === 0 ? null : -3];
    reference.set(deviceId, timeMs, values);
    const [soc_percent, voltage_v, current_a, temp_c] = values;
    const metrics = { soc_percent, voltage_v, current_a, temp_c };
    return { device_id: deviceId, timestamp: new Date(timeMs).toISOString(), metrics };
  });
  const { status, body } = await postLines(url, linesOf(messages));
  assert(status < 300 && body.rejected === 0, JSON.stringify(body));
}

Deno.test("weeks of readings with gaps become one object for each hour that has readings, and no others", async () => {
  await using folder = await makeTempFolder();
  const reference = createContinuousReference();
  await using service = await startContinuousService(folder.path);
  // Two days, then nothing for two weeks, then an hour.
  await send(service.url, { fromMs: DAY_MS, count: 288, reference });
  await send(service.url, { fromMs: DAY_MS + 16 * 24 * HOUR_MS, count: 6, reference });
  await send(service.url, { deviceId: "D-2", fromMs: DAY_MS + 60_000, count: 20, reference });
  await untilExported(service.url, ["D1", "D-2"]);
  const wanted = reference.files(HOUR_MS, Infinity);
  // 48 hours and one; of D-2 20 readings in 10 minutes each: 00:01 to 03:11.
  assertEquals(Object.keys(wanted).length, 48 + 1 + 4);
  assertEquals(await readExportedFiles(folder.path), wanted);
  const { body } = await askJson(`${service.url}/api/continuous-exports?limit=1`);
  assertEquals(body.exports.map((one: { device_id: string }) => one.device_id), ["D-2"]);
  assertEquals(body.next, "/api/continuous-exports?limit=1&cursor=D-2");
  assertEquals((await askJson(service.url + body.next)).body.exports[0].device_id, "D1");
});

Deno.test("a late reading of any age rewrites its window and no others", async () => {
  await using folder = await makeTempFolder();
  const reference = createContinuousReference();
  await using service = await startContinuousService(folder.path);
  await send(service.url, { fromMs: DAY_MS, count: 144, reference });
  await untilExported(service.url, ["D1"]);
  const before = await exportOf(service.url, "D1");
  const writtenAt = await modifiedTimes(folder.path);
  // One in an existing window, and one more than a year earlier, where no window exists.
  await send(service.url, { fromMs: DAY_MS + 5 * HOUR_MS + 60_000, count: 1, reference });
  await send(service.url, { fromMs: DAY_MS - 400 * 24 * HOUR_MS, count: 1, reference });
  await untilExported(service.url, ["D1"]);
  assertEquals(await readExportedFiles(folder.path), reference.files(HOUR_MS, Infinity));
  const after = await exportOf(service.url, "D1");
  assertEquals(after.totals.rewrites - before.totals.rewrites, 1);
  assertEquals(after.totals.objects - before.totals.objects, 2);
  assertEquals(after.checkpoint, before.checkpoint);
  const changed = Object.entries(await modifiedTimes(folder.path))
    .filter(([path, timeMs]) => writtenAt[path] !== timeMs).map(([path]) => path);
  assertEquals(changed, [
    "device_id=D1/date=2024/12/05/export_000000.csv",
    "device_id=D1/date=2026/01/09/export_050000.csv",
  ]);
});

async function modifiedTimes(folder: string): Promise<Record<string, number>> {
  const times: Record<string, number> = {};
  for (const name of await listFiles(folder)) {
    times[name] = (await Deno.stat(`${folder}/${name}`)).mtime?.getTime() ?? 0;
  }
  return times;
}

Deno.test("the status shows rows, size, checksum and revision of the last object", async () => {
  await using folder = await makeTempFolder();
  const reference = createContinuousReference();
  await using service = await startContinuousService(folder.path);
  await send(service.url, { fromMs: DAY_MS + 12 * HOUR_MS, count: 6, reference });
  await untilExported(service.url, ["D1"]);
  await send(service.url, { fromMs: DAY_MS + 12 * HOUR_MS + 60_000, count: 2, reference });
  await untilExported(service.url, ["D1"]);
  const { last_object: last, totals } = await exportOf(service.url, "D1");
  const bytes = await Deno.readFile(`${folder.path}/${last.key}`);
  const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  assertMatch(last.written_at, /^20/);
  assertEquals({ ...last, written_at: "" }, {
    key: "device_id=D1/date=2026/01/09/export_120000.csv",
    window_start: "2026-01-09T12:00:00Z",
    window_end: "2026-01-09T13:00:00Z",
    rows: 8,
    size_bytes: bytes.length,
    sha256,
    revision: 2,
    written_at: "",
  });
  // The first one had 6 rows, the second 8.
  assertEquals([totals.objects, totals.rows, totals.rewrites], [2, 14, 1]);
});

Deno.test("a replay writes the windows of its span again and restores deleted files", async () => {
  await using folder = await makeTempFolder();
  const reference = createContinuousReference();
  await using service = await startContinuousService(folder.path);
  await send(service.url, { fromMs: DAY_MS, count: 144, reference });
  await untilExported(service.url, ["D1"]);
  const wanted = await readExportedFiles(folder.path);
  await Deno.remove(`${folder.path}/device_id=D1`, { recursive: true });
  // 04:30 and 06:10 lie in the windows of 4, 5 and 6 o'clock.
  const body = { from: "2026-01-09T04:30:00Z", to: "2026-01-09T06:10:00Z" };
  const accepted = await control(service.url, { deviceId: "D1", action: "replay", body });
  assertEquals(accepted.status, 202, JSON.stringify(accepted.body));
  await untilExported(service.url, ["D1"]);
  const back = await readExportedFiles(folder.path);
  assertEquals(
    Object.keys(back),
    ["04", "05", "06"].map((hour) => `device_id=D1/date=2026/01/09/export_${hour}0000.csv`),
  );
  for (const [path, text] of Object.entries(back)) assertEquals(text, wanted[path]);
});

Deno.test("a replay from a date to a date includes both days", async () => {
  await using folder = await makeTempFolder();
  await using service = await startContinuousService(folder.path);
  await send(service.url, { fromMs: DAY_MS, count: 1, reference: createContinuousReference() });
  await untilExported(service.url, ["D1"]);
  await control(service.url, { deviceId: "D1", action: "pause" });
  const body = { from: "2026-01-09", to: "2026-01-10" };
  const accepted = await control(service.url, { deviceId: "D1", action: "replay", body });
  assertEquals(accepted.body.replays, [{
    from: "2026-01-09T00:00:00Z",
    to: "2026-01-11T00:00:00Z",
  }]);
});

Deno.test("a replay with invalid bounds reports what is wrong with each of them", async () => {
  await using folder = await makeTempFolder();
  const reference = createContinuousReference();
  await using service = await startContinuousService(folder.path);
  await send(service.url, { fromMs: DAY_MS, count: 1, reference });
  await untilExported(service.url, ["D1"]);
  const { status, body } = await control(service.url, {
    deviceId: "D1",
    action: "replay",
    body: { from: "yesterday", until: 1 },
  });
  assertEquals(status, 400);
  const pointers = body.errors.map(({ pointer }: { pointer: string }) => pointer);
  assertEquals(pointers.toSorted(), ["/from", "/to", "/until"]);
  const empty = await control(service.url, {
    deviceId: "D1",
    action: "replay",
    body: { from: "2026-01-09T04:00:00Z", to: "2026-01-09T04:00:00Z" },
  });
  assertEquals([empty.status, empty.body.errors[0].pointer], [400, "/to"]);
  assertEquals((await exportOf(service.url, "D1")).replays, []);
  const unknown = await control(service.url, { deviceId: "D9", action: "pause" });
  assertEquals([unknown.status, unknown.body.code], [404, "CONTINUOUS_EXPORT_NOT_FOUND"]);
});

Deno.test("a paused export stays paused over a restart, and exports everything when resumed", async () => {
  await using folder = await makeTempFolder();
  const reference = createContinuousReference();
  const kvPath = `${folder.path}/kv.sqlite3`;
  const exportPath = `${folder.path}/export`;
  {
    await using service = await startContinuousService(exportPath, { kvPath });
    await send(service.url, { fromMs: DAY_MS, count: 6, reference });
    await send(service.url, { deviceId: "D2", fromMs: DAY_MS, count: 6, reference });
    await untilExported(service.url, ["D1", "D2"]);
    const paused = await control(service.url, { deviceId: "D1", action: "pause" });
    assertEquals([paused.status, paused.body.state], [202, "paused"]);
  }
  const before = await readExportedFiles(exportPath);
  await using service = await startContinuousService(exportPath, { kvPath });
  await send(service.url, { fromMs: DAY_MS + HOUR_MS, count: 6, reference });
  await send(service.url, { deviceId: "D2", fromMs: DAY_MS + HOUR_MS, count: 6, reference });
  await control(service.url, { deviceId: "D1", action: "run" });
  // Had D1 not been paused, it would have been exported by now too.
  await untilExported(service.url, ["D2"]);
  const meanwhile = await readExportedFiles(exportPath);
  assertEquals(Object.keys(meanwhile).length, Object.keys(before).length + 1);
  const { state, lag_seconds } = await exportOf(service.url, "D1");
  assertEquals([state, lag_seconds >= 0], ["paused", true]);
  await control(service.url, { deviceId: "D1", action: "resume" });
  await untilExported(service.url, ["D1"]);
  assertEquals(await readExportedFiles(exportPath), reference.files(HOUR_MS, Infinity));
});

Deno.test("while the destination is away, readings are accepted; when it is back, it gets everything", async () => {
  await using folder = await makeTempFolder();
  const reference = createContinuousReference();
  const exportPath = `${folder.path}/export`;
  // A file in place of the folder.
  await Deno.writeTextFile(exportPath, "");
  await using service = await startContinuousService(exportPath);
  await send(service.url, { fromMs: DAY_MS, count: 12, reference });
  await until(async () => (await exportOf(service.url, "D1")).state === "failing");
  const { last_error, lag_seconds } = await exportOf(service.url, "D1");
  assertMatch(last_error.message, /^The file store cannot be used/);
  assert(last_error.attempts >= 1 && lag_seconds > 0);
  const { status, body } = await askJson(`${service.url}/ready`);
  assertEquals([status, body.ready], [200, true]);
  assertEquals(body.checks, {
    kv: true,
    file_store: true,
    worker_running: true,
    checkpoint_store_connected: true,
    destination_accessible: false,
  });
  assertEquals(body.reason, "destination_accessible: The file store cannot be used");
  await send(service.url, { fromMs: DAY_MS + 2 * HOUR_MS, count: 12, reference });
  await Deno.remove(exportPath);
  await untilExported(service.url, ["D1"], 30_000);
  assertEquals(await readExportedFiles(exportPath), reference.files(HOUR_MS, Infinity));
  assertEquals((await exportOf(service.url, "D1")).last_error, null);
});

Deno.test("READY_REQUIRES_DESTINATION makes /ready 503 while the destination is away", async () => {
  await using folder = await makeTempFolder();
  const exportPath = `${folder.path}/export`;
  await Deno.writeTextFile(exportPath, "");
  await using service = await startContinuousService(exportPath, {
    continuous: { isDestinationRequired: true },
  });
  assertEquals((await askJson(`${service.url}/ready`)).status, 503);
  await Deno.remove(exportPath);
  await until(async () => (await askJson(`${service.url}/ready`)).status === 200);
});

Deno.test("DEVICE_IDS limits the export to the devices it names", async () => {
  await using folder = await makeTempFolder();
  const reference = createContinuousReference();
  await using service = await startContinuousService(folder.path, {
    continuous: { deviceIds: ["D2"] },
  });
  await send(service.url, {
    deviceId: "D1",
    fromMs: DAY_MS,
    count: 6,
    reference: createContinuousReference(),
  });
  await send(service.url, { deviceId: "D2", fromMs: DAY_MS, count: 6, reference });
  await untilExported(service.url, ["D2"]);
  assertEquals(await readExportedFiles(folder.path), reference.files(HOUR_MS, Infinity));
  assertEquals((await askJson(`${service.url}/api/continuous-exports/D1`)).status, 404);
});
