import { assertEquals } from "../support/assert.ts";
import { hasInfluxd, startInfluxd } from "../support/influxd.ts";
import { createContinuousReference } from "../support/continuous_reference.ts";
import {
  order,
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
/** 5 × 20,000 = 100,000 points, one each 4.32 s: together a day. */
const POINTS = 20_000, STEP_MS = 4_320;

Deno.test({
  name: "100,000 points over 5 devices of a real InfluxDB are exported, and a late one too",
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
    const root = `${folder.path}/lake`;
    const influx = { url: server.url, token: null, org: null, bucket: "energy", batchSize: 1_000 };
    // What is late is looked for so far back that the day is in it.
    const lookbackMs = Date.now() - DAY_MS + HOUR_MS;
    await using service = await startContinuousService(root, {
      continuous: { influx, lookbackMs },
    });
    await untilExported(service.url, DEVICES, 60_000);
    assertEquals(await readExportedFiles(root), reference.files(HOUR_MS, Infinity));
    await write("B1", [[DAY_MS + 5 * HOUR_MS + 1, 7]]);
    await order(service.url, { deviceId: "B1", verb: "run" });
    const path = "device_id=B1/date=2026/02/07/export_050000.csv";
    const wanted = reference.files(HOUR_MS, Infinity);
    // Only this one is read: what is being written comes and goes beside it.
    const isThere = async () => await Deno.readTextFile(`${root}/${path}`) === wanted[path];
    await until(isThere, 60_000);
    assertEquals(await readExportedFiles(root), wanted);
  },
});
