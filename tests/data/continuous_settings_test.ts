import type { ContinuousSettings } from "../../data/continuous_settings.ts";
import { readSettings } from "../../data/settings.ts";
import { assert, assertEquals } from "../support/assert.ts";

const INFLUX = { INFLUXDB_URL: "http://influx:8086", INFLUXDB_BUCKET: "energy" };

function continuousOf(environment: Record<string, string>): ContinuousSettings {
  const result = readSettings(environment);
  assert("settings" in result, JSON.stringify(result));
  return result.settings.continuous;
}

function problemsOf(environment: Record<string, string>): readonly string[] {
  const result = readSettings(environment);
  assert("problems" in result, JSON.stringify(result));
  return result.problems;
}

Deno.test("readSettings() reads every variable of continuous export", () => {
  assertEquals(
    continuousOf({
      CONTINUOUS_EXPORT: "on",
      EXPORT_INTERVAL_SECONDS: "3600",
      EXPORT_BATCH_SIZE: "50",
      EXPORT_FORMAT: "csv",
      EXPORT_LAYOUT: "hive",
      EXPORT_COMPACT: "daily",
      DEVICE_IDS: " D1,washer_2 ,D1,,b-3",
      LOOKBACK_HOURS: "0.5",
      LAKE_PATH: "/srv/exports",
      READY_REQUIRES_DESTINATION: "true",
      INFLUXDB_URL: "https://influx.example.com/base/",
      INFLUXDB_TOKEN: " abc== ",
      INFLUXDB_ORG: "home",
      INFLUXDB_BUCKET: "energy/autogen",
    }),
    {
      isOn: true,
      intervalMs: 3_600_000,
      batchSize: 50,
      format: "csv",
      layout: "hive",
      isCompacting: true,
      isSharing: false,
      deviceIds: ["D1", "washer_2", "b-3"],
      lookbackMs: 1_800_000,
      path: "/srv/exports",
      isDestinationRequired: true,
      influx: {
        url: "https://influx.example.com/base",
        token: "abc==",
        org: "home",
        bucket: "energy/autogen",
        batchSize: 50,
      },
    },
  );
});

Deno.test("readSettings() requires a URL and a bucket of InfluxDB, nothing else", () => {
  assertEquals(continuousOf(INFLUX).influx, {
    url: "http://influx:8086",
    token: null,
    org: null,
    bucket: "energy",
    batchSize: 1_000,
  });
  assertEquals(continuousOf({ INFLUXDB_TOKEN: "t", INFLUXDB_BUCKET: "energy" }).influx, null);
});

Deno.test("readSettings() reports all problems of continuous export together with all others", () => {
  assertEquals(
    problemsOf({
      PORT: "-1",
      CONTINUOUS_EXPORT: "true",
      EXPORT_INTERVAL_SECONDS: "7",
      EXPORT_BATCH_SIZE: "0",
      EXPORT_FORMAT: "json",
      EXPORT_LAYOUT: "flat",
      EXPORT_COMPACT: "on",
      DEVICE_IDS: "D1,../D2",
      LOOKBACK_HOURS: "-1",
      LAKE_PATH: "s3://bucket",
      READY_REQUIRES_DESTINATION: "on",
      INFLUXDB_URL: "influx:8086",
    }),
    [
      'PORT must be a whole number of 0 to 65535: "-1"',
      'CONTINUOUS_EXPORT must be on or off: "true"',
      'EXPORT_INTERVAL_SECONDS must be a whole number of seconds that divides a day (86400): "7"',
      'EXPORT_BATCH_SIZE must be a whole number of 1 to 100000: "0"',
      'EXPORT_FORMAT must be parquet or csv: "json"',
      'EXPORT_LAYOUT must be plain or hive: "flat"',
      'EXPORT_COMPACT must be off, daily or daily-by-profile: "on"',
      "DEVICE_IDS must be device ids (1 to 64 characters of A-Z a-z 0-9 _ . : - except . and .. alone), separated by commas: " +
      '"D1,../D2"',
      'LOOKBACK_HOURS must be a number of 0 to 8760: "-1"',
      'LAKE_PATH must be a folder path: "s3://bucket"',
      'READY_REQUIRES_DESTINATION must be true or false: "on"',
      "INFLUXDB_URL must be an http(s) URL without user, password, query or fragment: " +
      '"influx:8086"',
      "INFLUXDB_BUCKET must be a database or bucket, required with INFLUXDB_URL: not set",
    ],
  );
});

Deno.test("readSettings() rejects each of these values of continuous export", () => {
  const wrong: Record<string, string[]> = {
    EXPORT_INTERVAL_SECONDS: ["0", "1.5", "86401", "172800", "1m", "-60"],
    EXPORT_BATCH_SIZE: ["100001", "many"],
    LOOKBACK_HOURS: ["8761", "1h", "Infinity"],
    DEVICE_IDS: ["a b", "ü", "x".repeat(65)],
    INFLUXDB_URL: ["ftp://x", "http://u:p@x", "http://x?db=1", "http://x#y", "http://"],
  };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      const problems = problemsOf({ ...INFLUX, [name]: value });
      assertEquals(problems.length, 1, `${name}=${value}`);
      assert(problems[0].startsWith(`${name} must be `), problems[0]);
    }
  }
});

Deno.test("readSettings() accepts each of these values of continuous export", () => {
  const right: Record<string, string[]> = {
    EXPORT_INTERVAL_SECONDS: ["1", "60", "900", "86400"],
    EXPORT_BATCH_SIZE: ["1", "100000"],
    LOOKBACK_HOURS: ["0", "8760", "0.25"],
    DEVICE_IDS: ["D1", ","],
    INFLUXDB_URL: ["http://127.0.0.1:8086", "http://[::1]:8086/", "https://x/influx"],
  };
  for (const [name, values] of Object.entries(right)) {
    for (const value of values) continuousOf({ ...INFLUX, [name]: value });
  }
});
