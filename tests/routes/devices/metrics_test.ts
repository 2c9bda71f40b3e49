import { assert, assertEquals } from "../../support/assert.ts";
import { askJson, type JsonAnswer, startTestService } from "../../support/service.ts";
import { BATTERY, linesOf, message, postLines, postTelemetry } from "../../support/telemetry.ts";
import { assertProblem } from "../problem_assert.ts";
import { ownHeaders } from "../../support/own_headers.ts";

/** The metrics of a device; the query is sent as it is. */
function metricsOf(url: string, query: string): Promise<JsonAnswer> {
  return askJson(`${url}/devices/test-001/metrics?${query}`);
}

/** Sends a reading per value, from a time on, `stepMs` apart. */
async function sendValues(
  url: string,
  values: readonly (number | null)[],
  { from = "2026-02-01T00:00:00Z", stepMs = 60_000 }: { from?: string; stepMs?: number } = {},
): Promise<void> {
  const messages = values.map((soc_percent, index) => {
    const timestamp = new Date(Date.parse(from) + index * stepMs).toISOString();
    return message({ timestamp, metrics: { ...BATTERY, soc_percent } });
  });
  const { body } = await postLines(url, linesOf(messages));
  assertEquals([body.created, body.rejected], [values.length, 0]);
}

function timesOf({ body }: JsonAnswer): string[] {
  return body.data.map(({ timestamp }: { timestamp: string }) => timestamp);
}

Deno.test("both ends of a range are included, and readings ascend in whatever order they arrived", async () => {
  await using service = await startTestService();
  const times = ["00:02:00Z", "00:00:00Z", "00:03:00Z", "00:01:00Z"];
  for (const time of times) {
    await postTelemetry(service.url, message({ timestamp: `2026-02-01T${time}` }));
  }
  const query = "start_time=2026-02-01T00:01:00Z&end_time=2026-02-01T01:02:00%2B01:00";
  const answer = await metricsOf(service.url, query);
  assertEquals(answer.body, {
    device_id: "test-001",
    data: ["01", "02"].map((minute) => ({ timestamp: `2026-02-01T00:${minute}:00Z`, ...BATTERY })),
  });
  assertEquals(answer.headers.get("link"), null);
  const one = "start_time=2026-02-01T00:03:00Z&end_time=2026-02-01T00:03:00Z";
  assertEquals(timesOf(await metricsOf(service.url, one)), ["2026-02-01T00:03:00Z"]);
  const none = "start_time=2026-02-01T00:03:00.001Z&end_time=2026-02-02T00:00:00Z";
  assertEquals((await metricsOf(service.url, none)).body, { device_id: "test-001", data: [] });
});

Deno.test("bare dates are whole UTC days", async () => {
  await using service = await startTestService();
  const times = [
    "2026-01-31T23:59:59.999Z",
    "2026-02-01T00:00:00Z",
    "2026-02-02T23:59:59.999Z",
    "2026-02-03T00:00:00Z",
  ];
  for (const timestamp of times) await postTelemetry(service.url, message({ timestamp }));
  const days = "start_time=2026-02-01&end_time=2026-02-02";
  assertEquals(timesOf(await metricsOf(service.url, days)), times.slice(1, 3));
  // 8 days are the most.
  const longest = "start_time=2026-02-01&end_time=2026-02-08";
  assertEquals((await metricsOf(service.url, longest)).status, 200);
  assertEquals((await metricsOf(service.url, longest.replace("08", "09"))).status, 400);
});

Deno.test("without a range you get the last day, without an end 8 days from the start", async () => {
  const now = () => Date.UTC(2026, 1, 10, 12);
  await using service = await startTestService({ now });
  const days = ["01", "09", "10"].map((day) => `2026-02-${day}T12:00:00Z`);
  for (const timestamp of days) await postTelemetry(service.url, message({ timestamp }));
  assertEquals(timesOf(await metricsOf(service.url, "")), [days[1], days[2]]);
  const start = "start_time=2026-02-01T12:00:00Z";
  assertEquals(timesOf(await metricsOf(service.url, start)), [days[0], days[1]]);
  const end = "end_time=2026-02-09T12:00:00Z";
  assertEquals(timesOf(await metricsOf(service.url, end)), [days[1]]);
});

/** Wrong queries and their errors. */
const WRONG: [query: string, errors: [pointer: string, detail: string][]][] = [
  [
    "start_time=2026-02-02T00:00:00Z&end_time=2026-02-01T23:59:59Z",
    [["#start_time", "start_time must not be after end_time"]],
  ],
  ["start_time=0000-01-01&end_time=0000-01-02&timezone=Europe/Paris", [[
    "#start_time",
    "start_time must be in the years 0000 to 9999 at UTC; on the clock of Europe/Paris it is not",
  ]]],
  ["start_time=9999-12-30&end_time=9999-12-31&timezone=America/New_York", [[
    "#end_time",
    "end_time must be in the years 0000 to 9999 at UTC; on the clock of America/New_York it is not",
  ]]],
  [
    "start_time=2026-02-01T00:00:00Z&end_time=2026-02-09T00:00:00.001Z",
    [["#start_time", "start_time must be at most 8 days before end_time"]],
  ],
  ["start_time=soon&end_time=x&interval=2h&colour=1", [
    [
      "#start_time",
      "start_time must be an ISO 8601 date or time, such as 2024-01-31 or 2024-01-31T12:00:00Z",
    ],
    [
      "#end_time",
      "end_time must be an ISO 8601 date or time, such as 2024-01-31 or 2024-01-31T12:00:00Z",
    ],
    ["#interval", "interval must be 1m, 15m, 1h or 1d"],
    ["#colour", "Unknown parameter 'colour'"],
  ]],
];

for (const [query, errors] of WRONG) {
  Deno.test(`the query ${query} is rejected, even for an unknown device`, async () => {
    await using service = await startTestService();
    const expected = { status: 400, code: "INVALID_REQUEST", detail: /./, errors };
    assertProblem(await metricsOf(service.url, query), expected);
  });
}

Deno.test("a range of exactly 8 days is accepted", async () => {
  await using service = await startTestService();
  await postTelemetry(service.url, message());
  const query = "start_time=2026-02-01T00:00:00Z&end_time=2026-02-09T00:00:00Z";
  assertEquals((await metricsOf(service.url, query)).body.data.length, 1);
});

Deno.test("more than 50,000 rows come page by page, each row once, up to the requested end", async () => {
  await using service = await startTestService();
  const { url } = service;
  const values = Array.from({ length: 50_003 }, (_, index) => index % 101);
  await sendValues(url, values, { stepMs: 10_000 });
  const query = "start_time=2026-02-01T00:00:00Z&end_time=2026-02-08T00:00:00Z";
  const first = await metricsOf(url, query);
  assertEquals(first.body.data.length, 50_000);
  const { start_time, end_time, next } = first.body;
  // Row 50,000 is 500,000 s after the start: 5 days, 18 hours, 53 minutes and 20 seconds.
  assertEquals([start_time, end_time], ["2026-02-01T00:00:00Z", "2026-02-06T18:53:19.999Z"]);
  const link = /^<(.*)>; rel="next"$/.exec(first.headers.get("link") ?? "");
  assert(link !== null);
  const start = encodeURIComponent("2026-02-06T18:53:20Z");
  const end = encodeURIComponent("2026-02-08T00:00:00Z");
  assertEquals(link[1], `/devices/test-001/metrics?start_time=${start}&end_time=${end}`);
  assertEquals(next, link[1]);
  const last = await askJson(url + link[1]);
  assertEquals(last.headers.get("link"), null);
  const all = [...first.body.data, ...last.body.data];
  assertEquals(all.length, values.length);
  all.forEach(({ soc_percent }, index) => assertEquals(soc_percent, index % 101));
});

for (
  const [accept, isCsv] of [
    ["text/csv", true],
    ["application/json;q=0.5, text/csv", true],
    ["application/json", false],
    ["*/*", false],
    ["image/png", false],
  ] as const
) {
  Deno.test(`Accept: ${accept} gives ${isCsv ? "CSV" : "JSON"}`, async () => {
    await using service = await startTestService();
    const metrics = { ...BATTERY, temp_c: null };
    await postTelemetry(service.url, message({ metrics }));
    const query = "start_time=2026-02-01T00:00:00Z&end_time=2026-02-02T00:00:00Z";
    const response = await fetch(`${service.url}/devices/test-001/metrics?${query}`, {
      headers: { accept },
    });
    const text = await response.text();
    const type = isCsv ? "text/csv; charset=utf-8; header=present" : "application/json";
    assertEquals(response.headers.get("content-type"), type);
    assertEquals(ownHeaders(response.headers).get("vary"), "accept");
    const lines = [
      "timestamp,device_id,soc_percent,voltage_v,current_a,temp_c",
      "2026-02-01T14:23:45Z,test-001,67.5,385.2,-45.3,",
      "",
    ];
    if (isCsv) assertEquals(text, lines.join("\n"));
    else assertEquals(JSON.parse(text).data, [{ timestamp: "2026-02-01T14:23:45Z", ...metrics }]);
  });
}

Deno.test("buckets have minimum, maximum, mean and count; missing values do not count", async () => {
  await using service = await startTestService();
  const { url } = service;
  // Minutes 0 to 3, then one at 0:16 without a value.
  await sendValues(url, [10, 20, null, 60]);
  await sendValues(url, [null], { from: "2026-02-01T00:16:00Z" });
  const range = "start_time=2026-02-01T00:00:00Z&end_time=2026-02-02T00:00:00Z";
  const { body } = await metricsOf(url, `${range}&interval=15m`);
  const of = (value: number, count: number) => ({ min: value, max: value, avg: value, count });
  const others = (count: number) => ({
    voltage_v: of(385.2, count),
    current_a: of(-45.3, count),
    temp_c: of(28.4, count),
  });
  assertEquals(body, {
    device_id: "test-001",
    interval: "15m",
    data: [
      {
        timestamp: "2026-02-01T00:00:00Z",
        count: 4,
        soc_percent: { min: 10, max: 60, avg: 30, count: 3 },
        ...others(4),
      },
      {
        timestamp: "2026-02-01T00:15:00Z",
        count: 1,
        soc_percent: { min: null, max: null, avg: null, count: 0 },
        ...others(1),
      },
    ],
  });
  const counts: Record<string, number[]> = { "1m": [1, 1, 1, 1, 1], "1h": [5], "1d": [5] };
  for (const [interval, expected] of Object.entries(counts)) {
    const { body } = await metricsOf(url, `${range}&interval=${interval}`);
    assertEquals(body.data.map(({ count }: { count: number }) => count), expected);
  }
  const csv = await (await fetch(`${url}/devices/test-001/metrics?${range}&interval=15m`, {
    headers: { accept: "text/csv" },
  })).text();
  assertEquals(csv.split("\n").map((line) => line.split(",").slice(0, 7).join(",")), [
    "timestamp,device_id,count,soc_percent_min,soc_percent_max,soc_percent_avg,soc_percent_count",
    "2026-02-01T00:00:00Z,test-001,4,10,60,30,3",
    "2026-02-01T00:15:00Z,test-001,1,,,,0",
    "",
  ]);
});
