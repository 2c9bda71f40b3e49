import { assert, assertEquals } from "../../support/assert.ts";
import { askJson, importText, type JsonAnswer, startTestService } from "../../support/service.ts";
import { message, postTelemetry } from "../../support/telemetry.ts";
import { assertProblem } from "../problem_assert.ts";

/** A meter of Berlin with a reading each quarter hour of 2024-10-27, a day of 25 hours; one is gone. */
async function startWithMeter() {
  const service = await startTestService({ role: "api" });
  await askJson(`${service.url}/api/meters/m`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ timezone: "Europe/Berlin", label: "<b>House</b>" }),
  });
  const firstMs = Date.UTC(2024, 9, 26, 22);
  const lines = Array.from({ length: 100 }, (_, index) => {
    const time = new Date(firstMs + index * 900_000).toISOString();
    return index === 50 || index === 51 ? "" : `${time},0.25,${index}\n`;
  });
  await importText(service.url, "m", `timestamp,energy_kwh,power_kw\n${lines.join("")}`);
  const ask = (path: string): Promise<JsonAnswer> => askJson(`${service.url}/api/meters/m/${path}`);
  return { service, ask, [Symbol.asyncDispose]: () => service[Symbol.asyncDispose]() };
}

Deno.test("a series by days has the day of 25 hours whole, and a day without readings as null", async () => {
  await using run = await startWithMeter();
  const { body } = await run.ask(
    "series?interval=1d&metrics=energy_kwh&start_time=2024-10-27&end_time=2024-10-28",
  );
  assertEquals(body, {
    source: { kind: "meter", id: "m" },
    timezone: "Europe/Berlin",
    interval: "1d",
    start_time: "2024-10-26T22:00:00Z",
    end_time: "2024-10-28T22:59:59.999Z",
    cadence_seconds: 900,
    rows: 2,
    timestamp: ["2024-10-26T22:00:00Z", "2024-10-27T23:00:00Z"],
    units: { energy_kwh: "kWh" },
    // 98 readings of 0.25 kWh.
    columns: {
      energy_kwh: [24.5, null],
      energy_kwh_min: [0.25, null],
      energy_kwh_max: [0.25, null],
      energy_kwh_count: [98, 0],
    },
  });
});

Deno.test("the interval auto gives readings as they are while they fit, else the shortest that does", async () => {
  await using run = await startWithMeter();
  const interval = async (query: string) => (await run.ask(`series?${query}`)).body.interval;
  assertEquals(await interval("points=100"), "raw");
  assertEquals(await interval("points=100&start_time=2024-10-20&end_time=2024-10-27"), "raw");
  await importText(
    run.service.url,
    "m",
    "timestamp,power_kw\n2024-10-28T00:00:00Z,1\n2024-10-28T00:15:00Z,1\n2024-10-28T00:30:00Z,1\n",
  );
  // 26 hours and 31 minutes make 54 half hours, and 107 quarters.
  assertEquals(await interval("points=100"), "30m");
});

Deno.test("a packed series holds the same numbers as its JSON", async () => {
  await using run = await startWithMeter();
  const { body: json } = await run.ask("series?interval=raw&metrics=power_kw");
  const response = await fetch(
    `${run.service.url}/api/meters/m/series?interval=raw&metrics=power_kw`,
    {
      headers: { accept: "application/vnd.openwatts.columns" },
    },
  );
  assertEquals(response.headers.get("content-type"), "application/vnd.openwatts.columns");
  const bytes = await response.arrayBuffer();
  const start = 8 + new DataView(bytes).getUint32(4, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 8, start - 8)));
  assertEquals(head.rows, 98);
  const { type, offset, length, base, divisor } = head.columns[1];
  assertEquals([type, length, base, divisor], ["u8", 98, 0, 1]);
  assertEquals([...new Uint8Array(bytes, start + offset, length)], json.columns.power_kw);
});

Deno.test("gaps are listed with what is missing, page by page", async () => {
  await using run = await startWithMeter();
  const gap = { from: "2024-10-27T10:30:00Z", to: "2024-10-27T11:00:00Z", missing: 2 };
  const { body } = await run.ask("gaps");
  assertEquals([body.cadence_seconds, body.readings, body.missing, body.count], [900, 98, 2, 1]);
  assertEquals([body.gaps, body.next], [[gap], null]);
  await importText(
    run.service.url,
    "m",
    "timestamp,power_kw\n2024-10-27T23:30:00Z,1\n2024-10-27T23:45:00Z,1\n",
  );
  const first = (await run.ask("gaps?limit=1")).body;
  assertEquals([first.count, first.gaps], [2, [gap]]);
  const second = (await askJson(`${run.service.url}${first.next}`)).body;
  assertEquals(second.gaps, [
    { from: "2024-10-27T23:00:00Z", to: "2024-10-27T23:30:00Z", missing: 2 },
  ]);
});

Deno.test("a heat map has the repeated hour twice, and names the day", async () => {
  await using run = await startWithMeter();
  const { body } = await run.ask("heatmap");
  const { year, slots, slot_seconds, days, changes, values, metric, is_exact } = body;
  assertEquals([year, slots, slot_seconds, days], [2024, 96, 900, 366]);
  assertEquals([metric, is_exact], ["power_kw", true]);
  // 02:00 to 02:45 is 00:00Z to 00:45Z, readings 8 to 11, and then 12 to 15.
  assertEquals(changes[1], {
    date: "2024-10-27",
    hours: 25,
    slot: 8,
    slots: 4,
    again: [12, 13, 14, 15],
  });
  const day = values.slice(300 * 96, 301 * 96);
  assertEquals(day.slice(7, 13), [7, 8, 9, 10, 11, 16]);
  assertEquals(day.filter((value: number | null) => value === null).length, 2);
  assertEquals(values.length, 366 * 96);
});

Deno.test("statistics say total, peak and base load of a range", async () => {
  await using run = await startWithMeter();
  const energy = (await run.ask("statistics?metric=energy_kwh")).body;
  assertEquals([energy.total, energy.readings, energy.unit], [24.5, 98, "kWh"]);
  const power = (await run.ask("statistics")).body;
  assertEquals([power.metric, power.total, power.max], ["power_kw", null, 99]);
  assertEquals(power.peak, { value: 99, at: "2024-10-27T22:45:00Z" });
  // 94 of 98 intervals are the first 95 %: the 94th from the top is 4.
  assertEquals(power.base_load, 4);
  assertEquals(power.load_duration[0], [0, 99]);
});

Deno.test("hours of which readings are missing do not pull the base load of an energy down", async () => {
  await using service = await startTestService({ role: "api" });
  const lines = Array.from({ length: 150 }, (_, minute) => {
    const time = new Date(Date.UTC(2024, 0, 1, 0, minute)).toISOString();
    // Two of the readings of the third quarter of an hour, and five of the one that runs.
    return minute >= 32 && minute < 45 || minute > 139 ? "" : `${time},0.1\n`;
  });
  await importText(service.url, "m", `timestamp,energy_kwh\n${lines.join("")}`);
  const { body } = await askJson(`${service.url}/api/meters/m/statistics?metric=energy_kwh`);
  assertEquals([body.readings, body.intervals, body.interval], [127, 8, "15m"]);
  assertEquals([body.total, body.base_load], [12.7, 1.5]);
});

Deno.test("a range without readings has no figures, and no zero", async () => {
  await using run = await startWithMeter();
  const range = "start_time=2020-01-01&end_time=2020-01-01";
  const { body } = await run.ask(`statistics?${range}`);
  assertEquals([body.readings, body.mean, body.peak, body.load_duration], [0, null, null, []]);
  assertEquals((await run.ask(`series?interval=raw&${range}`)).body.rows, 0);
  assertEquals((await run.ask(`gaps?${range}`)).body.gaps, []);
});

Deno.test("devices have the same data under their own path", async () => {
  await using service = await startTestService({ role: "api" });
  await postTelemetry(service.url, [message({ device_id: "bat" })]);
  for (const part of ["series", "heatmap", "gaps", "statistics"]) {
    const { status, body } = await askJson(`${service.url}/devices/bat/${part}`);
    assertEquals([status, body.source], [200, { kind: "device", id: "bat" }]);
    assertProblem(await askJson(`${service.url}/devices/other/${part}`), {
      status: 404,
      code: "DEVICE_NOT_FOUND",
      detail: /./,
    });
  }
});

Deno.test("everything that is wrong with a query is named at once", async () => {
  await using run = await startWithMeter();
  const { status, body } = await run.ask("series?interval=2h&points=1&start_time=x");
  assertEquals(status, 400);
  const pointers = body.errors.map(({ pointer }: { pointer: string }) => pointer).sort();
  assertEquals(pointers, ["#interval", "#points", "#start_time"]);
  const unknown = await run.ask("heatmap?metric=soc");
  assert(unknown.body.errors[0].detail.includes("power_kw"));
  assertEquals((await run.ask("gaps?start_time=2024-02-01&end_time=2024-01-01")).status, 400);
  assertProblem(await askJson(`${run.service.url}/api/meters/none/gaps`), {
    status: 404,
    code: "SMART_METER_NOT_FOUND",
    detail: "Smart meter with ID 'none' not found",
  });
});
