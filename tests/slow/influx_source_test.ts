import { BUILT_IN_PROFILES } from "../../data/readings/profiles.ts";
import { InfluxError } from "../../data/influx/query.ts";
import { createInfluxSource } from "../../data/influx/source.ts";
import { startPlan } from "../../data/continuous/window.ts";
import type { SourcePart, TelemetrySource } from "../../data/continuous/telemetry_source.ts";
import { pause } from "../../jobs/engine/pause.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { windowsOfDay } from "../support/export_windows.ts";
import { hasInfluxd, startInfluxd } from "../support/influxd.ts";
import { type Row, rowsOf } from "../support/pages.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const ignore = !Deno.env.has("REQUIRE_ALL") && !await hasInfluxd();
const SIGNAL = new AbortController().signal;
const DAY_MS = Date.parse("2026-02-07T00:00:00Z");
const DEVICES = ["D1", "D2", "D-3", "D_4", "battery"];
/** 5 × 20,000 = 100,000 points, 4.32 s apart: one day. */
const POINTS = 20_000, STEP_MS = 4_320;

/** The values of a point, as in the line protocol and in the reading; some are missing. */
function valuesOf(device: number, point: number): string[] {
  const seed = device * 7_919 + point;
  const values = [220 + seed % 200 / 10, seed % 3_000 / 1000, seed % 5_000 / 10, seed % 90 - 20];
  return values.map((value, metric) => (seed + metric) % 17 === 0 ? "" : String(value));
}

function expectedRows(device: number): Row[] {
  return Array.from({ length: POINTS }, (_, point): Row => [
    DAY_MS + point * STEP_MS,
    ...valuesOf(device, point),
  ]);
}

function linesOf(device: number): string[] {
  const names = DEVICES[device] === "battery"
    ? ["soc_percent", "voltage_v", "current_a", "temp_c"]
    : ["voltage", "current", "power", "temperature"];
  return expectedRows(device).map(([timeMs, ...texts]) => {
    const fields = names.map((name, metric) => `${name}=${texts[metric]}`)
      .filter((field) => !field.endsWith("="));
    return `telemetry,device_id=${DEVICES[device]},location=room\\ ${device} ${fields} ${timeMs}`;
  });
}

function sourceOf(url: string, bucket: string): TelemetrySource {
  return createInfluxSource({ now: Date.now, wait: pause, profiles: BUILT_IN_PROFILES }, {
    url,
    token: null,
    org: null,
    bucket,
    batchSize: 1_000,
  });
}

/** The parts of all 24 windows of the day. */
async function readDay(source: TelemetrySource, deviceId: string): Promise<SourcePart[]> {
  const parts: SourcePart[] = [];
  for (const window of windowsOfDay(startPlan(3_600_000), DAY_MS)) {
    for await (const part of source.read(deviceId, window, SIGNAL)) {
      assert(
        part.page.timesMs.length <= 1_001,
        "a part has at most one chunk, and the reading held back before",
      );
      parts.push(part);
    }
  }
  return parts;
}

Deno.test({
  name: "100,000 points of 5 devices come back from a real InfluxDB as they were written",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    await using server = await startInfluxd(folder.path);
    await server.run("CREATE DATABASE energy");
    for (const device of DEVICES.keys()) {
      const lines = linesOf(device);
      for (let at = 0; at < lines.length; at += 5_000) {
        await server.write("energy", lines.slice(at, at + 5_000));
      }
    }
    const source = sourceOf(server.url, "energy");
    const ids = await Array.fromAsync(source.devices(SIGNAL));
    assertEquals(ids.toSorted(), DEVICES.toSorted());
    for (const [device, id] of DEVICES.entries()) {
      const parts = await readDay(source, id);
      const profile = id === "battery" ? "battery" : "appliance";
      for (const part of parts) {
        assertEquals(
          [part.profile.name, part.deviceType, part.location],
          [profile, null, `room ${device}`],
        );
      }
      assertEquals(parts.flatMap(({ page }) => rowsOf(page)), expectedRows(device));
    }
  },
});

Deno.test({
  name: "ids, labels, repeats and errors of a real InfluxDB are read correctly",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    await using server = await startInfluxd(folder.path);
    await server.run("CREATE DATABASE energy");
    await server.write("energy", [
      `telemetry,device_id=D'1\\2,device_type=washer voltage=230 ${DAY_MS}`,
      `telemetry,device_id=D1,device_type=old voltage=1,power=5 ${DAY_MS}`,
    ]);
    // Another series of the same device, with fewer fields.
    await server.write("energy", [`telemetry,device_id=D1,location=x power=6 ${DAY_MS + 1}`]);
    const source = sourceOf(server.url, "energy");
    const ids = await Array.fromAsync(source.devices(SIGNAL));
    assertEquals(ids.toSorted(), ["D'1\\2", "D1"]);
    const span = { fromMs: DAY_MS, toMs: DAY_MS + 1_000 };
    const parts = await Array.fromAsync(source.read("D1", span, SIGNAL));
    assertEquals(
      parts.map(({ deviceType, location, page }) => [deviceType, location, rowsOf(page)]),
      [
        ["old", null, [[DAY_MS, "1", "", "5", ""]]],
        [null, "x", [[DAY_MS + 1, "", "", "6", ""]]],
      ],
    );
    const elsewhere = sourceOf(server.url, "nowhere");
    await assertRejects(
      () => Array.fromAsync(elsewhere.read("D1", span, SIGNAL)),
      InfluxError,
      "database not found: nowhere",
    );
    const later = { fromMs: DAY_MS + 1_000, toMs: DAY_MS + 2_000 };
    assertEquals(await Array.fromAsync(source.read("D1", later, SIGNAL)), []);
  },
});
