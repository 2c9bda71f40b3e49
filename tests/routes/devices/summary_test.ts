import { assertEquals } from "../../support/assert.ts";
import { askJson, startTestService } from "../../support/service.ts";
import { BATTERY, linesOf, message, postLines, postTelemetry } from "../../support/telemetry.ts";

const ZERO = { min: 0, max: 0, avg: 0 };

/** Readings every half hour from a time on. */
function halfHours(from: string, count: number): string {
  return linesOf(Array.from({ length: count }, (_, index) => {
    const timestamp = new Date(Date.parse(from) + index * 1_800_000).toISOString();
    return message({ timestamp, metrics: { ...BATTERY, soc_percent: index % 100 } });
  }));
}

Deno.test("a day has minimum, maximum and mean of each metric", async () => {
  await using service = await startTestService();
  const { url } = service;
  for (const [time, temp_c] of [["00:00:00", 10], ["12:00:00", 20.5], ["23:59:59.999", 0.1]]) {
    const metrics = { ...BATTERY, temp_c: Number(temp_c) };
    await postTelemetry(url, message({ timestamp: `2026-02-01T${time}Z`, metrics }));
  }
  await postTelemetry(url, message({ timestamp: "2026-02-02T00:00:00Z" }));
  const same = (value: number) => ({ min: value, max: value, avg: value });
  assertEquals((await askJson(`${url}/devices/test-001/summary?date=2026-02-01`)).body, {
    device_id: "test-001",
    date: "2026-02-01",
    count: 3,
    summary: {
      soc_percent: same(67.5),
      voltage_v: same(385.2),
      current_a: same(-45.3),
      // 30.6 / 3
      temp_c: { min: 0.1, max: 20.5, avg: 10.2 },
    },
  });
});

Deno.test("a day without readings of a known device has zeros", async () => {
  await using service = await startTestService();
  await postTelemetry(service.url, message());
  const answer = await askJson(`${service.url}/devices/test-001/summary?date=2026-02-02`);
  assertEquals([answer.status, answer.body], [200, {
    device_id: "test-001",
    date: "2026-02-02",
    count: 0,
    summary: { soc_percent: ZERO, voltage_v: ZERO, current_a: ZERO, temp_c: ZERO },
  }]);
});

Deno.test("a metric without a value on the day is null", async () => {
  await using service = await startTestService();
  await postTelemetry(service.url, message({ metrics: { ...BATTERY, temp_c: null } }));
  const { body } = await askJson(`${service.url}/devices/test-001/summary?date=2026-02-01`);
  assertEquals(body.summary.temp_c, { min: null, max: null, avg: null });
  assertEquals(body.count, 1);
});

/** Days of a zone and how many hours they have. */
const DAYS = [
  // The EU moves its clocks at 01:00 UTC; the day begins at 23:00 UTC, in summer at 22:00.
  { timezone: "Europe/Paris", date: "2026-03-29", from: "2026-03-28T00:00:00Z", hours: 23, at: 23 },
  { timezone: "Europe/Paris", date: "2025-10-26", from: "2025-10-25T00:00:00Z", hours: 25, at: 22 },
  {
    timezone: "Asia/Kolkata",
    date: "2026-01-02",
    from: "2026-01-01T00:00:00Z",
    hours: 24,
    at: 18.5,
  },
  { timezone: "UTC", date: "2026-01-02", from: "2026-01-01T00:00:00Z", hours: 24, at: 24 },
];

for (const { timezone, date, from, hours, at } of DAYS) {
  Deno.test(`${date} in ${timezone} has ${hours} hours`, async () => {
    const now = () => Date.UTC(2026, 4, 1);
    await using service = await startTestService({ now });
    await postLines(service.url, halfHours(from, 100));
    const query = new URLSearchParams({ date, timezone });
    const { body } = await askJson(`${service.url}/devices/test-001/summary?${query}`);
    assertEquals([body.date, body.count], [date, hours * 2]);
    const { min, max } = body.summary.soc_percent;
    assertEquals([min, max], [at * 2, at * 2 + hours * 2 - 1]);
  });
}

Deno.test("without a date you get today in the zone", async () => {
  const now = () => Date.UTC(2026, 1, 1, 23, 30);
  await using service = await startTestService({ now });
  await postTelemetry(service.url, message());
  const dateOf = async (query: string) =>
    (await askJson(`${service.url}/devices/test-001/summary${query}`)).body.date;
  assertEquals(await dateOf(""), "2026-02-01");
  assertEquals(await dateOf("?timezone=Europe/Paris"), "2026-02-02");
});

Deno.test("a wrong date and a wrong zone are reported together, even for an unknown device", async () => {
  await using service = await startTestService();
  for (const date of ["2026-02-30", "2026-2-1", "today", ""]) {
    const query = new URLSearchParams({ date, timezone: "Mars/Base", colour: "1" });
    const { status, body } = await askJson(`${service.url}/devices/none/summary?${query}`);
    const details = body.errors.map(({ detail }: { detail: string }) => detail);
    assertEquals([status, details], [400, [
      "date must be a day as YYYY-MM-DD",
      "timezone must be an IANA time zone or an offset such as +05:30 (%2B05:30 in a query)",
      "Unknown parameter 'colour'",
    ]]);
  }
});
