import { assertEquals } from "../../support/assert.ts";
import {
  askJson,
  type JsonAnswer,
  startTestService,
  type TestService,
} from "../../support/service.ts";
import { BATTERY, linesOf, message, postLines } from "../../support/telemetry.ts";
import { assertProblem } from "../problem_assert.ts";

const NOW = "2026-03-10T12:00:00Z";

/** A service whose device `test-001` has a reading at each of some times. */
async function startWith(times: readonly string[]): Promise<TestService> {
  const service = await startTestService({ now: () => Date.parse(NOW) });
  const messages = times.map((timestamp) => message({ timestamp }));
  const { body } = await postLines(service.url, linesOf(messages));
  assertEquals(body.created, times.length);
  return service;
}

function metricsOf({ url }: TestService, query: string): Promise<JsonAnswer> {
  return askJson(`${url}/devices/test-001/metrics?${query}`);
}

/** The times of every page, from a query on, by `next`; the link must say the same. */
async function pagesFrom(service: TestService, query: string): Promise<string[][]> {
  const pages: string[][] = [];
  for (let next: string | null = `/devices/test-001/metrics?${query}`; next !== null;) {
    const { status, headers, body }: JsonAnswer = await askJson(service.url + next);
    assertEquals(status, 200, JSON.stringify(body));
    pages.push(body.data.map(({ timestamp }: { timestamp: string }) => timestamp));
    next = body.next;
    assertEquals(headers.get("link"), next === null ? null : `<${next}>; rel="next"`);
  }
  return pages;
}

Deno.test("without an end, the answer says its range and links to where later readings begin", async () => {
  const times = ["2026-01-01T00:00:00Z", "2026-01-09T00:00:00Z", "2026-02-20T08:30:00.250Z"];
  await using service = await startWith(times);
  const { body, headers } = await metricsOf(service, "start_time=2026-01-01T00:00:00Z");
  const next = `/devices/test-001/metrics?start_time=${encodeURIComponent(times[2])}`;
  assertEquals(body, {
    device_id: "test-001",
    data: times.slice(0, 2).map((timestamp) => ({ timestamp, ...BATTERY })),
    start_time: "2026-01-01T00:00:00Z",
    end_time: "2026-01-09T00:00:00Z",
    next,
  });
  assertEquals(headers.get("link"), `<${next}>; rel="next"`);
});

Deno.test("with a date as the only end, the range is that day of the zone", async () => {
  await using service = await startWith(["2026-03-01T22:59:59.999Z", "2026-03-01T23:00:00Z"]);
  const { body } = await metricsOf(service, "end_time=2026-03-02&timezone=Europe/Paris");
  assertEquals([body.start_time, body.end_time], [
    "2026-03-01T23:00:00Z",
    "2026-03-02T22:59:59.999Z",
  ]);
  assertEquals(body.data.length, 1);
});

Deno.test("a start in the future needs an end, and the error says where the range would end", async () => {
  await using service = await startWith(["2026-03-10T12:00:00Z"]);
  const { status, body } = await metricsOf(service, "start_time=2026-03-10T12:00:01Z");
  const rule = "start_time must not be after now, where a range without end_time ends";
  assertEquals([status, body.detail], [400, rule]);
  const both = "start_time=2026-03-10T12:00:01Z&end_time=2026-03-10T12:00:02Z";
  assertEquals((await metricsOf(service, both)).status, 200);
});

Deno.test("following next from any start finds every later reading once, over empty weeks", async () => {
  const times = [
    "2025-06-01T00:00:00Z",
    "2025-12-24T18:00:00Z",
    "2026-01-01T18:00:00.001Z",
    "2026-03-10T12:00:00Z",
  ];
  await using service = await startWith(times);
  // The first range, 2024, is empty.
  const pages = await pagesFrom(service, "start_time=2024-01-01");
  assertEquals(pages, [[], [times[0]], [times[1]], [times[2]], [times[3]]]);
});

Deno.test("a range that ends now has no next", async () => {
  await using service = await startWith(["2026-03-09T13:00:00Z", "2026-03-10T12:00:00Z"]);
  const last = await metricsOf(service, "");
  const { start_time, end_time, next } = last.body;
  assertEquals([start_time, end_time, next], ["2026-03-09T12:00:00Z", NOW, null]);
  assertEquals(last.headers.get("link"), null);
});

Deno.test("a whole range that fits has the fields of the contract and nothing else", async () => {
  await using service = await startWith(["2026-01-05T00:00:00Z", "2026-03-01T00:00:00Z"]);
  const { body, headers } = await metricsOf(service, "start_time=2026-01-01&end_time=2026-01-02");
  assertEquals(body, { device_id: "test-001", data: [] });
  assertEquals([headers.get("link"), headers.get("start-time")], [null, null]);
});

Deno.test("CSV says the range and the next page in headers", async () => {
  await using service = await startWith(["2026-01-01T00:00:00Z", "2026-02-20T08:30:00Z"]);
  const response = await fetch(
    `${service.url}/devices/test-001/metrics?start_time=2026-01-01T00:00:00Z`,
    { headers: { accept: "text/csv" } },
  );
  assertEquals((await response.text()).split("\n").length, 3);
  assertEquals(["start-time", "end-time", "link"].map((name) => response.headers.get(name)), [
    "2026-01-01T00:00:00Z",
    "2026-01-09T00:00:00Z",
    '</devices/test-001/metrics?start_time=2026-02-20T08%3A30%3A00Z>; rel="next"',
  ]);
});

Deno.test("without an end, pages of buckets begin and end where buckets do", async () => {
  const times = ["2026-01-01T12:00:00Z", "2026-01-09T03:00:00Z", "2026-01-09T13:00:00Z"];
  await using service = await startWith(times);
  const query = "start_time=2026-01-01T12:00:00Z&interval=1d";
  const first = (await metricsOf(service, query)).body;
  // 8 days end in the middle of 9 January, which would be split.
  assertEquals(first.end_time, "2026-01-08T23:59:59.999Z");
  assertEquals(first.data.length, 1);
  const second = (await askJson(service.url + first.next)).body;
  assertEquals(second.data.map(({ timestamp, count }: JsonAnswer["body"]) => [timestamp, count]), [
    ["2026-01-09T00:00:00Z", 2],
  ]);
  assertEquals(second.next, null);
});

/** The start and the count of each bucket. */
function bucketsOf({ body }: JsonAnswer): [string, number][] {
  return body.data.map(({ timestamp, count }: JsonAnswer["body"]) => [timestamp, count]);
}

Deno.test("buckets of a zone's days have 23 hours when clocks go forward, 25 when they go back", async () => {
  // A reading each hour. New York's clocks go forward on 8 March and back on 2 November.
  const hours = (from: string, count: number) =>
    Array.from(
      { length: count },
      (_, hour) => new Date(Date.parse(from) + hour * 3_600_000).toISOString(),
    );
  await using service = await startWith([
    ...hours("2026-03-07T00:00:00Z", 72),
    ...hours("2025-11-01T00:00:00Z", 72),
  ]);
  const query = "interval=1d&timezone=America/New_York";
  const spring = await metricsOf(service, `start_time=2026-03-07&end_time=2026-03-08&${query}`);
  assertEquals(bucketsOf(spring), [["2026-03-07T05:00:00Z", 24], ["2026-03-08T05:00:00Z", 23]]);
  const autumn = await metricsOf(service, `start_time=2025-11-01&end_time=2025-11-02&${query}`);
  assertEquals(bucketsOf(autumn), [["2025-11-01T04:00:00Z", 24], ["2025-11-02T04:00:00Z", 25]]);
});

Deno.test("8 days of a zone are accepted even if they have an hour more", async () => {
  await using service = await startWith([]);
  await postLines(service.url, linesOf([message()]));
  const range = "start_time=2025-10-27&end_time=2025-11-03";
  const zoned = await metricsOf(service, `${range}&timezone=America/New_York`);
  assertEquals(zoned.status, 200);
});

Deno.test("an offset is a zone, and its + may arrive as a space", async () => {
  await using service = await startWith(["2026-02-01T18:29:00Z", "2026-02-01T18:30:00Z"]);
  const range = "start_time=2026-02-01&end_time=2026-02-02&interval=1d";
  for (const zone of ["%2B05:30", "+05:30", "Asia/Kolkata"]) {
    // Midnight of 2 February at +05:30 is 18:30 UTC.
    assertEquals(bucketsOf(await metricsOf(service, `${range}&timezone=${zone}`)), [
      ["2026-01-31T18:30:00Z", 1],
      ["2026-02-01T18:30:00Z", 1],
    ]);
  }
  const summary = `${service.url}/devices/test-001/summary?date=2026-02-02&timezone=+05:30`;
  assertEquals((await askJson(summary)).body.count, 1);
});

Deno.test("the + of a time in a query may arrive as a space", async () => {
  await using service = await startWith(["2026-02-01T00:00:00Z", "2026-02-01T01:00:00Z"]);
  const query = "start_time=2026-02-01T02:00:00+01:00&end_time=2026-02-01T02:00:00+01:00";
  const { body } = await metricsOf(service, query);
  assertEquals(body.data.map(({ timestamp }: { timestamp: string }) => timestamp), [
    "2026-02-01T01:00:00Z",
  ]);
});

Deno.test("if a + cannot be restored, the error says how to write it", async () => {
  await using service = await startTestService();
  const detail = "start_time must be an ISO 8601 date or time, such as 2024-01-31 or " +
    "2024-01-31T12:00:00Z; in a query, write the + of an offset as %2B";
  assertProblem(await metricsOf(service, "start_time=2026-02-01T25:00:00+01:00"), {
    status: 400,
    code: "INVALID_REQUEST",
    detail,
    errors: [["#start_time", detail]],
  });
});
