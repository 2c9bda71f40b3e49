import { BUILT_IN_PROFILES } from "../../../data/readings/profiles.ts";
import { InfluxError } from "../../../data/influx/query.ts";
import { createInfluxSource, type InfluxSettings } from "../../../data/influx/source.ts";
import type { SourcePart } from "../../../data/continuous/telemetry_source.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { answer, brokenAnswer, chunkLine, serveInflux } from "../../support/influx_server.ts";
import { rowsOf } from "../../support/pages.ts";

const SPAN = { fromMs: 1_770_465_600_000, toMs: 1_770_469_200_000 };
const COLUMNS = ["time", "voltage", "current", "power", "temperature", "device_type", "location"];
const EMPTY = '{"results":[{"statement_id":0}]}\n';
const SIGNAL = new AbortController().signal;

/** A row of an appliance, `afterMs` after the start of the span. */
function row(afterMs: number, power: unknown, ...labels: (string | null)[]): unknown[] {
  return [SPAN.fromMs + afterMs, 230, null, power, 20.5, labels[0] ?? null, labels[1] ?? null];
}

/** A source whose clock advances only by its own pauses. */
function sourceAt(url: string, settings: Partial<InfluxSettings> = {}) {
  const pauses: number[] = [];
  const now = () => pauses.reduce((sum, ms) => sum + ms, 0);
  const wait = (ms: number) => {
    pauses.push(ms);
    return Promise.resolve();
  };
  const source = createInfluxSource({ now, wait, profiles: BUILT_IN_PROFILES }, {
    url,
    token: null,
    org: null,
    bucket: "energy",
    batchSize: 1000,
    ...settings,
  });
  return { source, pauses };
}

async function readAll(
  { source }: ReturnType<typeof sourceAt>,
  signal = SIGNAL,
): Promise<SourcePart[]> {
  return await Array.fromAsync(source.read("D1", SPAN, signal));
}

/** The power of each reading, with its time after the start of the span. */
function powersOf(parts: readonly SourcePart[]): [number, string][] {
  return parts.flatMap(({ page }) =>
    rowsOf(page).map(([timeMs, , , power]): [number, string] => [timeMs - SPAN.fromMs, power])
  );
}

Deno.test("read() queries one device and span, in chunks, with times in milliseconds", async () => {
  await using server = serveInflux(answer(EMPTY));
  const rig = sourceAt(server.url, { batchSize: 250, org: "home", token: "secret" });
  assertEquals(await readAll(rig), []);
  const [{ query, parameters, authorization }] = server.requests;
  assertEquals(
    query,
    'SELECT "soc_percent", "voltage_v", "current_a", "temp_c", ' +
      '"voltage", "current", "power", "temperature", "device_type", "location" ' +
      'FROM "telemetry" WHERE "device_id" = \'D1\' ' +
      "AND time >= 1770465600000ms AND time < 1770469200000ms ORDER BY time ASC",
  );
  parameters.delete("q");
  assertEquals(
    parameters.toString(),
    "db=energy&epoch=ms&chunked=true&chunk_size=250&org=home",
  );
  assertEquals(authorization, "Token secret");
});

Deno.test("user and password are sent as 1.x expects them, and the retention policy separately", async () => {
  await using server = serveInflux(answer(EMPTY));
  await readAll(sourceAt(server.url, { token: "reader:pä", bucket: "energy/a_year" }));
  const [{ parameters, authorization }] = server.requests;
  // base64 of the bytes 72 65 61 64 65 72 3a 70 c3 a4.
  assertEquals(authorization, "Basic cmVhZGVyOnDDpA==");
  assertEquals([parameters.get("db"), parameters.get("rp")], ["energy", "a_year"]);
});

Deno.test("read() returns the readings of all chunks, with nulls as missing values, and with labels", async () => {
  await using server = serveInflux(answer(
    chunkLine(
      COLUMNS,
      [row(0, 195.63, "washer", "cellar"), row(1, null, "washer", "cellar")],
      true,
    ),
    chunkLine(COLUMNS, [row(2, 1, "washer", "attic")]),
  ));
  const parts = await readAll(sourceAt(server.url));
  assertEquals(parts.map(({ profile }) => profile.name), ["appliance", "appliance", "appliance"]);
  assertEquals(parts.map(({ deviceType, location }) => [deviceType, location]), [
    ["washer", "cellar"],
    ["washer", "cellar"],
    ["washer", "attic"],
  ]);
  assertEquals(parts.flatMap(({ page }) => rowsOf(page)), [
    [SPAN.fromMs, "230", "", "195.63", "20.5"],
    [SPAN.fromMs + 1, "230", "", "", "20.5"],
    [SPAN.fromMs + 2, "230", "", "1", "20.5"],
  ]);
});

Deno.test("if a time repeats, the last row wins, within a chunk and across chunks", async () => {
  await using server = serveInflux(answer(
    chunkLine(COLUMNS, [row(0, 1), row(0, 2), row(5, 3)], true),
    chunkLine(COLUMNS, [row(5, 4)], true),
    chunkLine(COLUMNS, [row(5, 5), row(6, 6)]),
  ));
  assertEquals(powersOf(await readAll(sourceAt(server.url))), [[0, "2"], [5, "5"], [6, "6"]]);
});

Deno.test("points without a metric are skipped, and a battery is recognized by its fields", async () => {
  const columns = ["time", "soc_percent", "temp_c", "voltage", "location"];
  await using server = serveInflux(answer(chunkLine(columns, [
    [SPAN.fromMs, null, null, null, "roof"],
    [SPAN.fromMs + 1, 67.5, null, null, "roof"],
  ])));
  const parts = await readAll(sourceAt(server.url));
  assertEquals(parts.map(({ profile, page }) => [profile.name, rowsOf(page)]), [
    ["battery", [[SPAN.fromMs + 1, "67.5", "", "", ""]]],
  ]);
});

Deno.test("a value that is not a number, and metrics of two profiles, are reported without a retry", async () => {
  await using text = serveInflux(answer(chunkLine(COLUMNS, [row(0, "5 W"), row(1, 1)])));
  await assertRejects(
    () => readAll(sourceAt(text.url)),
    InfluxError,
    "Cannot read device D1 from InfluxDB as its field power must be a number: " +
      '"5 W" at 2026-02-07T12:00:00.000Z',
  );
  await using two = serveInflux(
    answer(chunkLine(["time", "voltage", "soc_percent"], [[SPAN.fromMs, 1, null], [
      SPAN.fromMs + 1,
      null,
      5,
    ]])),
  );
  const message = "its metrics must belong to one profile: appliance and soc_percent";
  await assertRejects(() => readAll(sourceAt(two.url)), InfluxError, message);
  assertEquals([text.requests.length, two.requests.length], [1, 1]);
});

Deno.test("errors with status 200 are reported: at the top, in a result, and midway", async () => {
  const first = chunkLine(COLUMNS, [row(0, 1)], true);
  const answers = [
    ['{"error":"timeout"}', "InfluxDB refused the query: timeout"],
    ['{"results":[{"error":"database not found: energy"}]}', "database not found: energy"],
    [`${first}{"results":[{"error":"killed"}]}\n`, "InfluxDB refused the query: killed"],
  ];
  for (const [body, message] of answers) {
    await using server = serveInflux(answer(body));
    await assertRejects(() => readAll(sourceAt(server.url)), InfluxError, message);
    assertEquals(server.requests.length, 1);
  }
});

Deno.test("answers that do not match the documentation of InfluxDB are reported", async () => {
  const bodies: [string, string][] = [
    ["[1]", "a line that is not an object"],
    ['{"results":5}', "no list of objects in `results`"],
    ['{"results":[{"series":[{"columns":[1],"values":[]}]}]}', "columns are not texts"],
    [
      '{"results":[{"series":[{"columns":["time"],"values":[[1,2]]}]}]}',
      "a row whose length differs",
    ],
    [chunkLine(["time", "power"], [["2026-02-07T12:00:00Z", 1]]), "a time that is not a number"],
    [chunkLine(COLUMNS, [row(5, 1), row(4, 1)]), "times that decrease"],
  ];
  for (const [body, message] of bodies) {
    await using server = serveInflux(answer(body));
    await assertRejects(() => readAll(sourceAt(server.url)), InfluxError, message);
  }
});

Deno.test("statuses that a retry cannot change are reported at once, with the text of the answer", async () => {
  for (const status of [400, 401, 403, 404]) {
    await using server = serveInflux(() => new Response('{"error":"no rights"}', { status }));
    const rig = sourceAt(server.url);
    const message = `InfluxDB answered with status ${status}: {"error":"no rights"}`;
    await assertRejects(() => readAll(rig), InfluxError, message);
    assertEquals([server.requests.length, rig.pauses], [1, []]);
  }
});

Deno.test("a busy server is retried, but not before its Retry-After", async () => {
  const busy = () => new Response("", { status: 429, headers: { "Retry-After": "7" } });
  const failing = () => new Response("", { status: 503 });
  await using server = serveInflux(failing, failing, busy, answer(chunkLine(COLUMNS, [row(3, 1)])));
  const rig = sourceAt(server.url);
  assertEquals(powersOf(await readAll(rig)), [[3, "1"]]);
  assertEquals(rig.pauses, [200, 400, 7_000]);
});

Deno.test("a server that keeps failing is retried for a minute", async () => {
  await using server = serveInflux(() => new Response("down", { status: 500 }));
  const rig = sourceAt(server.url);
  await assertRejects(() => readAll(rig), InfluxError, "InfluxDB answered with status 500: down");
  const sumMs = rig.pauses.reduce((sum, ms) => sum + ms, 0);
  // The next pause would have been 10 s.
  assert(sumMs > 50_000 && sumMs <= 60_000, String(sumMs));
});

Deno.test("an answer that breaks off continues where it ended, without repeats or losses", async () => {
  await using server = serveInflux(
    brokenAnswer(chunkLine(COLUMNS, [row(0, 1), row(5, 2), row(9, 3)], true)),
    answer(chunkLine(COLUMNS, [row(9, 4)], true)),
    answer(chunkLine(COLUMNS, [row(9, 5), row(12, 6)], true) + '{"results":[{"statem'),
    answer(chunkLine(COLUMNS, [row(12, 7)])),
  );
  const rig = sourceAt(server.url);
  const powers = powersOf(await readAll(rig));
  assertEquals(powers, [[0, "1"], [5, "2"], [9, "5"], [12, "7"]]);
  const starts = server.requests.map(({ query }) => /time >= (\d+)ms/.exec(query)?.[1]);
  assertEquals(starts, [0, 9, 9, 12].map((afterMs) => String(SPAN.fromMs + afterMs)));
});

Deno.test("an empty body does not count as an answer", async () => {
  await using server = serveInflux(answer(""), answer(EMPTY));
  assertEquals(await readAll(sourceAt(server.url)), []);
  assertEquals(server.requests.length, 2);
});

Deno.test("a server that cannot be reached is reported as such", async () => {
  const server = serveInflux(answer(EMPTY));
  await server[Symbol.asyncDispose]();
  await assertRejects(
    () => readAll(sourceAt(server.url)),
    InfluxError,
    "InfluxDB cannot be reached.",
  );
});

Deno.test("read() throws the reason of its signal, even during an answer", async () => {
  const controller = new AbortController();
  await using server = serveInflux(() =>
    new Response(
      new ReadableStream({
        start(body) {
          body.enqueue(new TextEncoder().encode(chunkLine(COLUMNS, [row(0, 1), row(1, 2)], true)));
        },
      }),
    )
  );
  const reading = sourceAt(server.url).source.read("D1", SPAN, controller.signal);
  const received: SourcePart[] = [];
  await assertRejects(
    async () => {
      for await (const part of reading) {
        received.push(part);
        controller.abort(new Error("stopped"));
      }
    },
    Error,
    "stopped",
  );
  assertEquals(powersOf(received), [[0, "1"]]);
});

Deno.test("a caller that stops early leaves no connection open", async () => {
  const lines = Array.from(
    { length: 50 },
    (_, index) => chunkLine(COLUMNS, [row(index, index)], true),
  );
  await using server = serveInflux(answer(...lines));
  for await (const part of sourceAt(server.url).source.read("D1", SPAN, SIGNAL)) {
    assertEquals(powersOf([part]), [[0, "0"]]);
    break;
  }
});

Deno.test("devices() returns each id once, even if the list breaks off", async () => {
  const list = (...ids: string[]) =>
    chunkLine(["key", "value"], ids.map((id) => ["device_id", id]), ids.length === 2);
  await using server = serveInflux(brokenAnswer(list("D1", "D'2")), answer(list("D1"), list("D3")));
  const { source } = sourceAt(server.url);
  assertEquals(await Array.fromAsync(source.devices(SIGNAL)), ["D1", "D'2", "D3"]);
  assertEquals(
    server.requests[0].query,
    'SHOW TAG VALUES FROM "telemetry" WITH KEY = "device_id" WHERE time >= 0ms',
  );
});

Deno.test("ids are quoted, so that none can change the query", async () => {
  await using server = serveInflux(answer(EMPTY));
  const { source } = sourceAt(server.url);
  await Array.fromAsync(source.read("a' OR 1=1 --\\\n", SPAN, SIGNAL));
  assert(server.requests[0].query.includes(`"device_id" = 'a\\' OR 1=1 --\\\\\\n' AND`));
});
