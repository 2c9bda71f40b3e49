/**
 * Real clients of InfluxDB write to the service: those of Python (`LINES_PYTHON`, a Python that has
 * them), of npm, the command `influx`, and telegraf (`TELEGRAF`, its path; .ci/run builds it).
 */

import { exists, findInPath, runProgram } from "../bench/program.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { askJson, startTestService, type TestService } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const isRequired = Deno.env.has("REQUIRE_ALL");
const { signal } = new AbortController();
/** A request more often than this gets 429 at once, as its turn is longer than a write waits. */
const STRICT = { rateLimit: { requests: 1, windowMs: 3_000 } };
/** No limit that four batches reach. */
const LOOSE = { rateLimit: { requests: 1_000, windowMs: 1_000 } };

/** Runs a test with a program, or leaves it out where the program need not be there. */
function clientTest(name: string, ignore: boolean, fn: () => Promise<void>): void {
  Deno.test({ name, ignore, fn });
}

/** The number of readings of a device and its latest values. */
async function stored(url: string, id: string): Promise<[count: number, profile: string]> {
  const { status, body } = await askJson(`${url}/devices/${id}`);
  return status === 200 ? [body.count, body.profile] : [0, ""];
}

/** The statuses of the writes that a service answered. */
function writeStatuses({ logged }: TestService, path: string): unknown[] {
  return logged.filter(({ event, fields }) => event === "request" && fields?.path === path)
    .map(({ fields }) => fields?.status);
}

const python = Deno.env.get("LINES_PYTHON") ?? "";
const hasPython = python !== "" && await exists(python);
if (isRequired) assert(hasPython, "LINES_PYTHON is required");

async function runPython(url: string, script: string): Promise<unknown> {
  await using folder = await makeTempFolder();
  await Deno.writeTextFile(`${folder.path}/client.py`, `URL = "${url}"\n${script}`);
  const printed = await runProgram(python, { args: ["client.py"], signal, cwd: folder.path });
  return JSON.parse(printed.split("\n").at(-1) ?? "");
}

const PYTHON_V2 = `
import json
from datetime import datetime, timedelta, timezone
from influxdb_client import InfluxDBClient, Point
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException

now = datetime.now(timezone.utc)
with InfluxDBClient(url=URL, token="any", org="home", enable_gzip=True) as client:
    write = client.write_api(write_options=SYNCHRONOUS)
    # Each unit that the client knows, and each type.
    for index, unit in enumerate(["ns", "us", "ms", "s"]):
        point = (Point("inverter").tag("device_id", "py").field("power_w", 1.5 + index)
            .field("count", 7).field("ok", True).field("label", 'a "b", c\\\\')
            .time(now - timedelta(seconds=5 + index), write_precision=unit))
        write.write(bucket="energy", record=point, write_precision=unit)
    write.write(bucket="energy", record={"measurement": "inverter", "tags": {"device_id": "py"},
        "fields": {"power_w": 9.0}, "time": now})
    try:
        write.write(bucket="energy", record=["inverter,device_id=py power_w=1", "bad"])
        error = None
    except ApiException as exception:
        error = [exception.status, exception.message, json.loads(exception.body)]
    print(json.dumps({
        "ping": client.ping(), "version": client.version(), "health": client.health().name,
        "error": error,
    }))
`;

clientTest(
  "influxdb-client of Python writes every type and unit, and reads errors",
  !hasPython,
  async () => {
    await using service = await startTestService();
    const { url } = service;
    const { ping, version, health, error } = Object(await runPython(url, PYTHON_V2));
    assertEquals([ping, health], [true, "openwatts"]);
    assertMatch(version, /^2\.7\.0-openwatts\./);
    const message = "partial write: line 2: unable to parse 'bad': missing fields; dropped=1";
    assertEquals(error, [400, message, { code: "invalid", message, line: 2 }]);
    assertEquals(await stored(url, "py"), [6, "inverter"]);
    const range = `start_time=${new Date(Date.now() - 60_000).toISOString()}&end_time=${
      new Date().toISOString()
    }`;
    const { body } = await askJson(`${url}/devices/py/metrics?${range}`);
    assertEquals(
      body.data.slice(0, 5).map((
        { power_w, count_value: count, ok }: Record<string, unknown>,
      ) => [power_w, count, ok]),
      [[4.5, 7, 1], [3.5, 7, 1], [2.5, 7, 1], [1.5, 7, 1], [9, null, null]],
    );
  },
);

const PYTHON_BATCHES = `
import json, time
from influxdb_client import InfluxDBClient, WriteOptions

failed, retried = [], []
start = time.time_ns() // 10**9 - 1000
options = WriteOptions(batch_size=10, flush_interval=200, retry_interval=500, max_retries=10)
with InfluxDBClient(url=URL, token="any", org="home") as client:
    with client.write_api(write_options=options,
        error_callback=lambda conf, data, error: failed.append(str(error)),
        retry_callback=lambda conf, data, error: retried.append(error.retry_after),
    ) as write:
        for index in range(40):
            write.write(bucket="energy", record=f"meters,host=pi v={index} {start + index}",
                write_precision="s")
print(json.dumps({"failed": failed, "retried": retried}))
`;

clientTest(
  "influxdb-client of Python sends batches again after 429 until all are stored",
  !hasPython,
  async () => {
    await using service = await startTestService(STRICT);
    const { failed, retried } = Object(await runPython(service.url, PYTHON_BATCHES));
    assertEquals(failed, []);
    // Four batches of a device that may send once in three seconds.
    assert(retried.length >= 3, JSON.stringify(retried));
    for (const seconds of retried) assertMatch(seconds, /^[123]$/);
    assertEquals(await stored(service.url, "pi"), [40, "meters"]);
    assert(writeStatuses(service, "/api/v2/write").includes(429));
  },
);

const PYTHON_V1 = `
import json, time
from urllib.parse import urlparse
from influxdb import InfluxDBClient
from influxdb.exceptions import InfluxDBClientError

address = urlparse(URL)
client = InfluxDBClient(address.hostname, address.port, "me", "secret", "home", gzip=True)
now = int(time.time())
points = [{"measurement": "plug", "tags": {"entity_id": "kettle"}, "time": (now - index) * 1000,
    "fields": {"power": 2000.5 - index, "on": True, "name": "kettle"}} for index in range(25)]
client.write_points(points, time_precision="ms", batch_size=10)
try:
    client.write(["plug,entity_id=kettle power=1 1", "plug power=1"], params={"db": "home"}, protocol="line")
    error = None
except InfluxDBClientError as exception:
    error = [exception.code, exception.content]
print(json.dumps({"ping": client.ping(), "error": error}))
`;

clientTest(
  "influxdb of Python, the client of version 1, writes batches and reads errors",
  !hasPython,
  async () => {
    await using service = await startTestService();
    const { ping, error } = Object(await runPython(service.url, PYTHON_V1));
    assertMatch(ping, /^2\.7\.0-openwatts\./);
    const [code, content] = error;
    assertEquals(code, 400);
    const text = "partial write: line 1: the time must be 2000-01-01T00:00:00Z or later; " +
      "line 2: no tag names the device: one of device_id, entity_id, host, id must; dropped=2";
    assertEquals(JSON.parse(content), { error: text });
    assertEquals(await stored(service.url, "kettle"), [25, "plug"]);
  },
);

const npm = await findInPath("npm");
if (isRequired) assert(npm !== null, "npm is required");
const NODE_PACKAGES = ["@influxdata/influxdb-client@1.35.0", "influx@5.12.0"];

async function runNode(url: string, script: string): Promise<unknown> {
  await using folder = await makeTempFolder();
  await Deno.writeTextFile(`${folder.path}/package.json`, '{ "private": true, "type": "module" }');
  const quiet = ["--no-save", "--no-audit", "--no-fund", "--prefer-offline"];
  const args = ["install", ...quiet, ...NODE_PACKAGES];
  await runProgram(npm ?? "npm", { args, signal, cwd: folder.path });
  await Deno.writeTextFile(`${folder.path}/client.mjs`, `const URL_ = "${url}";\n${script}`);
  const printed = await runProgram("node", { args: ["client.mjs"], signal, cwd: folder.path });
  return JSON.parse(printed.split("\n").at(-1) ?? "");
}

const NODE_V2 = `
import { InfluxDB, Point, setLogger } from "@influxdata/influxdb-client";
setLogger({ error() {}, warn() {} });
const failures = [], attempts = [];
const write = new InfluxDB({ url: URL_, token: "any" }).getWriteApi("home", "energy", "ms", {
  batchSize: 100,
  writeFailed(error, lines, attempt) {
    attempts.push(error.statusCode);
    if (attempt > 5) failures.push(error.message);
  },
});
const start = Date.now() - 10_000_000;
for (let index = 0; index < 3000; index++) {
  write.writePoint(new Point("inverter").tag("device_id", "js").floatField("power", index / 10)
    .intField("count", index).uintField("seen", index).booleanField("ok", true)
    .stringField("text", 'a "quoted", text\\\\').timestamp(start + index));
}
await write.flush();
// Retries are not part of a flush.
const endMs = Date.now() + 60_000;
while (write.retryBuffer.size > 0 && Date.now() < endMs) await new Promise((r) => setTimeout(r, 50));
await new Promise((r) => setTimeout(r, 3_000));
await write.close();
const other = new InfluxDB({ url: URL_ }).getWriteApi("home", "energy", "ms", { maxRetries: 0 });
other.writeRecord("inverter,device_id=js power=1\\nbad");
const error = await other.flush().then(() => null, (error) => error);
console.log(JSON.stringify({
  failures,
  attempts: attempts.length,
  error: [error.statusCode, error.code, error.message, error.json],
}));
process.exit(0);
`;

clientTest(
  "@influxdata/influxdb-client writes a burst of batches over the limit, and loses none",
  npm === null,
  async () => {
    // 30 batches at once of a device that may send 10 times a second, with the client's own defaults.
    await using service = await startTestService();
    const { failures, error } = Object(await runNode(service.url, NODE_V2));
    assertEquals(failures, []);
    const message = "partial write: line 2: unable to parse 'bad': missing fields; dropped=1";
    assertEquals(error, [400, "invalid", message, { code: "invalid", message, line: 2 }]);
    assertEquals(await stored(service.url, "js"), [3_001, "inverter"]);
  },
);

const NODE_V1 = `
import { FieldType, InfluxDB } from "influx";
const { hostname, port } = new URL(URL_);
const influx = new InfluxDB({ hosts: [{ host: hostname, port: Number(port) }], database: "home" });
const [{ online, version }] = await influx.ping(5_000);
await influx.writePoints([
  { measurement: "room", tags: { id: "kitchen" }, fields: { temp: 21.5, open: true }, timestamp: new Date() },
]);
const error = await influx.writePoints([{ measurement: "room", fields: { temp: 1 } }])
  .then(() => null, (error) => error.message);
console.log(JSON.stringify({ online, version, error }));
`;

clientTest("influx of npm, the client of version 1, pings and writes", npm === null, async () => {
  await using service = await startTestService();
  const { online, version, error } = Object(await runNode(service.url, NODE_V1));
  assertEquals(online, true);
  assertMatch(version, /^2\.7\.0-openwatts\./);
  assertMatch(error, /no tag names the device/);
  assertEquals(await stored(service.url, "kitchen"), [1, "room"]);
});

const influx = await findInPath("influx");
if (isRequired) assert(influx !== null, "influx is required");

clientTest("the command influx imports a file of lines", influx === null, async () => {
  await using service = await startTestService();
  await using folder = await makeTempFolder();
  const startS = Math.floor(Date.now() / 1_000) - 20_000;
  const lines = Array.from(
    { length: 12_000 },
    (_, index) => `m,host=cli v=${index} ${startS + index}`,
  );
  const text = ["# DML", "# CONTEXT-DATABASE: home", ...lines, ""].join("\n");
  await Deno.writeTextFile(`${folder.path}/lines.txt`, text);
  const { hostname, port } = new URL(service.url);
  const address = ["-host", hostname, "-port", port];
  const args = [...address, "-import", "-path", "lines.txt", "-precision", "s"];
  await runProgram(influx ?? "influx", { args, signal, cwd: folder.path });
  assertEquals(await stored(service.url, "cli"), [12_000, "m"]);
});

/** The program, if it is there. */
const telegraf = Deno.env.get("TELEGRAF") ?? null;

/** Runs telegraf until it has sent a file of lines once. */
async function runTelegraf(output: string, lines: readonly string[]): Promise<string> {
  await using folder = await makeTempFolder();
  await Deno.writeTextFile(`${folder.path}/lines`, lines.map((line) => `${line}\n`).join(""));
  const config = `
[agent]
omit_hostname = true
metric_batch_size = 500
precision = "1ms"
flush_interval = "1s"
interval = "1s"
[[inputs.file]]
files = ["lines"]
data_format = "influx"
[[outputs.${output}
`;
  await Deno.writeTextFile(`${folder.path}/telegraf.conf`, config);
  const child = new Deno.Command(telegraf ?? "telegraf", {
    args: ["--config", "telegraf.conf", "--once"],
    cwd: folder.path,
    stdout: "null",
    stderr: "piped",
    signal: AbortSignal.timeout(60_000),
  });
  return new TextDecoder().decode((await child.output()).stderr);
}

function telegrafLines(count: number): string[] {
  const startMs = Date.now() - 3_600_000;
  return Array.from(
    { length: count },
    (_, index) =>
      `modbus,host=hub,name=roof power=${index}.5,ok=true,count=${index}i,text="a b" ${
        startMs + index
      }000000`,
  );
}

const TELEGRAF_OUTPUTS: Readonly<Record<string, (url: string) => string>> = {
  influxdb_v2: (url) =>
    `influxdb_v2]]\nurls = ["${url}"]\ntoken = "any"\norganization = "home"\nbucket = "energy"`,
  influxdb: (url) =>
    `influxdb]]\nurls = ["${url}"]\ndatabase = "home"\nskip_database_creation = true`,
};

for (const [name, output] of Object.entries(TELEGRAF_OUTPUTS)) {
  clientTest(`telegraf writes batches with outputs.${name}`, telegraf === null, async () => {
    await using service = await startTestService(LOOSE);
    const log = await runTelegraf(output(service.url), telegrafLines(2_000));
    assertEquals(await stored(service.url, "hub"), [2_000, "modbus"], log);
  });
}
