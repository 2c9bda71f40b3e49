import { assert, assertEquals } from "../../support/assert.ts";
import { BATTERY_48V, putJson } from "../../support/profiles.ts";
import { askJson, startTestService } from "../../support/service.ts";
import {
  APPLIANCE,
  BATTERY,
  linesOf,
  message,
  postLines,
  postTelemetry,
  TIME,
} from "../../support/telemetry.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";
import { assertProblem } from "../problem_assert.ts";

const VALUES = { soc_percent: 80, voltage_v: 51.2, current_a: -12.5 };
const HINT = /PUT \/api\/profiles\/\{name\}.*PUT \/devices\/\{device_id\}/;
const RANGE = "start_time=2026-02-01T14:00:00Z&end_time=2026-02-01T15:00:00Z";

function defineBattery(url: string, metrics: unknown = BATTERY_48V) {
  return putJson(`${url}/api/profiles/battery_48v`, { metrics });
}

function named(changes: Record<string, unknown> = {}) {
  return {
    ...message({ device_id: "shelly:a8.03", metrics: VALUES }),
    profile: "battery_48v",
    ...changes,
  };
}

Deno.test("a message names its profile, and readings, days and lists follow it", async () => {
  await using service = await startTestService();
  const { url } = service;
  await defineBattery(url);
  assertEquals((await postTelemetry(url, named())).status, 201);
  const later = { timestamp: "2026-02-01T14:24:45Z", metrics: { voltage_v: 50, current_a: null } };
  assertEquals((await postTelemetry(url, named(later))).status, 201);
  const device = `${url}/devices/shelly:a8.03`;
  assertEquals((await askJson(device)).body.profile, "battery_48v");
  assertEquals((await askJson(`${device}/metrics?${RANGE}`)).body.data, [
    { timestamp: TIME, ...VALUES },
    { timestamp: "2026-02-01T14:24:45Z", soc_percent: null, voltage_v: 50, current_a: null },
  ]);
  const csv = await fetch(`${device}/metrics?${RANGE}`, { headers: { accept: "text/csv" } });
  assertEquals(
    await csv.text(),
    "timestamp,device_id,soc_percent,voltage_v,current_a\n" +
      "2026-02-01T14:23:45Z,shelly:a8.03,80,51.2,-12.5\n" +
      "2026-02-01T14:24:45Z,shelly:a8.03,,50,\n",
  );
  const { body: { count, summary } } = await askJson(`${device}/summary?date=2026-02-01`);
  assertEquals([count, summary.voltage_v], [2, { min: 50, max: 51.2, avg: 50.6 }]);
  assertEquals(summary.soc_percent, { min: 80, max: 80, avg: 80 });
  const { body: { devices } } = await askJson(`${url}/devices?fields=latest&profile=battery_48v`);
  assertEquals(devices.map(({ latest }: { latest: unknown }) => latest), [{
    timestamp: "2026-02-01T14:24:45Z",
    metrics: { soc_percent: null, voltage_v: 50, current_a: null },
  }]);
});

Deno.test("a device that was set up before decides for its messages, also after a restart", async () => {
  await using folder = await makeTempFolder();
  const kvPath = `${folder.path}/kv.sqlite3`;
  {
    await using service = await startTestService({ kvPath });
    const { url } = service;
    await defineBattery(url);
    assertEquals((await putJson(`${url}/devices/b1`, { profile: "battery_48v" })).status, 201);
    await putJson(`${url}/devices/b2`, { profile: "battery_48v" });
    assertEquals(
      (await postTelemetry(url, message({ device_id: "b1", metrics: VALUES }))).status,
      201,
    );
  }
  await using service = await startTestService({ kvPath });
  const { url } = service;
  const lines = ["b1", "b2", "b3"].flatMap((device_id) => [
    message({ device_id, timestamp: "2026-02-01T14:25:00Z", metrics: VALUES }),
    message({ device_id, timestamp: "2026-02-01T14:26:00Z", metrics: BATTERY }),
  ]);
  const { body } = await postLines(url, linesOf(lines));
  assertEquals([body.created, body.rejected], [3, 3]);
  assertEquals(
    body.rejects.map(({ line, pointer, rule }: Record<string, unknown>) => [line, pointer, rule])
      .toSorted(),
    [
      [2, "/metrics/temp_c", "one of soc_percent, voltage_v, current_a"],
      [4, "/metrics/temp_c", "one of soc_percent, voltage_v, current_a"],
      // Nobody set up b3: of equally close profiles, the built-in one is chosen.
      [5, "/metrics/voltage_v", "from 200 to 500 V"],
    ],
  );
  assertEquals((await askJson(`${url}/devices/b1/metrics?${RANGE}`)).body.data.length, 2);
  const single = message({ device_id: "b2", timestamp: "2026-02-01T14:27:00Z", metrics: VALUES });
  assertEquals((await postTelemetry(url, single)).status, 201);
});

Deno.test("a refusal for range, metric or profile says how to define a profile; others do not", async () => {
  await using service = await startTestService();
  const { url } = service;
  const wrong = [
    message({ metrics: { ...BATTERY, voltage_v: 51.2 } }),
    message({ metrics: { pv_power_w: 1 } }),
    { ...message(), profile: "inverter" },
  ];
  for (const body of wrong) {
    const answer = await postTelemetry(url, body);
    assertEquals(answer.status, 400);
    assert(HINT.test(answer.body.details), answer.body.details);
  }
  const { body: { detail, details } } = await postTelemetry(
    url,
    message({ timestamp: "yesterday" }),
  );
  assertEquals([typeof detail, details], ["string", undefined]);
  const batch = await postTelemetry(url, [wrong[0], message()]);
  assert(HINT.test(batch.body.details), batch.body.details);
  assertEquals((await postTelemetry(url, [message()])).body.details, undefined);
  assertProblem(await postTelemetry(url, wrong[2]), {
    status: 400,
    code: "INVALID_REQUEST",
    detail: "profile must be battery or appliance",
    errors: [["/profile", "profile must be battery or appliance"]],
  });
});

Deno.test("a required metric must be there, as a number or null; the others may be absent, but not all", async () => {
  await using service = await startTestService();
  const { url } = service;
  await defineBattery(url, [{ ...BATTERY_48V[0] }, BATTERY_48V[1]]);
  const answers = [{ soc_percent: 1 }, { voltage_v: null }, { voltage_v: 50 }].map(
    (metrics, minute) => {
      const timestamp = `2026-02-01T14:0${minute}:00Z`;
      return postTelemetry(url, named({ metrics, timestamp }));
    },
  );
  assertEquals((await Promise.all(answers)).map(({ status }) => status), [400, 201, 201]);
  await putJson(`${url}/api/profiles/optional`, { metrics: [BATTERY_48V[0]] });
  assertProblem(await postTelemetry(url, named({ profile: "optional", metrics: {} })), {
    status: 400,
    code: "INVALID_REQUEST",
    detail: "metrics must be at least one of soc_percent",
  });
});

Deno.test("a metric that is appended is missing in the readings from before, in every answer", async () => {
  await using service = await startTestService();
  const { url } = service;
  await defineBattery(url);
  await postTelemetry(url, named());
  const metrics = [...BATTERY_48V, { name: "temp_c", unit: "Cel", aggregate: "mean" }];
  assertEquals((await defineBattery(url, metrics)).status, 200);
  const device = `${url}/devices/shelly:a8.03`;
  const { body: { devices } } = await askJson(`${url}/devices?fields=latest`);
  assertEquals(devices[0].latest.metrics, { ...VALUES, temp_c: null });
  const newer = { timestamp: "2026-02-01T14:24:45Z", metrics: { ...VALUES, temp_c: 21.5 } };
  assertEquals((await postTelemetry(url, named(newer))).status, 201);
  assertEquals((await askJson(`${device}/metrics?${RANGE}`)).body.data, [
    { timestamp: TIME, ...VALUES, temp_c: null },
    { timestamp: "2026-02-01T14:24:45Z", ...VALUES, temp_c: 21.5 },
  ]);
  const { body: { data: [bucket] } } = await askJson(`${device}/metrics?${RANGE}&interval=1h`);
  assertEquals(bucket.temp_c, { min: 21.5, max: 21.5, avg: 21.5, count: 1 });
  const { body: { summary } } = await askJson(`${device}/summary?date=2026-02-01`);
  assertEquals(summary.temp_c, { min: 21.5, max: 21.5, avg: 21.5 });
});

Deno.test("a profile that a device has cannot be deleted; once the device is deleted, it can", async () => {
  await using service = await startTestService();
  const { url } = service;
  await defineBattery(url);
  await postTelemetry(url, named());
  const { body } = await askJson(`${url}/api/profiles/battery_48v`);
  assertEquals(body.state, "in_use");
  const renamed = BATTERY_48V.map((metric) => ({ ...metric, name: `${metric.name}_x` }));
  for (
    const answer of [
      await askJson(`${url}/api/profiles/battery_48v`, { method: "DELETE" }),
      await defineBattery(url, renamed),
    ]
  ) assertEquals([answer.status, answer.body.code], [409, "PROFILE_IN_USE"]);
  await askJson(`${url}/devices/shelly:a8.03`, {
    method: "DELETE",
    headers: { prefer: "wait=10" },
  });
  assertEquals((await askJson(`${url}/api/profiles/battery_48v`)).body.state, "unused");
  assertEquals((await defineBattery(url, renamed)).status, 200);
});

Deno.test("a device moves to another profile as long as it has no readings, and frees the first one", async () => {
  await using service = await startTestService();
  const { url } = service;
  await defineBattery(url);
  await putJson(`${url}/devices/d`, { profile: "battery_48v" });
  assertEquals((await putJson(`${url}/devices/d`, { profile: "appliance" })).status, 200);
  assertEquals((await askJson(`${url}/api/profiles/battery_48v`)).body.state, "unused");
  assertEquals((await putJson(`${url}/devices/d`, { profile: "battery_48v" })).status, 200);
  await postTelemetry(url, message({ device_id: "d", metrics: VALUES }));
  assertProblem(await putJson(`${url}/devices/d`, { profile: "battery" }), {
    status: 409,
    code: "DEVICE_PROFILE_FIXED",
    detail: "Device d has readings as battery_48v, so its profile cannot change",
  });
});

Deno.test("without a profile, the one that shares most metrics is taken; messages of today stay what they are", async () => {
  await using service = await startTestService();
  const { url } = service;
  const inverter = ["voltage", "current", "power", "temperature", "pv_power_w"].map((name) => ({
    name,
    unit: "1",
    aggregate: "mean",
  }));
  await putJson(`${url}/api/profiles/inverter`, { metrics: inverter });
  for (
    const [device_id, metrics, profile] of [
      ["a", APPLIANCE, "appliance"],
      ["b", BATTERY, "battery"],
      ["c", { ...APPLIANCE, pv_power_w: 5 }, "inverter"],
      ["d", { pv_power_w: 5 }, "inverter"],
    ] as const
  ) {
    assertEquals((await postTelemetry(url, message({ device_id, metrics }))).status, 201);
    assertEquals((await askJson(`${url}/devices/${device_id}`)).body.profile, profile);
  }
});
