import { assertEquals } from "../../support/assert.ts";
import { askJson, importText, type JsonAnswer, startTestService } from "../../support/service.ts";
import { APPLIANCE, message, postTelemetry } from "../../support/telemetry.ts";
import { assertProblem } from "../problem_assert.ts";

const NOW_MS = Date.UTC(2026, 1, 1, 14, 24);
const now = () => NOW_MS;
const NO_REJECTIONS = { rejected_today: 0, last_rejected: null, warning: null };

/** Creates or changes a device. */
function put(url: string, id: string, body: unknown): Promise<JsonAnswer> {
  return askJson(`${url}/devices/${id}`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** The ids of a list. */
function idsOf({ body }: JsonAnswer): string[] {
  return body.devices.map(({ device_id }: { device_id: string }) => device_id);
}

Deno.test("GET /devices/{id} returns its settings, state, extent of readings and when it was last seen", async () => {
  await using service = await startTestService({ now });
  const { url } = service;
  for (const timestamp of ["2026-02-01T14:23:45Z", "2026-01-01T00:00:00Z"]) {
    await postTelemetry(url, message({ timestamp }));
  }
  const { status, body } = await askJson(`${url}/devices/test-001`);
  assertEquals([status, body], [200, {
    device_id: "test-001",
    profile: "battery",
    device_type: null,
    location: null,
    offline_after_seconds: 600,
    count: 2,
    first_reading: "2026-01-01T00:00:00Z",
    last_reading: "2026-02-01T14:23:45Z",
    last_seen: "2026-02-01T14:24:00Z",
    state: "online",
    state_since: "2026-02-01T14:24:00Z",
    timestamps: "iso8601",
    ...NO_REJECTIONS,
  }]);
});

Deno.test("PUT creates a device before it sends anything, and changes it afterwards", async () => {
  await using service = await startTestService({ now });
  const { url } = service;
  const all = {
    profile: "appliance",
    device_type: "fridge",
    location: "kitchen",
    offline_after_seconds: 30,
  };
  const created = await put(url, "f", all);
  assertEquals(created.status, 201);
  const expected = {
    device_id: "f",
    ...all,
    count: 0,
    first_reading: null,
    last_reading: null,
    last_seen: null,
    state: "online",
    state_since: "2026-02-01T14:24:00Z",
    timestamps: null,
    ...NO_REJECTIONS,
  };
  assertEquals(created.body, expected);
  assertEquals(await put(url, "f", {}).then(({ status, body }) => [status, body]), [200, expected]);
  const changed = await put(url, "f", { location: null, offline_after_seconds: null });
  assertEquals(changed.body, { ...expected, location: null, offline_after_seconds: 600 });
  assertEquals((await askJson(`${url}/devices/f`)).body, changed.body);
  assertEquals((await postTelemetry(url, message({ device_id: "f" }))).status, 400);
  const right = message({ device_id: "f", metrics: APPLIANCE });
  assertEquals((await postTelemetry(url, right)).status, 201);
});

Deno.test("the profile of a device may change until it has readings", async () => {
  await using service = await startTestService();
  const { url } = service;
  await put(url, "d", { profile: "battery" });
  assertEquals((await put(url, "d", { profile: "appliance" })).body.profile, "appliance");
  const reading = message({ device_id: "d", metrics: APPLIANCE });
  assertEquals((await postTelemetry(url, reading)).status, 201);
  assertEquals((await put(url, "d", { profile: "appliance", location: "a" })).status, 200);
  assertProblem(await put(url, "d", { profile: "battery", location: "b" }), {
    status: 409,
    code: "DEVICE_PROFILE_FIXED",
    detail: "Device d has readings as appliance, so its profile cannot change",
  });
  const { body } = await askJson(`${url}/devices/d`);
  assertEquals([body.profile, body.location], ["appliance", "a"]);
});

Deno.test("all problems of a change are reported together, and no device is created", async () => {
  await using service = await startTestService();
  const body = {
    profile: "meter",
    device_type: "",
    location: "x".repeat(201),
    offline_after_seconds: 0.5,
    colour: 1,
  };
  const offlineRule = "offline_after_seconds must be null or a whole number of 1 to 31536000";
  assertProblem(await put(service.url, "d", body), {
    status: 400,
    code: "INVALID_REQUEST",
    detail: /profile must be battery or appliance/,
    errors: [
      ["/profile", "profile must be battery or appliance"],
      ["/device_type", "device_type must be null or a text of 1 to 200 characters"],
      ["/location", "location must be null or a text of 1 to 200 characters"],
      ["/offline_after_seconds", offlineRule],
      ["/colour", "Unknown property 'colour'"],
    ],
  });
  assertEquals((await askJson(`${service.url}/devices/d`)).status, 404);
  for (const other of [null, [], "x"]) {
    assertEquals((await put(service.url, "d", other)).body.code, "INVALID_REQUEST");
  }
});

for (const path of ["", "/metrics", "/summary", "/events"]) {
  Deno.test(`GET /devices/{id}${path} answers 404 for an unknown device, 400 for a wrong id`, async () => {
    await using service = await startTestService();
    assertProblem(await askJson(`${service.url}/devices/none${path}`), {
      status: 404,
      code: "DEVICE_NOT_FOUND",
      detail: "Device not found",
    });
    assertProblem(await askJson(`${service.url}/devices/a+b${path}`), {
      status: 400,
      code: "INVALID_REQUEST",
      detail: "device_id must be 1 to 64 characters of A-Z a-z 0-9 _ . : - except . and .. alone",
      errors: [[
        "#device_id",
        "device_id must be 1 to 64 characters of A-Z a-z 0-9 _ . : - except . and .. alone",
      ]],
    });
  });
}

Deno.test("devices are listed by id, filtered and page by page, without meters", async () => {
  await using service = await startTestService({ now });
  const { url } = service;
  await importText(url, "meter", "timestamp,power_kw\n2024-01-01T00:00:00Z,1\n");
  for (const id of ["b1", "b2", "b3"]) await postTelemetry(url, message({ device_id: id }));
  for (const id of ["a1", "c1"]) await put(url, id, { profile: "appliance" });
  const whole = await askJson(`${url}/devices`);
  assertEquals(idsOf(whole), ["a1", "b1", "b2", "b3", "c1"]);
  assertEquals([whole.body.next, whole.headers.get("link")], [null, null]);
  assertEquals(whole.body.devices[1], {
    device_id: "b1",
    profile: "battery",
    device_type: null,
    location: null,
    state: "online",
    last_seen: "2026-02-01T14:24:00Z",
  });
  assertEquals(idsOf(await askJson(`${url}/devices?profile=appliance`)), ["a1", "c1"]);
  assertEquals(idsOf(await askJson(`${url}/devices?state=offline`)), []);
  assertEquals(idsOf(await askJson(`${url}/devices?state=online&profile=battery&cursor=b1`)), [
    "b2",
    "b3",
  ]);
  const seen: string[][] = [];
  for (let next: string | null = "/devices?profile=battery&limit=2"; next !== null;) {
    const page: JsonAnswer = await askJson(url + next);
    seen.push(idsOf(page));
    next = page.body.next;
    assertEquals(page.headers.get("link"), next === null ? null : `<${next}>; rel="next"`);
  }
  assertEquals(seen, [["b1", "b2"], ["b3"]]);
});

Deno.test("a page is full even if more than a thousand other devices come before the matching ones", async () => {
  await using service = await startTestService();
  const many = Array.from({ length: 1_100 }, (_, index) => {
    return message({ device_id: `b${String(index).padStart(4, "0")}` });
  });
  await postTelemetry(service.url, many);
  await put(service.url, "c", { profile: "appliance" });
  assertEquals(idsOf(await askJson(`${service.url}/devices?profile=appliance&limit=1`)), ["c"]);
  assertEquals(idsOf(await askJson(`${service.url}/devices?limit=1000`)).length, 1_000);
});

Deno.test("all problems of a list's query are reported together", async () => {
  await using service = await startTestService();
  const query = "limit=1001&cursor=a+b&state=away&profile=meter&fields=all&colour=1";
  const answer = await askJson(`${service.url}/devices?${query}`);
  assertEquals(answer.status, 400);
  const pointers = answer.body.errors.map(({ pointer }: { pointer: string }) => pointer);
  assertEquals(pointers, ["#profile", "#limit", "#cursor", "#state", "#fields", "#colour"]);
});
