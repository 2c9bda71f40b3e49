import { EXPORT_KINDS, FORMAT_NAMES } from "../../jobs/exports/export_contract.ts";
import {
  DELETE_DEVICE,
  DELETE_MANY,
  DELETE_METER,
  DELETE_READINGS,
  DELETE_STORE,
} from "../../jobs/deletions/deletion_contract.ts";
import { STORE_REPORT } from "../../jobs/stores/report_contract.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { AUTHORITY, CERTIFICATE, CERTIFICATE_KEY } from "../support/certificate.ts";
import { listFiles } from "../support/continuous_service.ts";
import { startProcess } from "../support/process.ts";
import { askJson, importText, postJson } from "../support/service.ts";
import { linesOf, message, postLines } from "../support/telemetry.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { until } from "../support/until.ts";

const KINDS = [
  ...EXPORT_KINDS,
  STORE_REPORT,
  DELETE_DEVICE,
  DELETE_MANY,
  DELETE_METER,
  DELETE_READINGS,
  DELETE_STORE,
];
const WAIT = { prefer: "wait=60" };
const RANGE = { start_datetime: "2024-01-01", end_datetime: "2024-12-31" };

/** Places of data by their settings: the default ones, and others outside the folder of the service. */
function places(other: string): Record<string, Record<string, string>> {
  return {
    "the default folders": {},
    "folders elsewhere": {
      KV_PATH: `${other}/database/kv.sqlite3`,
      FILE_STORE: `${other}/files`,
      LAKE_PATH: `${other}/lake`,
    },
    "paths with spaces, and a database beside other files": {
      KV_PATH: "kv.sqlite3",
      FILE_STORE: `${other}/my files`,
      LAKE_PATH: "my lake",
    },
  };
}

for (const what of Object.keys(places(""))) {
  Deno.test(`a service started with the permissions of the task does every job in ${what}`, async () => {
    await using folder = await makeTempFolder();
    await using other = await makeTempFolder();
    const settings = places(other.path)[what];
    const storeFolder = `${other.path}/stores`;
    await Deno.mkdir(storeFolder);
    await Deno.writeTextFile(
      `${storeFolder}/store_status.csv`,
      "store_id,timestamp_utc,status\nS1,2024-01-01 12:00:00 UTC,active\n",
    );
    const env = {
      ...settings,
      DEMO_DATA: "true",
      STORE_DATA_DIR: storeFolder,
      CONTINUOUS_EXPORT: "on",
      EXPORT_INTERVAL_SECONDS: "3600",
    };
    let output = "";
    {
      await using service = await startProcess(folder.path, env);
      await doEveryJob(service.url);
      await exportWindow(service.url, settings.LAKE_PATH ?? ".openwatts/lake", folder.path);
      service.kill("SIGTERM");
      assertEquals(await service.ended, 0, service.output());
      output = service.output();
    }
    const ended = output.split("\n").filter((line) => line.startsWith("{")).map((line) =>
      JSON.parse(line)
    );
    const jobs = ended.filter(({ event }) => event === "job run ended");
    assertEquals(jobs.filter(({ state }) => state !== "completed"), []);
    assertEquals([...new Set(jobs.map(({ kind }) => kind))].toSorted(), KINDS.toSorted());
    const faults = ended.filter(({ level, event }) =>
      ["error", "warn"].includes(level) && event !== "store file missing"
    );
    assertEquals(faults, []);
    assert(!output.includes("NotCapable"), output);
  });
}

async function doEveryJob(url: string): Promise<void> {
  for (const path of ["docs", "redoc", "docs/assets/redoc.standalone.js", "ready"]) {
    const response = await fetch(`${url}/${path}`);
    await response.body?.cancel();
    assertEquals(response.status, 200, path);
  }
  await until(async () => (await askJson(`${url}/stores`)).body.stores.length === 1);
  const bodies: Record<string, unknown>[] = [
    // The first contract, then each format, then each way to pack more than 1 MiB: on a thread.
    {
      smart_meter_id: "123",
      start_datetime: "2024-01-01T00:00Z",
      end_datetime: "2024-01-02T00:00Z",
      format: "csv",
    },
    ...FORMAT_NAMES.map((format) => ({
      smart_meter_id: "123",
      ...RANGE,
      format,
      ...format === "xml" ? {} : { interval: "1h" },
    })),
    { smart_meter_id: "123", ...RANGE, format: "csv", compression: "gzip" },
    { smart_meter_id: "123", ...RANGE, format: "csv", gaps: "report" },
  ];
  for (const [index, body] of bodies.entries()) {
    const path = index === 0 ? "/api/export/csv" : "/api/exports";
    const { status, body: answer } = await postJson(url + path, body, WAIT);
    assertEquals([status, answer.status], [200, "completed"], JSON.stringify([body, answer]));
    const download = await fetch(url + answer.file_info.download_url);
    assertEquals((await download.bytes()).length, answer.file_info.file_size_bytes);
  }
  const report = await postJson(`${url}/trigger_report`, {}, WAIT);
  assertEquals(report.body.status, "Complete", JSON.stringify(report.body));

  await importText(url, "gone", "timestamp,power_kw\n2024-01-01T00:00:00Z,1\n");
  await postLines(url, linesOf([message({ device_id: "gone" })]));
  const many = await postJson(`${url}/api/deletions`, {
    meters: ["g*"],
    from: "2022-01-01",
    to: "2022-01-02",
  }, WAIT);
  assertEquals(many.body.status, "completed", JSON.stringify(many.body));
  const range = "from=2023-01-01&to=2023-01-02";
  const paths = [
    `/api/meters/gone/readings?${range}`,
    "/api/meters/gone",
    "/devices/gone?objects=true",
    "/stores/S1",
  ];
  for (const path of paths) {
    const { body } = await askJson(url + path, { method: "DELETE", headers: WAIT });
    assertEquals(body.status, "completed", path);
  }
}

/** Sends readings of two hours, whose window is then exported. */
async function exportWindow(url: string, lake: string, folder: string): Promise<void> {
  const fromMs = Date.UTC(2026, 0, 9);
  const messages = [0, 30, 60, 90].map((minutes) =>
    message({ device_id: "D1", timestamp: new Date(fromMs + minutes * 60_000).toISOString() })
  );
  await postLines(url, linesOf(messages));
  const path = lake.startsWith("/") ? lake : `${folder}/${lake}`;
  await until(async () => (await listFiles(path)).some((name) => name.includes("device_id=D1")));
}

Deno.test("a service started with the permissions of the task sends to webhooks over TLS", async () => {
  await using folder = await makeTempFolder();
  const authority = `${folder.path}/authority.pem`;
  await Deno.writeTextFile(authority, AUTHORITY);
  await using receiver = Deno.serve(
    { hostname: "127.0.0.1", port: 0, cert: CERTIFICATE, key: CERTIFICATE_KEY, onListen() {} },
    () => new Response("fine"),
  );
  const env = { WEBHOOK_ALLOW_PRIVATE: "true", DENO_CERT: authority };
  await using service = await startProcess(folder.path, env);
  const hook = { url: `https://127.0.0.1:${receiver.addr.port}/`, events: ["export.failed"] };
  const made = await postJson(`${service.url}/api/webhooks`, hook);
  const { body } = await postJson(`${service.url}/api/webhooks/${made.body.id}/test`, {});
  assertEquals([body.delivered, body.answer, body.error], [true, "fine", null]);
});
