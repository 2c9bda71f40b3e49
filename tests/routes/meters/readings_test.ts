import { assert, assertEquals } from "../../support/assert.ts";
import { askJson, importText, type JsonAnswer, startTestService } from "../../support/service.ts";
import { assertProblem } from "../problem_assert.ts";
import { minuteLines, minuteText, UPLOAD_HEADER } from "./meter_csv.ts";

/** The readings of a meter; the query is sent as it is. */
function readingsOf(url: string, query: string, id = "123"): Promise<JsonAnswer> {
  return askJson(`${url}/api/meters/${id}/readings?${query}`);
}

Deno.test("both ends of a range are included, whole days if they are bare dates", async () => {
  await using service = await startTestService({ role: "api" });
  const upload = UPLOAD_HEADER +
    "2023-12-31T23:59:59.999Z,1,1,1,1\n" +
    "2024-01-01T00:00:00Z,0.1,2,,-4\n" +
    "2024-01-31T23:59:59.999Z,5,6,7,8\n" +
    "2024-02-01T00:00:00Z,1,1,1,1\n";
  await importText(service.url, "123", upload);
  const rows = [
    {
      timestamp: "2024-01-01T00:00:00Z",
      energy_kwh: 0.1,
      power_kw: 2,
      voltage_v: null,
      current_a: -4,
    },
    {
      timestamp: "2024-01-31T23:59:59.999Z",
      energy_kwh: 5,
      power_kw: 6,
      voltage_v: 7,
      current_a: 8,
    },
  ];
  const first = await readingsOf(service.url, "start_time=2024-01-01&end_time=2024-01-05");
  assertEquals(first.body, { smart_meter_id: "123", data: rows.slice(0, 1) });
  const last = "start_time=2024-01-31T23:59:59.999Z&end_time=2024-01-31";
  assertEquals((await readingsOf(service.url, last)).body, {
    smart_meter_id: "123",
    data: rows.slice(1),
  });
});

Deno.test("a zone moves dates and times without an offset, and its days may have 25 hours", async () => {
  await using service = await startTestService({ role: "api" });
  // Amsterdam's 27 October 2024 lasts from 22:00Z on the 26th to 23:00Z: 25 hours.
  const hour = (index: number) =>
    new Date(Date.UTC(2024, 9, 26, 21 + index)).toISOString().replace(".000", "");
  const lines = Array.from({ length: 28 }, (_, index) => `${hour(index)},${index}\n`).join("");
  await importText(service.url, "123", `timestamp,power_kw\n${lines}`);
  const range = "start_time=2024-10-26&end_time=2024-10-28&timezone=Europe/Amsterdam";
  const { body } = await readingsOf(service.url, `${range}&interval=1d`);
  const power = (from: number, to: number) => {
    return { min: from, max: to, avg: (from + to) / 2, count: to - from + 1 };
  };
  const none = { min: null, max: null, avg: null, count: 0 };
  const others = { energy_kwh: none, voltage_v: none, current_a: none };
  assertEquals(body, {
    smart_meter_id: "123",
    interval: "1d",
    data: [
      { timestamp: "2024-10-25T22:00:00Z", count: 1, power_kw: power(0, 0), ...others },
      { timestamp: "2024-10-26T22:00:00Z", count: 25, power_kw: power(1, 25), ...others },
      { timestamp: "2024-10-27T23:00:00Z", count: 2, power_kw: power(26, 27), ...others },
    ],
  });
  const one = "start_time=2024-10-27T00:00:00&end_time=2024-10-27T00:00:00";
  const local = await readingsOf(service.url, `${one}&timezone=Europe/Amsterdam`);
  assertEquals(local.body.data.map(({ power_kw }: { power_kw: number }) => power_kw), [1]);
});

Deno.test("more than 50,000 rows come in pages, each row once", async () => {
  await using service = await startTestService({ role: "api" });
  const seconds = Array.from(
    { length: 50_002 },
    (_, index) => `${new Date(Date.UTC(2024, 0, 1) + index * 1_000).toISOString()},${index}\n`,
  );
  await importText(service.url, "123", `timestamp,power_kw\n${seconds.join("")}`);
  const first = await readingsOf(service.url, "start_time=2024-01-01&end_time=2024-01-01");
  assertEquals(first.body.data.length, 50_000);
  assertEquals(first.headers.get("link"), `<${first.body.next}>; rel="next"`);
  assert(first.body.next.startsWith("/api/meters/123/readings?"));
  const last = await askJson(service.url + first.body.next);
  assertEquals(last.body.next, undefined);
  const values = [...first.body.data, ...last.body.data].map(({ power_kw }) => power_kw);
  assertEquals(values, Array.from({ length: 50_002 }, (_, index) => index));
});

Deno.test("Accept: text/csv gives the file of an export", async () => {
  await using service = await startTestService({ role: "api" });
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(0, 2));
  const url = `${service.url}/api/meters/123/readings?start_time=2024-01-01&end_time=2024-01-02`;
  const response = await fetch(url, { headers: { accept: "text/csv" } });
  const lines = (await response.text()).split("\n");
  assertEquals(response.headers.get("content-type"), "text/csv; charset=utf-8; header=present");
  assertEquals(lines[0], "timestamp,smart_meter_id,energy_kwh,power_kw,voltage_v,current_a");
  assertEquals(lines.slice(1, 3).map((line) => line.split(",").slice(0, 2)), [
    [minuteText(0), "123"],
    [minuteText(1), "123"],
  ]);
  assertEquals(lines.slice(3), [""]);
});

Deno.test("an unknown meter and a wrong query are refused with what is wrong", async () => {
  await using service = await startTestService({ role: "api" });
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(0, 1));
  assertProblem(await readingsOf(service.url, "", "999"), {
    status: 404,
    code: "SMART_METER_NOT_FOUND",
    detail: "Smart meter with ID '999' not found",
  });
  assertProblem(await readingsOf(service.url, "start_time=x&interval=2h&timezone=Mars"), {
    status: 400,
    code: "INVALID_REQUEST",
    detail: /start_time must be an ISO 8601 date or time.*; interval must be .*; timezone must be/,
  });
});
