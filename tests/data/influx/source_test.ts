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

/** A row of an appliance, so many milliseconds behind the span's start. */
function row(afterMs: number, power: unknown, ...labels: (string | null)[]): unknown[] {
  return [SPAN.fromMs + afterMs, 230, null, power, 20.5, labels[0] ?? null, labels[1] ?? null];
}

/** A source at a server, whose clock goes on with the pauses only. */
function sourceAt(url: string, settings: Partial<InfluxSettings> = {}) {
  const pauses: number[] = [];
  const now = () => pauses.reduce((sum, ms) => sum + ms, 0);
  const wait = (ms: number) => {
    pauses.push(ms);
    return Promise.resolve();
  };
  const source = createInfluxSource({ now, wait }, {
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

/** The power of each reading by its time behind the span's start. */
function powersOf(parts: readonly SourcePart[]): [number, string][] {
  return parts.flatMap(({ page }) =>
    rowsOf(page).map(([timeMs, , , power]): [number, string] => [timeMs - SPAN.fromMs, power])
  );
}

Deno.test("read() asks for one device and span, in chunks, times as milliseconds", async () => {
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

Deno.test("a token of a user and a password is sent as 1.x wants it, a policy apart", async () => {
  await using server = serveInflux(answer(EMPTY));
  await readAll(sourceAt(server.url, { token: "reader:pä", bucket: "energy/a_year" }));
  const [{ parameters, authorization }] = server.requests;
  // base64 of the bytes 72 65 61 64 65 72 3a 70 c3 a4.
  assertEquals(authorization, "Basic cmVhZGVyOnDDpA==");
  assertEquals([parameters.get("db"), parameters.get("rp")], ["energy", "a_year"]);
});

Deno.test("read() gives the readings of all chunks, null as missing, labels with them", async () => {
  await using server = serveInflux(answer(
    chunkLine(
      COLUMNS,
      [row(0, 195.63, "washer", "cellar"), row(1, null, "washer", "cellar")],
      true,
    ),
    chunkLine(COLUMNS, [row(2, 1, "washer", "attic")]),
  ));
  const parts = await readAll(sourceAt(server.url));
  assertEquals(parts.map(({ profile }) => profile), ["appliance", "appliance", "appliance"]);
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

Deno.test("of rows of one time the last counts, in one chunk and over two", async () => {
  await using server = serveInflux(answer(
    chunkLine(COLUMNS, [row(0, 1), row(0, 2), row(5, 3)], true),
    chunkLine(COLUMNS, [row(5, 4)], true),
    chunkLine(COLUMNS, [row(5, 5), row(6, 6)]),
  ));
  assertEquals(powersOf(await readAll(sourceAt(server.url))), [[0, "2"], [5, "5"], [6, "6"]]);
});

Deno.test("points without a metric are no readings, and a battery is known by its fields", async () => {
  const columns = ["time", "soc_percent", "temp_c", "voltage", "location"];
  await using server = serveInflux(answer(chunkLine(columns, [
    [SPAN.fromMs, null, null, null, "roof"],
    [SPAN.fromMs + 1, 67.5, null, null, "roof"],
  ])));
  const parts = await readAll(sourceAt(server.url));
  assertEquals(parts.map(({ profile, page }) => [profile, rowsOf(page)]), [
    ["battery", [[SPAN.fromMs + 1, "67.5", "", "", ""]]],
  ]);
});

Deno.test("a value that is no number, and metrics of two profiles, are told and not tried again", async () => {
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
  const message = "it must have metrics of one profile: appliance and soc_percent";
  await assertRejects(() => readAll(sourceAt(two.url)), InfluxError, message);
  assertEquals([text.requests.length, two.requests.length], [1, 1]);
});

Deno.test("errors that come with status 200 are told, at the top, of a result, and midway", async () => {
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

Deno.test("answers that are not what InfluxDB documents are told", async () => {
  const bodies: [string, string][] = [
    ["[1]", "a line that is no object"],
    ['{"results":5}', "no list of objects in `results`"],
    ['{"results":[{"series":[{"columns":[1],"values":[]}]}]}', "columns are no texts"],
    ['{"results":[{"series":[{"columns":["time"],"values":[[1,2]]}]}]}', "another length"],
    [chunkLine(["time", "power"], [["2026-02-07T12:00:00Z", 1]]), "a time that is no number"],
    [chunkLine(COLUMNS, [row(5, 1), row(4, 1)]), "times that go back"],
  ];
  for (const [body, message] of bodies) {
    await using server = serveInflux(answer(body));
    await assertRejects(() => readAll(sourceAt(server.url)), InfluxError, message);
  }
});

Deno.test("statuses that a new try does not change are told at once, with what was said", async () => {
  for (const status of [400, 401, 403, 404]) {
    await using server = serveInflux(() => new Response('{"error":"no rights"}', { status }));
    const rig = sourceAt(server.url);
    const message = `InfluxDB answered with status ${status}: {"error":"no rights"}`;
    await assertRejects(() => readAll(rig), InfluxError, message);
    assertEquals([server.requests.length, rig.pauses], [1, []]);
  }
});

Deno.test("a server that is busy is asked again, not before it wants to be", async () => {
  const busy = () => new Response("", { status: 429, headers: { "Retry-After": "7" } });
  const ill = () => new Response("", { status: 503 });
  await using server = serveInflux(ill, ill, busy, answer(chunkLine(COLUMNS, [row(3, 1)])));
  const rig = sourceAt(server.url);
  assertEquals(powersOf(await readAll(rig)), [[3, "1"]]);
  assertEquals(rig.pauses, [200, 400, 7_000]);
});

Deno.test("a server that stays ill is asked for a minute", async () => {
  await using server = serveInflux(() => new Response("down", { status: 500 }));
  const rig = sourceAt(server.url);
  await assertRejects(() => readAll(rig), InfluxError, "InfluxDB answered with status 500: down");
  const sumMs = rig.pauses.reduce((sum, ms) => sum + ms, 0);
  // The next pause would have been 10 s.
  assert(sumMs > 50_000 && sumMs <= 60_000, String(sumMs));
});

Deno.test("an answer that breaks off goes on where it ended, nothing twice and nothing lost", async () => {
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

Deno.test("an empty body is no answer", async () => {
  await using server = serveInflux(answer(""), answer(EMPTY));
  assertEquals(await readAll(sourceAt(server.url)), []);
  assertEquals(server.requests.length, 2);
});

Deno.test("a server that is not there is told as such", async () => {
  const server = serveInflux(answer(EMPTY));
  await server[Symbol.asyncDispose]();
  await assertRejects(
    () => readAll(sourceAt(server.url)),
    InfluxError,
    "InfluxDB cannot be reached.",
  );
});

Deno.test("read() ends with the signal's reason, also while an answer is on its way", async () => {
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
  const seen: SourcePart[] = [];
  await assertRejects(
    async () => {
      for await (const part of reading) {
        seen.push(part);
        controller.abort(new Error("stopped"));
      }
    },
    Error,
    "stopped",
  );
  assertEquals(powersOf(seen), [[0, "1"]]);
});

Deno.test("who wants no more of an answer leaves nothing behind", async () => {
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

Deno.test("devices() gives each id once, also where the list breaks off", async () => {
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

Deno.test("ids are quoted, so that none is read as a query", async () => {
  await using server = serveInflux(answer(EMPTY));
  const { source } = sourceAt(server.url);
  await Array.fromAsync(source.read("a' OR 1=1 --\\\n", SPAN, SIGNAL));
  assert(server.requests[0].query.includes(`"device_id" = 'a\\' OR 1=1 --\\\\\\n' AND`));
});
