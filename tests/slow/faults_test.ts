import { assertEquals } from "../support/assert.ts";
import {
  askJson,
  exportToEnd,
  type JsonAnswer,
  postJson,
  startTestService,
} from "../support/service.ts";
import { mayMount, mountTempFolder, remount } from "../support/temp_folder.ts";

const ignore = !Deno.env.has("REQUIRE_ALL") && !await mayMount();
const YEAR = ["2024-01-01T00:00:00Z", "2024-12-31T23:59:59Z"];
const HOUR = ["2024-01-01T00:00:00Z", "2024-01-01T00:59:59Z"];

function exportOf(
  url: string,
  [start_datetime, end_datetime]: string[],
): Promise<JsonAnswer["body"]> {
  return exportToEnd(url, { smart_meter_id: "123", start_datetime, end_datetime });
}

Deno.test({
  name: "a full disk fails the job with STORAGE_FULL; the service stays up and the next job works",
  ignore,
  async fn() {
    await using disk = await mountTempFolder(1_000_000);
    await using service = await startTestService({ demoData: true, fileStore: disk.path });
    const status = await exportOf(service.url, YEAR);
    assertEquals(status.status, "failed");
    assertEquals(status.error, {
      code: "STORAGE_FULL",
      message: "The file store has no room left",
      details: "The file could not be written for lack of space",
    });
    assertEquals(await Array.fromAsync(Deno.readDir(disk.path)), []);
    assertEquals((await askJson(`${service.url}/ready`)).status, 200);
    assertEquals((await exportOf(service.url, HOUR)).file_info.record_count, 60);
  },
});

Deno.test({
  name: "a read-only file store fails the job with STORAGE_UNAVAILABLE until it is writable again",
  ignore,
  async fn() {
    await using disk = await mountTempFolder(1_000_000);
    await using service = await startTestService({ demoData: true, fileStore: disk.path });
    await remount(disk.path, "ro");
    const status = await exportOf(service.url, HOUR);
    assertEquals([status.status, status.error.code], ["failed", "STORAGE_UNAVAILABLE"]);
    const ready = await askJson(`${service.url}/ready`);
    assertEquals([ready.status, ready.body.checks.file_store], [503, false]);
    assertEquals((await askJson(`${service.url}/health`)).status, 200);
    await remount(disk.path, "rw");
    assertEquals((await exportOf(service.url, HOUR)).status, "completed");
  },
});

Deno.test({
  name: "a database on a full disk refuses telemetry, keeps what it acknowledged, and goes on",
  ignore,
  async fn() {
    await using disk = await mountTempFolder(4_000_000);
    await using service = await startTestService({ kvPath: `${disk.path}/kv.sqlite3` });
    const metrics = { soc_percent: 50, voltage_v: 385.2, current_a: -45, temp_c: 28 };
    const send = async (second: number) => {
      const timestamp = `2024-01-01T00:00:0${second}Z`;
      const body = { device_id: "d1", timestamp, metrics };
      return (await postJson(`${service.url}/telemetry`, body)).status;
    };
    assertEquals(await send(1), 201);
    await fillDisk(`${disk.path}/other`);
    assertEquals(await send(3), 500);
    await Deno.remove(`${disk.path}/other`);
    assertEquals(await send(5), 201);
    const range = "start_time=2024-01-01T00:00:00Z&end_time=2024-01-01T00:01:00Z";
    const { body } = await askJson(`${service.url}/devices/d1/metrics?${range}`);
    assertEquals(body.data.map(({ timestamp }: { timestamp: string }) => timestamp), [
      "2024-01-01T00:00:01Z",
      "2024-01-01T00:00:05Z",
    ]);
  },
});

/** Writes a file until there is no room left. */
async function fillDisk(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true });
  const bytes = new Uint8Array(65_536);
  for (;;) {
    try {
      await file.write(bytes);
    } catch {
      return;
    }
  }
}
