import type { S3Client } from "../../data/s3/client.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { deploy, type Deployment, findPlatformDeno } from "../support/deploy.ts";
import { hasKvServer, startKvServer } from "../support/kv_server.ts";
import { pause } from "../support/process.ts";
import { startS3Double } from "../support/s3_double.ts";
import { openS3Box } from "../support/s3_server.ts";
import type { JsonAnswer } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

/** How long each part of the test may take, milliseconds. */
const TIME_MS = 100_000;
/** Readings of the meter: a minute each of ten days. */
const ROWS = 14_400;
const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2024, 0, 1);

/** Asks until the platform and the service have an answer: clients of a platform try again. */
async function ask(app: Deployment, path: string, init: RequestInit = {}): Promise<JsonAnswer> {
  const endMs = Date.now() + TIME_MS;
  for (;;) {
    try {
      const answer = await fetch(`${app.url}${path}`, init);
      const text = await answer.text();
      if (answer.status < 500 && answer.status !== 429) {
        const { status, headers } = answer;
        return { status, headers, body: text.startsWith("{") ? JSON.parse(text) : text };
      }
      assert(Date.now() < endMs, `${path}: ${answer.status} ${text}\n${app.output()}`);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    await pause(200);
  }
}

function post(
  app: Deployment,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<JsonAnswer> {
  const type = typeof body === "string" ? "text/csv" : "application/json";
  return ask(app, path, {
    method: "POST",
    headers: { "content-type": type, ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

/** Asks until an answer passes. */
async function askUntil(
  app: Deployment,
  path: string,
  passes: (body: JsonAnswer["body"]) => boolean,
): Promise<JsonAnswer["body"]> {
  const endMs = Date.now() + TIME_MS;
  for (;;) {
    const { body } = await ask(app, path, { headers: { prefer: "wait=10" } });
    if (passes(body)) return body;
    assert(Date.now() < endMs, `${path}: ${JSON.stringify(body)}\n${app.output()}`);
    await pause(300);
  }
}

/** The time of a row, as an upload and an export write it. */
function timeOf(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}

/** The rows of the meter, without the header. The energy of each minute tells it from all others. */
function meterRows(): string[] {
  return Array.from(
    { length: ROWS },
    (_, index) => `${timeOf(START_MS + index * 60_000)},${(index / 1000).toFixed(3)}`,
  );
}

async function exportMeter(app: Deployment): Promise<void> {
  const rows = meterRows();
  const uploaded = await post(
    app,
    "/api/meters/house/readings",
    `timestamp,energy_kwh\n${rows.join("\n")}\n`,
  );
  assertEquals(uploaded.status, 200, JSON.stringify(uploaded.body));
  const ids = await Promise.all([1, 2, 3].map(async (number) => {
    const { body } = await post(app, "/api/export/csv", {
      smart_meter_id: "house",
      start_datetime: "2024-01-01T00:00:00Z",
      end_datetime: "2024-01-10T23:59:59Z",
      format: "csv",
    }, { "idempotency-key": `export-${number}` });
    return String(body.job_id);
  }));
  assertEquals(new Set(ids).size, 3);
  for (const id of ids) {
    await askUntil(app, `/api/export/status/${id}`, ({ status }) => {
      assert(status !== "failed", app.output());
      return status === "completed";
    });
    const { body } = await ask(app, `/api/export/download/${id}`);
    const lines = String(body).trimEnd().split(/\r?\n/).slice(1);
    assertEquals(lines.length, ROWS);
    for (const [index, line] of lines.entries()) {
      const [time, , energy] = line.split(",");
      assertEquals(`${time},${Number(energy).toFixed(3)}`, rows[index], line);
    }
  }
}

/** Sends readings of five devices, each until it is accepted; returns their times by device. */
async function sendTelemetry(app: Deployment): Promise<Map<string, Set<string>>> {
  const sent = new Map<string, Set<string>>();
  await Promise.all(Array.from({ length: 5 }, async (_, number) => {
    const id = `device-${number}`;
    const times = new Set<string>();
    sent.set(id, times);
    for (let count = 0; count < 30; count++) {
      const time = timeOf(Math.floor(Date.now() / 1_000) * 1_000 - count * 1_000 - 60_000);
      const metrics = { soc_percent: count, voltage_v: 385, current_a: -4, temp_c: 28 };
      const answer = await post(app, "/telemetry", {
        device_id: id,
        timestamp: time,
        metrics,
      });
      assert(answer.status === 201 || answer.status === 200, JSON.stringify(answer.body));
      times.add(time);
      await pause(150);
    }
  }));
  return sent;
}

async function makeReport(app: Deployment): Promise<void> {
  const uploads = {
    status: "store_id,timestamp_utc,status\n101,2023-01-25 12:00:00 UTC,active\n" +
      "101,2023-01-25 12:30:00 UTC,active\n",
    hours: "store_id,day_of_week,start_time_local,end_time_local\n101,2,00:00:00,23:59:59\n",
    timezones: "store_id,timezone_str\n101,UTC\n",
  };
  for (const [kind, text] of Object.entries(uploads)) {
    const { status, body } = await post(app, `/stores/${kind}`, text);
    assertEquals(status, 200, JSON.stringify(body));
  }
  const { body } = await post(app, "/trigger_report/", {});
  const path = `/get_report/${body.report_id}/`;
  await askUntil(app, path, ({ status }) => status !== "Running");
  const file = await ask(app, `/download_report/${body.report_id}`);
  assertEquals(file.status, 200, JSON.stringify(file.body));
  assert(String(file.body).includes("101,"), String(file.body));
}

/** Makes a schedule for each minute; returns its path. */
async function makeSchedule(app: Deployment): Promise<string> {
  const { status, body } = await post(app, "/api/schedules", {
    name: "Each minute",
    cron: "* * * * *",
    timezone: "UTC",
    request: {
      smart_meter_id: "house",
      period: "last_7_days",
    },
  });
  assertEquals(status, 201, JSON.stringify(body));
  return `/api/schedules/${body.id}`;
}

/** The times of all readings in the bucket, by device. */
async function readObjects(client: S3Client): Promise<Map<string, Set<string>>> {
  const found = new Map<string, Set<string>>();
  const signal = AbortSignal.timeout(TIME_MS);
  for await (const { key } of client.list({ prefix: "telemetry/", signal })) {
    const text = await new Response(await client.get(key, { signal })).text();
    for (const line of text.trimEnd().split(/\r?\n/).slice(1)) {
      const id = /device-\d/.exec(line)?.[0] ?? "";
      const time = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.exec(line)?.[0] ?? "";
      found.set(id, (found.get(id) ?? new Set()).add(`${time}Z`));
    }
  }
  return found;
}

/** How many times there are in all. */
function sizeOf(times: ReadonlyMap<string, ReadonlySet<string>>): number {
  return times.values().reduce((sum, { size }) => sum + size, 0);
}

Deno.test({
  name:
    "on Deno Deploy, uploads, exports, telemetry, reports, schedules and continuous export work although instances die",
  ignore: !await hasKvServer(),
  async fn() {
    await using folder = await makeTempFolder();
    await using kv = await startKvServer(folder.path);
    await using s3 = startS3Double();
    const { bucket, client } = await openS3Box(s3);
    await using app = await deploy({
      kv,
      deno: await findPlatformDeno(),
      env: {
        ALLOW_ANONYMOUS: "true",
        REQUESTS_PER_SECOND: "0",
        FILE_STORE: "kv:",
        CONTINUOUS_EXPORT: "on",
        EXPORT_INTERVAL_SECONDS: "30",
        EXPORT_FORMAT: "csv",
        S3_ENDPOINT: s3.access.endpoint,
        S3_BUCKET: bucket,
        AWS_ACCESS_KEY_ID: "double",
        AWS_SECRET_ACCESS_KEY: "secret",
      },
    });
    // One of the evictions is a kill, at a random place: the jobs of that instance wait for 30 s.
    const killed = Math.floor(Math.random() * 3);
    let isEvicting = true;
    const evicting = (async () => {
      for (let evicted = 0; isEvicting && evicted < 3;) {
        await pause(1_500 + Math.random() * 2_000);
        if (app.evict(evicted === killed ? "SIGKILL" : "SIGINT")) evicted++;
      }
    })();
    const [sent, schedule] = await Promise.all([
      sendTelemetry(app),
      makeSchedule(app),
      exportMeter(app),
      makeReport(app),
    ]);
    isEvicting = false;
    await evicting;
    for (const [id, times] of sent) {
      const path = `/devices/${id}/metrics?start_time=${timeOf(Date.now() - 3_600_000)}`;
      const { body } = await ask(app, path, { headers: { accept: "text/csv" } });
      const stored = String(body).match(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g);
      assertEquals(new Set(stored), times, id);
    }
    // Nobody asks any more: instances stop, and only the cron of the platform starts one. The schedule is
    // due at the next minute, as is the last window.
    await app.stopAll();
    const { started } = app.count();
    await pause(MINUTE_MS - Date.now() % MINUTE_MS + 500);
    let exported = new Map<string, Set<string>>();
    for (let minute = 0; minute < 3 && sizeOf(exported) < sizeOf(sent); minute++) {
      await app.cron();
      exported = await readObjects(client);
    }
    await app.stopAll();
    assert(app.count().started > started);
    assertEquals(app.count().running, 0);
    for (const [id, times] of sent) assertEquals(exported.get(id), times, id);
    const runs = await ask(app, schedule);
    assert(runs.body.last_run !== null, JSON.stringify(runs.body));
    assertEquals(app.late(), 0, "instances stop within 5 s of SIGINT");
  },
});
