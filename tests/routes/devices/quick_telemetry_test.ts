import { AppError } from "../../../data/app_error.ts";
import { createRecorder } from "../../../data/metrics/recorder.ts";
import { createDeviceIntake } from "../../../kv/devices/intake.ts";
import { openKv } from "../../../kv/opened_kv.ts";
import { createIngest, type Ingest } from "../../../kv/series/ingest.ts";
import { createSeriesStore } from "../../../kv/series/store.ts";
import { assertEquals } from "../../support/assert.ts";
import { BATTERY, message } from "../../support/telemetry.ts";
import { createTestApp } from "../app_fixture.ts";

const NOW_MS = Date.UTC(2026, 1, 2);
const JSON_TYPE = { "content-type": "application/json" };

/** An app over its own database. Only if that is its own alone, a message may take the short way. */
async function openWay(isExclusive: boolean, fault: Error | null = null) {
  const opened = await openKv(":memory:");
  const { kv } = opened;
  const now = () => NOW_MS;
  const series = createSeriesStore({ kv, now });
  const committer = createIngest({ kv, writer: "w", room: opened.ingestRoom });
  let writes = 0;
  const ingest: Ingest = {
    ...committer,
    addMany(all) {
      writes++;
      return fault === null ? committer.addMany(all) : Promise.resolve(all.map(() => fault));
    },
  };
  const devices = { limit: { requests: 3, windowMs: 60_000 }, offlineAfterMs: 600_000 };
  const intake = createDeviceIntake({ ...opened, ...devices, series, now, owner: "w", ingest });
  const record = createRecorder();
  const { app, logged } = createTestApp({
    ...devices,
    kv,
    series,
    intake,
    now,
    record,
    isExclusive,
  });
  return {
    app,
    record,
    logged,
    writes: () => writes,
    async [Symbol.asyncDispose]() {
      await ingest.stop();
      await opened[Symbol.asyncDispose]();
    },
  };
}

function post(body: string, headers: Record<string, string> = {}, path = "/telemetry"): Request {
  const length = String(new TextEncoder().encode(body).length);
  return new Request(`http://service${path}`, {
    method: "POST",
    body,
    headers: { ...JSON_TYPE, "content-length": length, "x-request-id": "an-id", ...headers },
  });
}

const REQUESTS: Record<string, () => Request> = {
  "a new reading": () => post(JSON.stringify(message())),
  "the same reading again": () => post(JSON.stringify(message())),
  "a reading without a time": () =>
    post(JSON.stringify({ device_id: "untimed", metrics: BATTERY })),
  "a reading of another profile": () =>
    post(
      JSON.stringify(message({ metrics: { power: 1, voltage: 2, current: 3, temperature: 4 } })),
    ),
  "a message that is wrong": () => post(JSON.stringify(message({ timestamp: "yesterday" }))),
  "no JSON": () => post("{"),
  "bytes that are not UTF-8": () =>
    new Request("http://service/telemetry", {
      method: "POST",
      body: Uint8Array.of(0xff),
      headers: { ...JSON_TYPE, "content-length": "1", "x-request-id": "an-id" },
    }),
  "an array": () => post(JSON.stringify([message({ device_id: "other" })])),
  "a charset": () =>
    post(JSON.stringify(message()), { "content-type": "application/json; charset=utf-8" }),
  "another type": () => post("x", { "content-type": "text/plain" }),
  "an empty body": () => post(""),
  "another path": () => post(JSON.stringify(message()), {}, "/x/telemetry"),
  "a query": () => post(JSON.stringify(message({ device_id: "asked" })), {}, "/telemetry?a=1"),
  "one reading more than the device may send": () => post(JSON.stringify(message())),
};

async function shown(response: Response): Promise<unknown> {
  return [response.status, [...response.headers], await response.text()];
}

Deno.test("a message gets the same answer on the short way as any request gets", async () => {
  await using short = await openWay(true);
  await using long = await openWay(false);
  const statuses: number[] = [];
  for (const [name, request] of Object.entries(REQUESTS)) {
    const [one, other] = [await short.app.request(request()), await long.app.request(request())];
    statuses.push(one.status);
    assertEquals(await shown(one), await shown(other), name);
  }
  // By docs/api.md: created, updated, created with its time, refused, and so on.
  assertEquals(statuses, [201, 200, 201, 400, 400, 400, 400, 200, 200, 415, 400, 404, 201, 429]);
  for (
    const name of ["openwatts_http_requests_total", "openwatts_http_requests_running"] as const
  ) {
    assertEquals(short.record.samples(name), long.record.samples(name));
  }
});

Deno.test("a message that cannot be stored is tried once, answered once and logged once", async () => {
  for (const fault of [new Error("no disk"), new AppError("SERVICE_STOPPING", "It stops")]) {
    await using short = await openWay(true, fault);
    await using long = await openWay(false, fault);
    const request = () => post(JSON.stringify(message()));
    const [one, other] = [await short.app.request(request()), await long.app.request(request())];
    assertEquals(one.status, fault instanceof AppError ? 503 : 500);
    assertEquals(await shown(one), await shown(other));
    assertEquals(short.writes(), 1);
    const events = ({ logged }: typeof short) => logged.map(({ event }) => event);
    assertEquals(events(short), events(long));
    const name = "openwatts_http_requests_total";
    assertEquals(short.record.samples(name), long.record.samples(name));
    assertEquals(short.record.samples(name).map(({ value }) => value), [1]);
  }
});

Deno.test("a message of more than 4,096 bytes gets the same answer as a shorter one", async () => {
  await using short = await openWay(true);
  const long = JSON.stringify(message()).padEnd(5_000, " ");
  assertEquals((await short.app.request(post(long))).status, 201);
});
