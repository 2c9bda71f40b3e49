import {
  dayFolder,
  objectKey,
  possibleKeys,
  profileDayKey,
  windowStartMs,
} from "../../../data/continuous/object_key.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

const NOON = {
  deviceId: "D1",
  profile: "battery",
  fromMs: Date.parse("2026-02-07T12:00:00Z"),
};
const PLAIN = { prefix: "telemetry", layout: "plain", format: "parquet" } as const;

Deno.test("objectKey() contains the device, the start of the window, and in the hive layout the profile", () => {
  assertEquals(
    objectKey(PLAIN, NOON),
    "telemetry/device_id=D1/date=2026/02/07/export_120000.parquet",
  );
  assertEquals(
    objectKey({ ...PLAIN, layout: "hive" }, NOON),
    "telemetry/profile=battery/date=2026-02-07/device_id=D1/export_120000.parquet",
  );
  assertEquals(
    objectKey({ prefix: "a/b", layout: "hive", format: "csv" }, {
      deviceId: "washer_2-b",
      profile: "appliance",
      fromMs: Date.parse("2025-12-31T23:59:01Z"),
    }),
    "a/b/profile=appliance/date=2025-12-31/device_id=washer_2-b/export_235901.csv",
  );
});

Deno.test("objectKey() encodes a colon, which Windows and Hadoop do not allow in paths", () => {
  const shelly = { ...NOON, deviceId: "shelly:a8.03" };
  assertEquals(
    objectKey({ ...PLAIN, layout: "hive" }, shelly),
    "telemetry/profile=battery/date=2026-02-07/device_id=shelly%3Aa8.03/export_120000.parquet",
  );
  assertEquals(
    objectKey({ ...PLAIN, layout: "hive-by-profile" }, shelly),
    "telemetry/profile=battery/date=2026-02-07/export_120000_shelly%3Aa8.03.parquet",
  );
});

Deno.test("objectKey() has no slash at its start if the prefix is empty", () => {
  assertEquals(
    objectKey({ ...PLAIN, prefix: "" }, { deviceId: "x", profile: "battery", fromMs: 0 }),
    "device_id=x/date=1970/01/01/export_000000.parquet",
  );
});

Deno.test("possibleKeys() of a recorded object is its key in the layout and format it was written in", () => {
  const object = { layout: "hive", format: "csv", profile: "appliance" } as const;
  assertEquals(possibleKeys(PLAIN, NOON, object), [
    "telemetry/profile=appliance/date=2026-02-07/device_id=D1/export_120000.csv",
  ]);
});

Deno.test("possibleKeys() of an object of version 0.5 or older is its key in both layouts of that version", () => {
  assertEquals(possibleKeys(PLAIN, NOON, null), [
    "telemetry/device_id=D1/date=2026/02/07/export_120000.parquet",
    "telemetry/device_id=D1/date=2026-02-07/export_120000.parquet",
  ]);
});

Deno.test("objectKey() rejects ids that could lead into another folder", () => {
  for (const deviceId of ["", ".", "..", "a/b", "D1/../D2", "ü", "a b", "x".repeat(65)]) {
    assertThrows(
      () => objectKey(PLAIN, { ...NOON, deviceId }),
      RangeError,
      `Cannot name an object as the device id must be 1 to 64 characters of A-Z a-z 0-9 _ . : - except . and .. alone: ${deviceId}`,
    );
  }
});

Deno.test("objectKey() rejects starts that six digits cannot distinguish", () => {
  for (const fromMs of [500, -1_000, NaN, Infinity, 253_402_300_800_000]) {
    assertThrows(() => objectKey(PLAIN, { ...NOON, fromMs }), RangeError, String(fromMs));
  }
});

Deno.test("profileDayKey() has the profile and the day, in the folder of the windows in hive-by-profile", () => {
  const day = { profile: "battery", dayMs: Date.parse("2026-02-07T00:00:00Z") };
  assertEquals(profileDayKey(PLAIN, day), "telemetry/profile=battery/date=2026/02/07/day.parquet");
  const style = { prefix: "", layout: "hive-by-profile", format: "csv" } as const;
  assertEquals(profileDayKey(style, day), "profile=battery/date=2026-02-07/day.csv");
  assertEquals(objectKey(style, NOON), "profile=battery/date=2026-02-07/export_120000_D1.csv");
});

Deno.test("possibleKeys() of a window that has no object of its own is empty", () => {
  const object = { layout: "hive", format: "csv", profile: "appliance", isShared: true } as const;
  assertEquals(possibleKeys(PLAIN, NOON, object), []);
});

Deno.test("dayFolder() is the folder of every window of a day, and windowStartMs() reads their starts back", () => {
  const dayMs = Date.UTC(2026, 1, 7);
  const folders = { plain: "p/device_id=a%3A1/date=2026/02/07" } as Record<string, string>;
  folders.hive = "p/profile=battery/date=2026-02-07/device_id=a%3A1";
  folders["hive-by-profile"] = "p/profile=battery/date=2026-02-07";
  for (const layout of ["plain", "hive", "hive-by-profile"] as const) {
    const window = { deviceId: "a:1", profile: "battery" };
    assertEquals(dayFolder({ prefix: "p", layout }, { ...window, dayMs }), folders[layout]);
    for (const offsetMs of [0, 1_000, 86_399_000]) {
      for (const format of ["csv", "parquet"] as const) {
        const style = { prefix: "p", layout, format };
        const key = objectKey(style, { ...window, fromMs: dayMs + offsetMs });
        assertEquals(key.slice(0, key.lastIndexOf("/")), folders[layout]);
        const read = { layout, deviceId: "a:1", dayMs };
        assertEquals(windowStartMs(key, read), dayMs + offsetMs);
        // In a folder that devices share, the name says whose window it is.
        const ofOther = windowStartMs(key, { ...read, deviceId: "a:2" });
        assertEquals(ofOther, layout === "hive-by-profile" ? null : dayMs + offsetMs);
      }
    }
    const names = ["day.csv", "export_120000.txt", "export_12000.csv", "xexport_120000.csv"];
    for (const name of names) {
      const key = `${folders[layout]}/${name}`;
      assertEquals(windowStartMs(key, { layout, deviceId: "a:1", dayMs }), null, name);
    }
  }
});
