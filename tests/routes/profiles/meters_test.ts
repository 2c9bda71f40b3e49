import { assertEquals } from "../../support/assert.ts";
import { putJson } from "../../support/profiles.ts";
import {
  askJson,
  importText,
  postJson,
  startTestService,
  type TestService,
  waitForEnd,
} from "../../support/service.ts";
import { assertProblem } from "../problem_assert.ts";

const REGISTERS = [
  { name: "import_kwh", unit: "kWh", min: 0, aggregate: "sum" },
  { name: "export_kwh", unit: "kWh", min: 0, aggregate: "sum" },
  { name: "l1_V", unit: "V", min: 0, max: 300, aggregate: "mean" },
];
const CSV = "timestamp,import_kwh,export_kwh,l1_V\n" +
  "2024-05-01T12:00:00Z,0.25,0,230.1\n" +
  "2024-05-01T12:15:00Z,0,1.125,\n";
const RANGE = "start_time=2024-05-01T00:00:00Z&end_time=2024-05-02T00:00:00Z";
const SET_UP = { profile: "two_way", label: "Roof", timezone: "Europe/Berlin" };

/** A service with a profile of two registers, and the meter `roof` that has it. */
async function startWithRoof(): Promise<TestService> {
  const service = await startTestService();
  const { url } = service;
  await putJson(`${url}/api/profiles/two_way`, { metrics: REGISTERS });
  await putJson(`${url}/api/meters/roof`, SET_UP);
  return service;
}

Deno.test("a meter is set up, listed, and imports, shows and exports the metrics of its profile", async () => {
  await using service = await startWithRoof();
  const { url } = service;
  const empty = {
    smart_meter_id: "roof",
    ...SET_UP,
    count: 0,
    first_reading: null,
    last_reading: null,
  };
  assertEquals((await askJson(`${url}/api/meters/roof`)).body, { ...empty, imports: [] });
  assertEquals((await askJson(`${url}/api/meters`)).body.meters, [empty]);
  assertEquals((await importText(url, "roof", CSV)).body.inserted, 2);
  await importText(url, "plain", "timestamp,power_kw\n2024-05-01T12:00:00Z,1\n");
  const { body: { meters } } = await askJson(`${url}/api/meters`);
  assertEquals(
    meters.map(({ smart_meter_id, profile, count }: Record<string, unknown>) => [
      smart_meter_id,
      profile,
      count,
    ]),
    [["plain", "meter", 1], ["roof", "two_way", 2]],
  );
  assertEquals((await askJson(`${url}/api/meters/roof/readings?${RANGE}`)).body, {
    smart_meter_id: "roof",
    data: [
      { timestamp: "2024-05-01T12:00:00Z", import_kwh: 0.25, export_kwh: 0, l1_V: 230.1 },
      { timestamp: "2024-05-01T12:15:00Z", import_kwh: 0, export_kwh: 1.125, l1_V: null },
    ],
  });
  const created = await postJson(`${url}/api/export/csv`, {
    smart_meter_id: "roof",
    start_datetime: "2024-05-01T00:00:00Z",
    end_datetime: "2024-05-01T23:59:59Z",
    format: "csv",
  });
  await waitForEnd(url, created.body.job_id);
  const file = await fetch(`${url}/api/export/download/${created.body.job_id}`);
  assertEquals(
    await file.text(),
    "timestamp,smart_meter_id,import_kwh,export_kwh,l1_V\n" +
      "2024-05-01T12:00:00Z,roof,0.25,0,230.1\n" +
      "2024-05-01T12:15:00Z,roof,0,1.125,\n",
  );
});

Deno.test("an export may have several meters of one profile, but not of two", async () => {
  await using service = await startWithRoof();
  const { url } = service;
  await putJson(`${url}/api/meters/wall`, { profile: "two_way" });
  for (const id of ["roof", "wall"]) await importText(url, id, CSV);
  await importText(url, "plain", "timestamp,power_kw\n2024-05-01T12:00:00Z,1\n");
  const body = (ids: string[]) => ({
    smart_meter_ids: ids,
    start_datetime: "2024-05-01T00:00:00Z",
    end_datetime: "2024-05-01T23:59:59Z",
  });
  const created = await postJson(`${url}/api/exports`, body(["roof", "wall"]));
  assertEquals((await waitForEnd(url, created.body.job_id)).file_info.record_count, 4);
  assertProblem(await postJson(`${url}/api/exports`, body(["plain", "roof"])), {
    status: 400,
    code: "INVALID_REQUEST",
    detail: /must name meters of one profile/,
  });
});

Deno.test("the zone of a meter counts for its uploads and the days of its readings, unless a request names one", async () => {
  await using service = await startWithRoof();
  const { url } = service;
  const local = "timestamp,import_kwh\n2024-05-01 00:30,1\n";
  await importText(url, "roof", local);
  await askJson(`${url}/api/meters/roof/readings?timezone=UTC`, {
    method: "POST",
    headers: { "content-type": "text/csv" },
    body: local,
  });
  const { body: { data } } = await askJson(
    `${url}/api/meters/roof/readings?start_time=2024-05-01&end_time=2024-05-01&interval=1d`,
  );
  assertEquals(data.map(({ timestamp, count }: Record<string, unknown>) => [timestamp, count]), [
    ["2024-04-30T22:00:00Z", 2],
  ]);
  const rows = await askJson(
    `${url}/api/meters/roof/readings?start_time=2024-05-01&end_time=2024-05-01&timezone=UTC`,
  );
  assertEquals(rows.body.data.length, 1);
});

Deno.test("the first reading fixes the profile of a meter; label and zone still change", async () => {
  await using service = await startWithRoof();
  const { url } = service;
  assertEquals((await putJson(`${url}/api/meters/roof`, { profile: "meter" })).status, 200);
  assertEquals((await askJson(`${url}/api/profiles/two_way`)).body.state, "unused");
  await putJson(`${url}/api/meters/roof`, { profile: "two_way" });
  await importText(url, "roof", CSV);
  await importText(url, "plain", "timestamp,power_kw\n2024-05-01T12:00:00Z,1\n");
  for (const [id, profile, was] of [["roof", "meter", "two_way"], ["plain", "two_way", "meter"]]) {
    assertProblem(await putJson(`${url}/api/meters/${id}`, { profile }), {
      status: 409,
      code: "METER_PROFILE_FIXED",
      detail: `Meter ${id} has readings as ${was}, so its profile cannot change`,
    });
  }
  const changed = await putJson(`${url}/api/meters/roof`, { label: null, timezone: "UTC" });
  assertEquals(changed.body, {
    smart_meter_id: "roof",
    profile: "two_way",
    label: null,
    timezone: "UTC",
    count: 2,
    first_reading: "2024-05-01T12:00:00Z",
    last_reading: "2024-05-01T12:15:00Z",
  });
  assertEquals((await putJson(`${url}/api/meters/plain`, { label: "Cellar" })).status, 201);
});

Deno.test("a meter is deleted with its readings and all that was said about it", async () => {
  await using service = await startWithRoof();
  const { url } = service;
  await importText(url, "roof", CSV);
  for (const id of ["roof", "empty"]) {
    if (id === "empty") await putJson(`${url}/api/meters/empty`, SET_UP);
    const headers = { prefer: "wait=10" };
    const { status, body } = await askJson(`${url}/api/meters/${id}`, {
      method: "DELETE",
      headers,
    });
    assertEquals([status, body.status], [200, "completed"]);
    assertEquals((await askJson(`${url}/api/meters/${id}`)).status, 404);
  }
  assertEquals((await askJson(`${url}/api/profiles/two_way`)).body.state, "unused");
  assertEquals((await askJson(`${url}/api/meters`)).body.meters, []);
});

Deno.test("readings of a span are deleted from the meter's own profile", async () => {
  await using service = await startWithRoof();
  const { url } = service;
  await importText(url, "roof", CSV);
  const path = `${url}/api/meters/roof/readings?from=2024-05-01T12:10:00Z&to=2024-05-01T13:00:00Z`;
  await askJson(path, { method: "DELETE", headers: { prefer: "wait=10" } });
  assertEquals((await askJson(`${url}/api/meters/roof`)).body.count, 1);
});

Deno.test("meters of several profiles share one upload; each takes the columns that it has", async () => {
  await using service = await startWithRoof();
  const { url } = service;
  const text = "meter,timestamp,import_kwh,power_kw\n" +
    "roof,2024-05-01T12:00:00Z,1,2\n" +
    "plain,2024-05-01T12:00:00Z,3,4\n";
  const { body } = await askJson(`${url}/api/readings?meter=meter`, {
    method: "POST",
    headers: { "content-type": "text/csv" },
    body: text,
  });
  assertEquals([body.inserted, body.rejected], [2, 0], JSON.stringify(body));
  const rows = await Promise.all(["roof", "plain"].map(async (id) => {
    const answer = await askJson(`${url}/api/meters/${id}/readings?${RANGE}`);
    return answer.body.data[0];
  }));
  assertEquals([rows[0].import_kwh, rows[1].power_kw], [1, 4]);
  assertEquals(Object.keys(rows[0]), ["timestamp", "import_kwh", "export_kwh", "l1_V"]);
});

Deno.test("a meter takes the profile meter or one of a user, and no id of a device with that profile", async () => {
  await using service = await startWithRoof();
  const { url } = service;
  for (const profile of ["battery", "appliance", "site", "unknown"]) {
    const answer = await putJson(`${url}/api/meters/m`, { profile });
    assertEquals([answer.status, answer.body.errors[0].pointer], [400, "/profile"]);
  }
  await putJson(`${url}/devices/both`, { profile: "two_way" });
  assertProblem(await putJson(`${url}/api/meters/both`, { profile: "two_way" }), {
    status: 409,
    code: "ID_TAKEN",
    detail: "The device both has the profile two_way",
  });
  const metrics = { import_kwh: 1 };
  const message = { device_id: "roof", profile: "two_way", metrics };
  assertProblem(await postJson(`${url}/telemetry`, message), {
    status: 400,
    code: "INVALID_REQUEST",
    detail: "device_id must not be that of a meter with the profile two_way",
  });
});

Deno.test("everything that is wrong with a change of a meter is reported at once", async () => {
  await using service = await startTestService({ role: "api" });
  const body = { profile: "none", label: "", timezone: "Mars", colour: 1 };
  const answer = await putJson(`${service.url}/api/meters/m`, body);
  const pointers = answer.body.errors.map(({ pointer }: { pointer: string }) => pointer);
  assertEquals([answer.status, pointers], [400, ["/profile", "/label", "/timezone", "/colour"]]);
  assertEquals((await askJson(`${service.url}/api/meters/m`)).status, 404);
});
