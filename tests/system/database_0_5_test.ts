import { assertEquals } from "../support/assert.ts";
import { AFTER_0_5_MS, RECORDS_0_5 } from "../support/records_0_5.ts";
import { askJson, postJson, startTestService, TEST_SETTINGS } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { until } from "../support/until.ts";

const HEAD = "timestamp,device_type,location,soc_percent,voltage_v,current_a,temp_c," +
  "hour,day_of_week,is_weekend\n";

Deno.test("a database of version 0.5.0 opens: its records answer, its continuous export goes on", async () => {
  await using folder = await makeTempFolder();
  const kvPath = `${folder.path}/kv.sqlite3`;
  await writeRecords(kvPath);
  const oldFile = `${folder.path}/lake/device_id=bat-1/date=2026-11-29/export_050300.csv`;
  const newFolder = `${folder.path}/lake/profile=battery/date=2026-11-29/device_id=bat-1`;
  await Deno.mkdir(oldFile.slice(0, oldFile.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(oldFile, "written by 0.5.0");

  const startedAt = performance.now();
  await using service = await startTestService({
    kvPath,
    now: () => AFTER_0_5_MS + Math.round(performance.now() - startedAt),
    continuous: {
      ...TEST_SETTINGS.continuous,
      isOn: true,
      format: "csv",
      layout: "hive",
      path: `${folder.path}/lake`,
    },
  });
  const get = async (path: string) => (await askJson(`${service.url}${path}`)).body;

  const { device_id, profile, location, state, count, last_seen } = await get("/devices/bat-1");
  assertEquals([device_id, profile, location, state, count], [
    "bat-1",
    "battery",
    "cellar",
    "online",
    2,
  ]);
  assertEquals(last_seen, "2026-11-29T05:33:47.123Z");
  const { data } = await get("/devices/bat-1/metrics");
  assertEquals(data, [
    {
      timestamp: "2026-11-29T05:03:00Z",
      soc_percent: 50,
      voltage_v: 230,
      current_a: 1.5,
      temp_c: 20,
    },
    {
      timestamp: "2026-11-29T05:04:00Z",
      soc_percent: 50,
      voltage_v: 230.01,
      current_a: 1.5,
      temp_c: 20,
    },
  ]);
  const meter = await get("/api/meters/m1/readings?start_time=2024-05-01&end_time=2024-05-01");
  assertEquals(meter.data.map((row: { energy_kwh: number }) => row.energy_kwh), [1.25, 1.5]);
  const store = await get("/stores/1");
  assertEquals([store.timezone_str, store.count, store.last_poll, store.hours], [
    "America/Chicago",
    2,
    "2023-01-25T13:00:00Z",
    [{ day_of_week: 0, start_time_local: "09:00:00", end_time_local: "17:00:00" }],
  ]);
  const failed = await get("/api/export/status/16dfb721-8052-4967-93e8-527d3aa5b2f5");
  assertEquals([failed.status, failed.error.code], ["failed", "SMART_METER_NOT_FOUND"]);
  const report = await get("/get_report/dd5df8b6-442d-4d8a-b165-6ae3605db9f9");
  assertEquals([report.status, report.store_count, report.as_of], ["Complete", 2, null]);

  // The second reading is exported, the first one not again.
  const totals = async () => (await get("/api/continuous-exports/bat-1")).totals;
  await until(async () => (await totals()).objects === 2);
  const second = `${HEAD}2026-11-29T05:04:00Z,cell,cellar,50,230.01,1.5,20,5,6,true\n`;
  assertEquals(await Deno.readTextFile(`${newFolder}/export_050400.csv`), second);
  assertEquals(await Deno.readTextFile(oldFile), "written by 0.5.0");

  // A replay knows the window from the manifest: it counts as a rewrite and replaces the old file.
  const replay = await postJson(`${service.url}/api/continuous-exports/bat-1/replay`, {
    from: "2026-11-29T05:03:00Z",
    to: "2026-11-29T05:04:00Z",
  });
  assertEquals(replay.status, 202);
  await until(async () => (await totals()).rewrites === 1);
  const first = `${HEAD}2026-11-29T05:03:00Z,cell,cellar,50,230,1.5,20,5,6,true\n`;
  assertEquals(await Deno.readTextFile(`${newFolder}/export_050300.csv`), first);
  await until(async () => !await exists(oldFile));
});

/** Writes the records in the order of the journal, then the rest; the checkpoint names its version. */
async function writeRecords(path: string): Promise<void> {
  using kv = await Deno.openKv(path);
  let exportedVersion = "";
  for (const [key, value] of RECORDS_0_5) {
    const isCheckpoint = key[0] === "lake_checkpoint";
    const stored = isCheckpoint ? { ...Object(value), seenVersion: exportedVersion } : value;
    const { versionstamp } = await kv.set(key, stored);
    if (key[0] === "journal" && key[1] === 1) exportedVersion = versionstamp;
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
