import { gzipSync as gzipBuffer } from "node:zlib";
import { LINES_BODY_MAX_BYTES } from "../../../data/limits.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { askJson, type JsonAnswer, postJson, startTestService } from "../../support/service.ts";
import { createTestApp } from "../app_fixture.ts";
import { BATTERY, message, postTelemetry, TIME } from "../../support/telemetry.ts";

/** 2026-02-01T14:23:45Z. */
const NOW_MS = 1_769_955_825_000;
const NOW_S = NOW_MS / 1_000;
const now = () => NOW_MS;

function gzipSync(data: string | Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(gzipBuffer(data));
}

function write(
  url: string,
  lines: BodyInit,
  { path = "/api/v2/write?precision=s", headers = {} }: {
    path?: string;
    headers?: Record<string, string>;
  } = {},
): Promise<JsonAnswer> {
  return askJson(url + path, { method: "POST", headers, body: lines });
}

/** The readings of a device in the last hour: seconds before now, then its metrics. */
async function readings(url: string, id: string): Promise<unknown> {
  const range = "start_time=2026-02-01T13:30:00Z&end_time=2026-02-01T14:30:00Z";
  const { status, body } = await askJson(
    `${url}/devices/${encodeURIComponent(id)}/metrics?${range}`,
  );
  assertEquals(status, 200, JSON.stringify(body));
  return body.data.map(({ timestamp, ...metrics }: Record<string, unknown>) => [
    (NOW_MS - Date.parse(String(timestamp))) / 1_000,
    metrics,
  ]);
}

Deno.test("POST /api/v2/write stores points under the profile of their measurement", async () => {
  await using service = await startTestService({ now });
  const { url } = service;
  const answer = await write(
    url,
    [
      `inverter,device_id=roof power_w=3120.5,ok=t,label="south" ${NOW_S - 60}`,
      `inverter,device_id=roof power_w=3090,energy_kwh=1.25,yield_total=15230i ${NOW_S}`,
    ].join("\n"),
    { path: "/api/v2/write?org=home&bucket=energy&precision=s" },
  );
  assertEquals([answer.status, answer.body], [204, null]);
  assertMatch(answer.headers.get("x-influxdb-version") ?? "", /^2\.7\.0-openwatts\.\d/);
  assertEquals(await readings(url, "roof"), [
    [60, { power_w: 3120.5, ok: 1, energy_kwh: null, yield_total: null }],
    [0, { power_w: 3090, ok: null, energy_kwh: 1.25, yield_total: 15230 }],
  ]);
  const { body } = await askJson(`${url}/api/profiles/inverter`);
  assertEquals(
    body.metrics.map((
      { name, unit, aggregate }: Record<string, string>,
    ) => [name, unit, aggregate]),
    [
      ["power_w", "W", "mean"],
      ["ok", "1", "mean"],
      ["energy_kwh", "kWh", "sum"],
      ["yield_total", "1", "last"],
    ],
  );
});

Deno.test("POST /write stores what clients of InfluxDB 1 send, gzip or not", async () => {
  await using service = await startTestService({ now });
  const { url } = service;
  const path = "/write?db=home&rp=autogen&u=me&p=secret&consistency=any&precision=ms";
  assertEquals((await write(url, `m,host=pi.local v=1 ${NOW_MS - 1_000}\n`, { path })).status, 204);
  const headers = { "content-encoding": "gzip", "authorization": "Token abc" };
  const lines = gzipSync(`m,host=pi.local v=2 ${NOW_MS * 1_000}\n`);
  assertEquals((await write(url, lines, { path: "/write?precision=u", headers })).status, 204);
  assertEquals((await write(url, "", { path: "/write" })).status, 204);
  assertEquals(await readings(url, "pi.local"), [[1, { v: 1 }], [0, { v: 2 }]]);
});

Deno.test("lines that are wrong are named, the others stored, in the words of each version", async () => {
  await using service = await startTestService({ now });
  const { url } = service;
  const lines = `m,host=a v=1 ${NOW_S}\nm\nm,host=a v=2 ${NOW_S + 301}\nm,room=x v=3\n`;
  const text =
    "partial write: line 2: unable to parse 'm': missing fields; line 3: the time must be " +
    "at most 5 minutes ahead of the service's clock; line 4: no tag names the device: one of " +
    "device_id, entity_id, host, id must; dropped=3";
  const second = await write(url, lines);
  assertEquals([second.status, second.body], [400, { code: "invalid", message: text, line: 2 }]);
  assertEquals(second.headers.get("content-type"), "application/json");
  assertEquals(second.headers.get("x-platform-error-code"), "invalid");
  const first = await write(url, lines, { path: "/write?precision=s" });
  assertEquals([first.status, first.body], [400, { error: text }]);
  assertEquals(first.headers.get("x-influxdb-error"), text);
  assertEquals(await readings(url, "a"), [[0, { v: 1 }]]);
  // A known device shows what of it was dropped last.
  const { body } = await askJson(`${url}/devices/a`);
  assertMatch(body.last_rejected.rule, /at most 5 minutes ahead/);
});

Deno.test("fields of one time in several requests make up one reading", async () => {
  await using service = await startTestService({ now });
  const { url } = service;
  for (const fields of ["v=1", "w=2", "v=3", "x=4i"]) {
    assertEquals((await write(url, `m,host=a ${fields} ${NOW_S}`)).status, 204);
  }
  await write(url, `m,host=a v=5 ${NOW_S - 1}\nm,host=a w=6 ${NOW_S - 1}`);
  assertEquals(await readings(url, "a"), [
    [1, { v: 5, w: 6, x: null }],
    [0, { v: 3, w: 2, x: 4 }],
  ]);
});

Deno.test("a device with several measurements becomes one device for each", async () => {
  await using service = await startTestService({ now });
  const { url } = service;
  const lines = ["cpu,host=a usage=1", "mem,host=a used=2i", "cpu,host=a usage=3"];
  for (const line of lines) assertEquals((await write(url, `${line}\n`)).status, 204);
  assertEquals(await readings(url, "a"), [[0, { usage: 3 }]]);
  assertEquals(await readings(url, "a:mem"), [[0, { used: 2 }]]);
});

Deno.test("the measurement battery is the built-in profile, with its ranges and metrics", async () => {
  await using service = await startTestService({ now });
  const { url } = service;
  await postTelemetry(url, message({ device_id: "b", timestamp: TIME }));
  const fields = "soc_percent=50,voltage_v=400,current_a=1,temp_c=20";
  const answer = await write(
    url,
    [
      `battery,device_id=b ${fields} ${NOW_S - 60}`,
      `battery,device_id=b ${fields.replace("400", "48")} ${NOW_S - 50}`,
      `battery,device_id=b soc_percent=1 ${NOW_S - 40}`,
      `battery,device_id=b ${fields},cycles=7i ${NOW_S - 30}`,
    ].join("\n"),
  );
  assertEquals([answer.status, answer.body.message], [
    400,
    "partial write: line 2: device b: voltage_v must be from 200 to 500 V: 48; " +
    "line 3: device b: voltage_v is required; " +
    "line 4: field cycles is left out: the profile battery is built in and does not have it; send " +
    "it in another measurement; dropped=2",
  ]);
  const sent = { soc_percent: 50, voltage_v: 400, current_a: 1, temp_c: 20 };
  assertEquals(await readings(url, "b"), [[60, sent], [30, sent], [0, BATTERY]]);
});

Deno.test("ranges and required metrics of a profile that was defined before hold", async () => {
  await using service = await startTestService({ now });
  const { url } = service;
  const metrics = [{ name: "power", unit: "W", min: 0, max: 100, aggregate: "mean" }];
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ metrics });
  await askJson(`${url}/api/profiles/plug`, { method: "PUT", headers, body });
  const answer = await write(url, `plug,id=p Power=50\nplug,id=q power=101,energy_kwh=1`);
  assertEquals(
    answer.body.message,
    "partial write: line 2: device q: power must be from 0 to 100 W: " +
      "101; dropped=1",
  );
  // Names of metrics do not differ only in case.
  assertEquals(await readings(url, "p"), [[0, { power: 50, energy_kwh: null }]]);
});

Deno.test("a profile that is full takes no more fields, and says so", async () => {
  await using service = await startTestService({ now });
  const { url } = service;
  const fields = Array.from({ length: 64 }, (_, index) => `f${index}=${index}`).join(",");
  assertEquals((await write(url, `m,host=a ${fields} ${NOW_S}`)).status, 204);
  const { status, body } = await write(url, `m,host=a f0=1,other=2 ${NOW_S - 1}`);
  assertEquals([status, body.message], [
    400,
    "partial write: line 1: field other is left out: the profile m has no room for it; dropped=0",
  ]);
});

Deno.test("a write over the limit waits for its turn, and gets 429 if that takes longer", async () => {
  const rateLimit = { requests: 1, windowMs: 60_000 };
  await using slow = await startTestService({ now, rateLimit });
  await write(slow.url, `m,host=a v=1 ${NOW_S - 1}`);
  const lines = `m,host=a v=2 ${NOW_S}\nm,host=b v=3 ${NOW_S}`;
  const second = await write(slow.url, lines);
  const text = "device a may send at most 1 requests in 60 s; the lines of other devices are " +
    "stored; send all lines again later";
  assertEquals([second.status, second.body], [429, { code: "too many requests", message: text }]);
  assertEquals(second.headers.get("retry-after"), "60");
  assertEquals(second.headers.get("ratelimit"), '"device";r=0;t=60');
  assertEquals(await readings(slow.url, "a"), [[1, { v: 1 }]]);
  assertEquals(await readings(slow.url, "b"), [[0, { v: 3 }]]);
  const first = await write(slow.url, lines, { path: "/write?precision=s" });
  assertEquals([first.status, Object.keys(first.body)], [429, ["error"]]);

  await using fast = await startTestService({ rateLimit: { requests: 1, windowMs: 300 } });
  for (const value of [1, 2, 3]) {
    assertEquals((await write(fast.url, `m,host=a v=${value}`)).status, 204);
  }
});

Deno.test("lines of a request count as one request for their device, however many there are", async () => {
  await using service = await startTestService({
    now,
    rateLimit: { requests: 1, windowMs: 60_000 },
  });
  // More than are accepted at a time.
  const lines = Array.from(
    { length: 40_000 },
    (_, index) => `m,host=a v=${index} ${NOW_MS - index}`,
  );
  const path = "/write?precision=ms";
  assertEquals((await write(service.url, lines.join("\n"), { path })).status, 204);
  const { body } = await askJson(`${service.url}/devices/a`);
  assertEquals(body.count, 40_000);
});

Deno.test("a body that is too large, not gzip, or of another coding is refused", async () => {
  await using service = await startTestService({ now });
  const { url } = service;
  const large = await createTestApp().app.request("/api/v2/write", {
    method: "POST",
    headers: { "content-length": String(LINES_BODY_MAX_BYTES + 1) },
    body: "m,host=a v=1",
  });
  assertEquals([large.status, await large.json()], [413, {
    code: "request too large",
    message: "The body must have at most 50000000 bytes, decompressed. Nothing was stored",
  }]);
  const bomb = gzipSync(new Uint8Array(LINES_BODY_MAX_BYTES + 1));
  const gzip = { "content-encoding": "gzip" };
  assertEquals((await write(url, bomb, { headers: gzip })).status, 413);
  const broken = await write(url, "m,host=a v=1", { headers: gzip, path: "/write" });
  assertEquals([broken.status, broken.body], [400, {
    error:
      "The body is not valid gzip. What was stored stays stored; send the whole upload again " +
      "to complete it",
  }]);
  const other = await write(url, "m,host=a v=1", { headers: { "content-encoding": "br" } });
  assertEquals([other.status, other.body.code], [415, "unsupported media type"]);
});

Deno.test("an unknown precision is refused by its name", async () => {
  await using service = await startTestService({ now });
  const second = await write(service.url, "m,host=a v=1", { path: "/api/v2/write?precision=m" });
  assertEquals([second.status, second.body], [400, {
    code: "invalid",
    message: 'invalid precision "m": it must be ns, us, ms or s',
  }]);
  const first = await write(service.url, "m,host=a v=1", { path: "/write?precision=d" });
  assertEquals(first.body, { error: 'invalid precision "d": it must be n, u, ms, s, m or h' });
});

Deno.test("a line protocol device goes offline and online like any other, and says how it gives times", async () => {
  await using service = await startTestService({ now });
  const { url } = service;
  await write(url, "m,host=a v=1");
  await write(url, `m,host=b v=1 ${NOW_S}`);
  await write(url, `m,host=c v=1 ${NOW_MS}000000`, { path: "/api/v2/write" });
  for (const [id, form] of [["a", "server"], ["b", "epoch_seconds"], ["c", "epoch_nanoseconds"]]) {
    const { body } = await askJson(`${url}/devices/${id}`);
    assertEquals([body.state, body.timestamps, body.profile], ["online", form, "m"], id);
  }
});

Deno.test("GET and HEAD /ping answer with the version, as clients of InfluxDB expect", async () => {
  await using service = await startTestService({ now });
  for (const method of ["GET", "HEAD"]) {
    const { status, headers, body } = await askJson(`${service.url}/ping`, { method });
    assertEquals([status, body], [204, null]);
    assertEquals(headers.get("x-influxdb-build"), "OpenWatts");
    assertMatch(headers.get("x-influxdb-version") ?? "", /^2\.7\.0-openwatts\./);
  }
  const { status, headers, body } = await askJson(`${service.url}/ping?verbose=true`);
  assertEquals([status, body], [200, { version: headers.get("x-influxdb-version") }]);
});

Deno.test("setting another id tag names devices by it", async () => {
  await using service = await startTestService({ now, lineProtocolIdTags: ["device_id", "name"] });
  assertEquals((await write(service.url, "m,host=h,name=n v=1")).status, 204);
  assertEquals(await readings(service.url, "n"), [[0, { v: 1 }]]);
  assert((await write(service.url, "m,host=h v=1")).body.message.includes("device_id, name"));
});

Deno.test("telemetry of the same device and line protocol are one series", async () => {
  await using service = await startTestService({ now });
  const { url } = service;
  await write(url, `plug,device_id=p power=1,voltage=230 ${NOW_S - 60}`);
  const { status } = await postJson(`${url}/telemetry`, {
    device_id: "p",
    profile: "plug",
    timestamp: TIME,
    metrics: { power: 2 },
  });
  assertEquals(status, 201);
  assertEquals(await readings(url, "p"), [
    [60, { power: 1, voltage: 230 }],
    [0, { power: 2, voltage: null }],
  ]);
});
