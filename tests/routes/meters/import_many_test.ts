import { gzipSync } from "node:zlib";
import { assert, assertEquals } from "../../support/assert.ts";
import { askJson, type JsonAnswer, startTestService } from "../../support/service.ts";
import { assertProblem, jsonAnswer } from "../problem_assert.ts";
import { createTestApp } from "../app_fixture.ts";
import { holdUpload } from "./held_upload.ts";

const NOTHING = { received: 0, inserted: 0, updated: 0, unchanged: 0, repeated: 0, rejected: 0 };
const HEADER = "smart_meter_id,timestamp,energy_kwh\n";

function upload(
  url: string,
  body: BodyInit,
  { query = "", headers = {} }: { query?: string; headers?: Record<string, string> } = {},
): Promise<JsonAnswer> {
  const init = { method: "POST", headers: { "content-type": "text/csv", ...headers }, body };
  return askJson(`${url}/api/readings${query}`, init);
}

/** The report of a meter with some counts. */
function meter(id: string, counts: Partial<typeof NOTHING>, rest: object = {}): unknown {
  return {
    smart_meter_id: id,
    ...NOTHING,
    ...counts,
    ambiguous: 0,
    gaps: 0,
    resets: 0,
    rollovers: 0,
    jumps: 0,
    left_out: [],
    problem: null,
    rejects: [],
    ...rest,
  };
}

async function readingsOf(url: string, id: string): Promise<[string, number][]> {
  const { body } = await askJson(
    `${url}/api/meters/${id}/readings?start_time=2024-06-01&end_time=2024-06-02`,
  );
  return body.data.map((
    row: { timestamp: string; energy_kwh: number },
  ) => [row.timestamp, row.energy_kwh]);
}

Deno.test("POST /api/readings stores readings of several meters and reports each of them", async () => {
  await using service = await startTestService({ role: "api" });
  const text = "meter_id,reading_time,usage_wh,note\n" +
    "A-1,2024-06-01T00:00:00Z,+100,x\n" +
    "B.2,2024-06-01T00:00:00Z,+250,\n" +
    "A-1,2024-06-01T00:15:00Z,+101,\n" +
    "B.2,2024-06-01T00:15:00Z,lots,\n" +
    "A-1,2024-06-01T00:00:00Z,+103,\n";
  const query = "?meter=meter_id&timestamp=reading_time&map=usage_wh:energy_kwh:Wh";
  const { status, body } = await upload(service.url, text, { query });
  const reject = {
    line: 5,
    field: "usage_wh",
    value: "lots",
    rule: "a decimal number with a point; if this means that there is no value, send missing=lots",
  };
  assertEquals([status, body], [200, {
    dry_run: false,
    ...NOTHING,
    received: 5,
    inserted: 3,
    repeated: 1,
    rejected: 1,
    meters: [
      meter("A-1", { received: 3, inserted: 2, repeated: 1 }),
      meter("B.2", { received: 2, inserted: 1, rejected: 1 }, { rejects: [reject] }),
    ],
    rejects: [{ smart_meter_id: "B.2", ...reject }],
    breaks: [],
    repeats: [{ line: 6, smart_meter_id: "A-1", timestamp: "2024-06-01T00:00:00Z" }],
    ignored_columns: ["note"],
    left_out: [],
    preamble: [],
  }]);
  assertEquals(await readingsOf(service.url, "A-1"), [
    ["2024-06-01T00:00:00Z", 0.103],
    ["2024-06-01T00:15:00Z", 0.101],
  ]);
  assertEquals(await readingsOf(service.url, "B.2"), [["2024-06-01T00:00:00Z", 0.25]]);
});

Deno.test("the same upload sent again changes nothing, for any of its meters", async () => {
  await using service = await startTestService({ role: "api" });
  const ids = Array.from({ length: 50 }, (_, index) => `m${index}`);
  const lines = ids.flatMap((id) => [0, 1].map((hour) => `${id},2024-06-01T0${hour}:00:00Z,1`));
  const text = `${HEADER}${lines.sort().join("\n")}\n`;
  const first = await upload(service.url, text, { query: "?dry_run=true" });
  assertEquals([first.body.inserted, first.body.dry_run], [100, true]);
  assertEquals((await askJson(`${service.url}/api/meters`)).body.meters, []);
  const second = await upload(service.url, text);
  assertEquals(
    second.body.meters,
    [...ids].sort().map((id) => meter(id, { received: 2, inserted: 2 })),
  );
  const gzip = await upload(service.url, new Uint8Array(gzipSync(text)), {
    headers: { "content-encoding": "gzip" },
  });
  assertEquals([gzip.body.inserted, gzip.body.unchanged], [0, 100]);
  const dry = await upload(service.url, text.replaceAll(",1\n", ",2\n"), {
    query: "?dry_run=true",
  });
  assertEquals([dry.body.updated, dry.body.meters[0].updated], [100, 2]);
});

Deno.test("NDJSON and JSON name the meter in a property", async () => {
  await using service = await startTestService({ role: "api" });
  const objects = ["a", "b"].map((sensor) => (
    { sensor, timestamp: "2024-06-01T00:00:00Z", energy_kwh: 1 }
  ));
  const query = "?meter=sensor";
  const ndjson = await upload(service.url, objects.map((one) => JSON.stringify(one)).join("\n"), {
    query,
    headers: { "content-type": "application/x-ndjson" },
  });
  assertEquals(
    ndjson.body.meters,
    ["a", "b"].map((id) => meter(id, { received: 1, inserted: 1 })),
  );
  const json = await upload(service.url, JSON.stringify([...objects, { energy_kwh: 1 }]), {
    query,
    headers: { "content-type": "application/json" },
  });
  assertEquals([json.body.unchanged, json.body.rejects], [2, [{
    index: 2,
    smart_meter_id: null,
    field: null,
    value: '{"energy_kwh":1}',
    rule: "the property sensor with the id of a meter; name another with meter=",
  }]]);
});

Deno.test("a header without the column of meters is refused, and nothing is stored", async () => {
  await using service = await startTestService({ role: "api" });
  const text = "mpan,timestamp,energy_kwh\n1,2024-06-01T00:00:00Z,1\n";
  assertProblem(await upload(service.url, text), {
    status: 400,
    code: "INVALID_REQUEST",
    detail: "The header has no smart_meter_id column; name the column of meters with meter=, for " +
      "example meter=mpan",
  });
  assertEquals((await askJson(`${service.url}/api/meters`)).body.meters, []);
});

Deno.test("a running upload of many meters is shown by each of them, with its own counts", async () => {
  await using service = await startTestService({ role: "api" });
  const lines = (id: string, count: number) =>
    Array.from(
      { length: count },
      (_, at) => `${id},${new Date(1_717_200_000_000 + at * 60_000).toISOString()},1\n`,
    );
  const text = HEADER + lines("a", 30_000).join("") + "b,yesterday,1\n" +
    lines("b", 5_000).join("");
  const headers = { "content-type": "text/csv", "content-length": String(text.length + 1) };
  using held = await holdUpload(service.url, "/api/readings", headers);
  await held.send(text);
  const endMs = Date.now() + 20_000;
  let answer = await askJson(`${service.url}/api/meters/a`);
  const isRead = () => {
    const [first] = answer.body.imports ?? [];
    return first?.inserted === 30_000 && first.bytes_received === text.length;
  };
  while (!isRead()) {
    assert(Date.now() < endMs, `the meter stays at ${JSON.stringify(answer.body)}`);
    answer = await askJson(`${service.url}/api/meters/a`);
  }
  const [ofA] = answer.body.imports;
  const [ofB] = (await askJson(`${service.url}/api/meters/b`)).body.imports;
  assertEquals([ofA.received, ofA.rejected, ofA.bytes_received], [30_000, 0, text.length]);
  assertEquals([ofB.rejected, ofB.bytes_total, ofB.percent], [1, text.length + 1, 99]);
  await held.send("\n");
  assertEquals((await held.answer()).body.inserted, 35_000);
  assertEquals((await askJson(`${service.url}/api/meters/a`)).body.imports, []);
});

Deno.test("a short upload of many meters that is cut stores nothing; the log says how many it had", async () => {
  const { app, logged } = createTestApp();
  const body = '[{"smart_meter_id":"a","timestamp":"2024-06-01T00:00:00Z","power_kw":1}';
  const init = { method: "POST", headers: { "content-type": "application/json" }, body };
  const answer = await jsonAnswer(await app.request("/api/readings", init));
  const { status, body: { code, stored } } = answer;
  assertEquals([status, code, stored], [400, "MALFORMED_BODY", undefined]);
  const [cut] = logged.filter(({ event }) => event === "import cut short");
  assertEquals([cut.level, cut.fields?.meters, cut.fields?.inserted], ["warn", 1, 0]);
});

Deno.test("an upload that must choose a meter is refused if it does not name meters", async () => {
  await using service = await startTestService({ role: "api" });
  const send = (query: string, body: string, type = "text/csv") =>
    askJson(`${service.url}/api/meters/house/readings?${query}`, {
      method: "POST",
      headers: { "content-type": type },
      body,
    });
  const csv = "site,timestamp,energy_kwh\nA,2024-06-01T00:00:00Z,1\nB,2024-06-01T01:00:00Z,2\n";
  for (const query of ["meter=sites", "meter=sites&register=A"]) {
    const { status, body } = await send(query, csv);
    assertEquals([status, body.detail], [
      400,
      "The header has no sites column; the closest one is site",
    ]);
  }
  assertEquals((await send("register=A", csv)).status, 400);
  assertEquals((await send("register=*", csv)).body.inserted, 2);
  const json = [{ site: "A", timestamp: "2024-06-01T00:00:00Z", energy_kwh: 1 }];
  const { body } = await send("register=A", JSON.stringify(json), "application/json");
  assertEquals([body.received, body.rejected], [1, 1]);
  assertEquals(
    body.rejects[0].rule,
    "the property smart_meter_id with the id of a meter; name another with meter=",
  );
});

Deno.test("register= chooses a meter by the column that a preset names", async () => {
  await using service = await startTestService({ role: "api" });
  const halves = Array.from({ length: 48 }, (_, at) => {
    return `${String(Math.floor(at / 2)).padStart(2, "0")}:${at % 2 === 0 ? "00" : "30"}`;
  });
  const day = (value: string) => Array(48).fill(value).join(",");
  const csv = `MPAN,Date,${halves.join(",")}\n1,15/01/2024,${day("0.5")}\n2,15/01/2024,${
    day("2")
  }\n`;
  const url = `${service.url}/api/meters/house/readings?preset=uk-half-hourly&register=2`;
  const init = { method: "POST", headers: { "content-type": "text/csv" }, body: csv };
  const { body } = await askJson(url, init);
  assertEquals([body.inserted, body.left_out], [48, [{
    records: 1,
    reason: "the record is of another meter",
  }]]);
});
