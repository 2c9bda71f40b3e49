import { assertEquals } from "../../support/assert.ts";
import { askJson, type JsonAnswer, startTestService } from "../../support/service.ts";
import { APPLIANCE, BATTERY, linesOf, postLines, postTelemetry } from "../../support/telemetry.ts";
import { assertProblem } from "../problem_assert.ts";

const NOW = "2026-02-07T12:00:00.250Z";
const now = () => Date.parse(NOW);
const RULE =
  "an ISO 8601 time such as 2026-02-01T14:23:45Z, or Unix time as a number of seconds, " +
  "milliseconds or microseconds";

/** The times of the readings of a device over 7 February 2026. */
async function timesOf(url: string, id: string): Promise<string[]> {
  const range = "start_time=2026-02-07&end_time=2026-02-07";
  const { body } = await askJson(`${url}/devices/${id}/metrics?${range}`);
  return body.data.map(({ timestamp }: { timestamp: string }) => timestamp);
}

async function deviceOf(url: string, id: string): Promise<JsonAnswer["body"]> {
  return (await askJson(`${url}/devices/${id}`)).body;
}

/** Timestamps of one moment, 2026-02-07T11:59:00Z, and the name of their form. */
const FORMS: [timestamp: unknown, form: string][] = [
  [1_770_465_540, "epoch_seconds"],
  [1_770_465_540_000, "epoch_milliseconds"],
  [1_770_465_540_000_000, "epoch_microseconds"],
  ["20260207T115900Z", "iso8601"],
  ["2026-02-07T12:59:00+01:00", "iso8601"],
];

for (const [timestamp, form] of FORMS) {
  Deno.test(`the timestamp ${JSON.stringify(timestamp)} is understood, and its device is ${form}`, async () => {
    await using service = await startTestService({ now });
    const { url } = service;
    const body = { device_id: "d", timestamp, metrics: BATTERY };
    const answer = await postTelemetry(url, body);
    assertEquals([answer.status, answer.body], [201, { status: "created" }]);
    assertEquals(await timesOf(url, "d"), ["2026-02-07T11:59:00Z"]);
    assertEquals((await deviceOf(url, "d")).timestamps, form);
    // The same in a batch.
    const batch = (await postTelemetry(url, [body])).body;
    assertEquals([batch.unchanged, batch.without_timestamp], [1, undefined]);
  });
}

for (const [what, time] of [["missing", {}], ["null", { timestamp: null }]] as const) {
  Deno.test(`a reading whose timestamp is ${what} gets the time of receipt, and the answer says so`, async () => {
    await using service = await startTestService({ now });
    const { url } = service;
    const answer = await postTelemetry(url, { device_id: "d", ...time, metrics: APPLIANCE });
    assertEquals([answer.status, answer.body], [201, { status: "created", timestamp: NOW }]);
    assertEquals(await timesOf(url, "d"), [NOW]);
    assertEquals((await deviceOf(url, "d")).timestamps, "server");
  });
}

Deno.test("several readings without a timestamp in a batch are all kept, in their order", async () => {
  await using service = await startTestService({ now });
  const { url } = service;
  const messages = [50, 51, 52].map((soc_percent) => ({
    device_id: "d",
    metrics: { ...BATTERY, soc_percent },
  }));
  const timed = { device_id: "d", timestamp: "2026-02-07T00:00:00Z", metrics: BATTERY };
  const { body } = await postLines(url, linesOf([...messages, timed]));
  assertEquals([body.created, body.unchanged, body.without_timestamp], [4, 0, 3]);
  const range = "start_time=2026-02-07T12:00:00Z&end_time=2026-02-07T13:00:00Z";
  const { data } = (await askJson(`${url}/devices/d/metrics?${range}`)).body;
  assertEquals(
    data.map(({ timestamp, soc_percent }: JsonAnswer["body"]) => [timestamp, soc_percent]),
    [
      ["2026-02-07T12:00:00.250Z", 50],
      ["2026-02-07T12:00:00.251Z", 51],
      ["2026-02-07T12:00:00.252Z", 52],
    ],
  );
});

Deno.test("23:59:60 is the next second", async () => {
  await using service = await startTestService({ now });
  await postTelemetry(service.url, {
    device_id: "d",
    timestamp: "2026-02-06T23:59:60Z",
    metrics: BATTERY,
  });
  assertEquals(await timesOf(service.url, "d"), ["2026-02-07T00:00:00Z"]);
});

for (const timestamp of [1_770_465_540_000_000_000, "1770465540", "", true]) {
  Deno.test(`the timestamp ${JSON.stringify(timestamp)} is rejected with its rule`, async () => {
    await using service = await startTestService({ now });
    const answer = await postTelemetry(service.url, {
      device_id: "d",
      timestamp,
      metrics: BATTERY,
    });
    const detail = `timestamp must be ${RULE}`;
    assertProblem(answer, {
      status: 400,
      code: "INVALID_REQUEST",
      detail,
      errors: [["/timestamp", detail]],
    });
  });
}

Deno.test("the form of a device changes with what it sends, and its other settings stay", async () => {
  await using service = await startTestService({ now });
  const { url } = service;
  const send = (timestamp?: number) =>
    postTelemetry(url, { device_id: "d", timestamp, metrics: BATTERY });
  await askJson(`${url}/devices/d`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ location: "roof" }),
  });
  assertEquals((await deviceOf(url, "d")).timestamps, null);
  const forms: string[] = [];
  for (const timestamp of [1_770_465_540, undefined, 1_770_465_541_000]) {
    await send(timestamp);
    const { timestamps, location } = await deviceOf(url, "d");
    forms.push(timestamps);
    assertEquals(location, "roof");
  }
  assertEquals(forms, ["epoch_seconds", "server", "epoch_milliseconds"]);
});
