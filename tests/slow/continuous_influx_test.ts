import { assertEquals } from "../support/assert.ts";
import { hasInfluxd, startInfluxd } from "../support/influxd.ts";
import { createContinuousReference } from "../support/continuous_reference.ts";
import {
  control,
  readExportedFiles,
  startContinuousService,
  untilExported,
} from "../support/continuous_service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { until } from "../support/until.ts";

const ignore = !Deno.env.has("REQUIRE_ALL") && !await hasInfluxd();
const DAY_MS = Date.parse("2026-02-07T00:00:00Z");
const HOUR_MS = 3_600_000;
const DEVICES = ["B1", "B2", "B-3", "B_4", "B5"];
/** 5 × 20,000 = 100,000 points, 4.32 s apart: one day. */
const POINTS = 20_000, STEP_MS = 4_320;

Deno.test({
  name: "100,000 points of 5 devices in a real InfluxDB are exported, and a late one too",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    await using server = await startInfluxd(folder.path);
    await server.run("CREATE DATABASE energy");
    const reference = createContinuousReference();
    const write = async (device: string, points: readonly (readonly [number, number])[]) => {
      for (let at = 0; at < points.length; at += 5_000) {
        const lines = points.slice(at, at + 5_000).map(([timeMs, tenths]) => {
          reference.set(device, timeMs, [50, 300, tenths / 10, null]);
          const fields = `soc_percent=50,voltage_v=300,current_a=${tenths / 10}`;
          return `telemetry,device_id=${device} ${fields} ${timeMs}`;
        });
        await server.write("energy", lines);
      }
    };
    for (const device of DEVICES) {
      const points = Array.from(
        { length: POINTS },
        (_, point) => [DAY_MS + point * STEP_MS, point % 900] as const,
      );
      await write(device, points);
    }
    const exportPath = `${folder.path}/export`;
    const influx = { url: server.url, token: null, org: null, bucket: "energy", batchSize: 1_000 };
    // Looks back far enough for late readings of that day.
    const lookbackMs = Date.now() - DAY_MS + HOUR_MS;
    await using service = await startContinuousService(exportPath, {
      continuous: { influx, lookbackMs },
    });
    await untilExported(service.url, DEVICES, 60_000);
    assertEquals(await readExportedFiles(exportPath), reference.files(HOUR_MS, Infinity));
    await write("B1", [[DAY_MS + 5 * HOUR_MS + 1, 7]]);
    await control(service.url, { deviceId: "B1", action: "run" });
    const path = "device_id=B1/date=2026/02/07/export_050000.csv";
    const expected = reference.files(HOUR_MS, Infinity);
    // Reads only this file, as unfinished files come and go next to it.
    const isThere = async () => await Deno.readTextFile(`${exportPath}/${path}`) === expected[path];
    await until(isThere, 60_000);
    assertEquals(await readExportedFiles(exportPath), expected);
  },
});
