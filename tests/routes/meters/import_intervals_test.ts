import { assertEquals } from "../../support/assert.ts";
import { askJson, type JsonAnswer, startTestService } from "../../support/service.ts";
import { assertProblem } from "../problem_assert.ts";

const CASES = new URL("../../data/imports/cases/", import.meta.url);

function upload(url: string, path: string, body: string): Promise<JsonAnswer> {
  return askJson(url + path, { method: "POST", headers: { "content-type": "text/csv" }, body });
}

/** The stored times and values of a metric. */
async function stored(
  url: string,
  id: string,
  { from, to, metric = "energy_kwh" }: { from: string; to: string; metric?: string },
): Promise<[string, number][]> {
  const query = `start_time=${from}&end_time=${to}`;
  const { body } = await askJson(`${url}/api/meters/${id}/readings?${query}`);
  return body.data.map((row: Record<string, never>) => [row.timestamp, row[metric]]);
}

function expectedRows(name: string): [string, number][] {
  const [, ...lines] = Deno.readTextFileSync(new URL(name, CASES)).trim().split("\n");
  return lines.map((line) => [line.split(",")[0], Number(line.split(",")[1])]);
}

Deno.test("a register that was exchanged is stored as energy, with what is missing reported", async () => {
  await using service = await startTestService({ role: "api" });
  const text = Deno.readTextFileSync(new URL("07_cumulative_wh.csv", CASES));
  const query = new URLSearchParams({
    delimiter: ";",
    timestamp: "Date",
    timestamp_format: "dd.MM.yyyy HH:mm:ss",
    timezone: "Europe/Berlin",
    map: "Total yield [Wh]:energy_kwh:Wh",
    values: "cumulative",
  });
  const { status, body } = await upload(service.url, `/api/meters/sma/readings?${query}`, text);
  assertEquals([status, body.received, body.inserted, body.rejected], [200, 6, 2, 0]);
  assertEquals([body.gaps, body.resets, body.rollovers, body.jumps], [1, 1, 0, 0]);
  assertEquals(body.breaks, [
    { line: 3, kind: "gap", timestamp: "2025-03-01T00:00:00Z" },
    { line: 5, kind: "reset", timestamp: "2025-03-01T02:00:00Z" },
  ]);
  assertEquals(body.left_out, [
    { records: 1, reason: "the next reading of the register is missing" },
    { records: 1, reason: "the register has no value" },
    {
      records: 1,
      reason: "the register fell until the next reading: it was reset, or the meter was exchanged",
    },
    { records: 1, reason: "the last reading of a register only ends an interval" },
  ]);
  const range = { from: "2025-02-28", to: "2025-03-02" };
  assertEquals(await stored(service.url, "sma", range), expectedRows("07_expected.csv"));
});

Deno.test("registers of many meters are each reported, and their days and powers are kept", async () => {
  await using service = await startTestService({ role: "api" });
  const hours = Array.from({ length: 24 }, (_, hour) => `${String(hour).padStart(2, "0")}:00`);
  const text = `MPAN,Date,${hours.join(",")}\n` +
    `a,2024-06-01,${hours.map((_, hour) => 10 + hour / 4).join(",")}\n` +
    `b,2024-06-01,${hours.map((_, hour) => (hour < 12 ? 100 + hour : hour)).join(",")}\n`;
  const query = "?meter=MPAN&layout=day-per-row&timestamp=Date&values=cumulative&derive=power";
  const { body } = await upload(service.url, `/api/readings${query}`, text);
  assertEquals([body.received, body.inserted], [48, 23 + 22]);
  assertEquals(
    body.meters.map((meter: Record<string, unknown>) => [
      meter.smart_meter_id,
      meter.received,
      meter.resets,
      meter.left_out,
    ]),
    [
      ["a", 24, 0, [{
        records: 1,
        reason: "the last reading of a register only ends an interval",
      }]],
      ["b", 24, 1, [
        {
          records: 1,
          reason:
            "the register fell until the next reading: it was reset, or the meter was exchanged",
        },
        { records: 1, reason: "the last reading of a register only ends an interval" },
      ]],
    ],
  );
  assertEquals(body.breaks, [
    { line: 3, smart_meter_id: "b", kind: "reset", timestamp: "2024-06-01T11:00:00Z" },
  ]);
  const range = { from: "2024-06-01T00:00:00Z", to: "2024-06-01T01:00:00Z", metric: "power_kw" };
  assertEquals(await stored(service.url, "a", range), [
    ["2024-06-01T00:00:00Z", 0.25],
    ["2024-06-01T01:00:00Z", 0.25],
  ]);
});

Deno.test("a day a row is stored as half hours", async () => {
  await using service = await startTestService({ role: "api" });
  const text = Deno.readTextFileSync(new URL("09_day_a_row.csv", CASES));
  const query = "?meter=MPAN&layout=day-per-row&timestamp=Date&timestamp_format=dd/MM/yyyy" +
    "&timezone=Europe/London";
  const { body } = await upload(service.url, `/api/readings${query}`, text);
  assertEquals([body.inserted, body.meters[0].smart_meter_id], [96, "0000000000000"]);
  const range = { from: "2024-01-15", to: "2024-01-16" };
  assertEquals(await stored(service.url, "0000000000000", range), expectedRows("09_expected.csv"));
});

Deno.test("wrong options about intervals are refused together, by their names in the query", async () => {
  await using service = await startTestService({ role: "api" });
  const query = "?values=total&derive=voltage&layout=wide&rollover=-1";
  const answer = await upload(service.url, `/api/meters/m/readings${query}`, "timestamp\n");
  assertEquals([answer.status, answer.body.code], [400, "INVALID_REQUEST"]);
  assertEquals(answer.body.errors.map(({ pointer }: { pointer: string }) => pointer).sort(), [
    "#layout",
    "#values",
  ]);
  const header = await upload(
    service.url,
    "/api/meters/m/readings?layout=day-per-row",
    "timestamp,00:00,00:30\n",
  );
  assertProblem(header, {
    status: 400,
    code: "INVALID_REQUEST",
    detail: "The header has no columns for the intervals of a day: 24, 48, 96, 144, 288 columns " +
      "named by their times, such as 00:30, or by numbers from 1",
  });
});
