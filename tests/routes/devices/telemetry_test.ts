import { gzipSync } from "node:zlib";
import { assertEquals } from "../../support/assert.ts";
import { askJson, type JsonAnswer, startTestService } from "../../support/service.ts";
import {
  APPLIANCE,
  BATTERY,
  message,
  postLines,
  postTelemetry,
  TIME,
} from "../../support/telemetry.ts";
import { assertProblem } from "../problem_assert.ts";

const ID_RULE = "1 to 64 characters of A-Z a-z 0-9 _ . : - except . and .. alone";

/** The metrics of one device over the day of `TIME`. */
async function dayOf(url: string, id: string): Promise<JsonAnswer["body"]> {
  const range = "start_time=2026-02-01T00:00:00Z&end_time=2026-02-01T23:59:59Z";
  return (await askJson(`${url}/devices/${id}/metrics?${range}`)).body;
}

Deno.test("a message is answered with 201 and can be read at once; the same time again replaces it", async () => {
  await using service = await startTestService();
  const { url } = service;
  const first = await postTelemetry(url, message());
  assertEquals([first.status, first.body], [201, { status: "created" }]);
  assertEquals(await dayOf(url, "test-001"), {
    device_id: "test-001",
    data: [{ timestamp: TIME, ...BATTERY }],
  });
  const metrics = { ...BATTERY, soc_percent: 68, temp_c: null };
  // The same moment in another zone.
  const again = await postTelemetry(
    url,
    message({ timestamp: "2026-02-01T15:23:45+01:00", metrics }),
  );
  assertEquals([again.status, again.body], [200, { status: "updated" }]);
  assertEquals((await dayOf(url, "test-001")).data, [{ timestamp: TIME, ...metrics }]);
});

Deno.test("the metrics of its first message make a device a battery or an appliance", async () => {
  await using service = await startTestService();
  const { url } = service;
  await postTelemetry(url, message({ device_id: "b" }));
  await postTelemetry(url, message({ device_id: "a", metrics: APPLIANCE }));
  assertEquals((await askJson(`${url}/devices/b`)).body.profile, "battery");
  assertEquals((await askJson(`${url}/devices/a`)).body.profile, "appliance");
  assertProblem(await postTelemetry(url, message({ device_id: "b", metrics: APPLIANCE })), {
    status: 400,
    code: "INVALID_REQUEST",
    detail: "metrics must be those of the profile battery, which device b has",
    errors: [["/metrics", "metrics must be those of the profile battery, which device b has"]],
  });
  assertEquals((await dayOf(url, "b")).data.length, 1);
});

Deno.test("a message whose metrics are all null is a reading", async () => {
  await using service = await startTestService();
  const metrics = { soc_percent: null, voltage_v: null, current_a: null, temp_c: null };
  assertEquals((await postTelemetry(service.url, message({ metrics }))).status, 201);
  assertEquals((await dayOf(service.url, "test-001")).data, [{ timestamp: TIME, ...metrics }]);
});

/** The ends of each range, which belong to it. */
const ENDS: [metrics: Record<string, number>, ends: Record<string, [number, number]>][] = [
  [BATTERY, {
    soc_percent: [0, 100],
    voltage_v: [200, 500],
    current_a: [-1000, 1000],
    temp_c: [-50, 100],
  }],
  [APPLIANCE, {
    voltage: [0, 1000],
    current: [-1000, 1000],
    power: [-1e6, 1e6],
    temperature: [-100, 500],
  }],
];

for (const [metrics, ends] of ENDS) {
  for (const [name, [min, max]] of Object.entries(ends)) {
    Deno.test(`${name} may be ${min} and ${max}, and nothing beyond`, async () => {
      await using service = await startTestService();
      const send = (value: unknown) =>
        postTelemetry(service.url, { ...message(), metrics: { ...metrics, [name]: value } });
      for (const value of [min, max]) assertEquals((await send(value)).status < 202, true);
      for (const value of [min - 0.01, max + 0.01, "1", true, [], {}]) {
        const answer = await send(value);
        assertEquals([answer.status, answer.body.code], [400, "INVALID_REQUEST"]);
        assertEquals(answer.body.errors[0].pointer, `/metrics/${name}`);
        assertEquals(answer.body.errors[0].value, value);
      }
    });
  }
}

Deno.test("all problems of a message are reported together", async () => {
  await using service = await startTestService();
  const { soc_percent: _, ...rest } = BATTERY;
  const body = {
    device_id: "a b",
    timestamp: "yesterday",
    metrics: { ...rest, voltage_v: 501, colour: 1 },
    extra: 1,
  };
  assertProblem(await postTelemetry(service.url, body), {
    status: 400,
    code: "INVALID_REQUEST",
    detail: /soc_percent is required/,
    errors: [
      ["/extra", "Unknown property 'extra'"],
      ["/device_id", `device_id must be ${ID_RULE}`],
      [
        "/timestamp",
        "timestamp must be an ISO 8601 time such as 2026-02-01T14:23:45Z, or Unix time as a number " +
        "of seconds, milliseconds or microseconds",
      ],
      [
        "/metrics/colour",
        "Unknown metric 'colour': battery has soc_percent, voltage_v, current_a, temp_c",
      ],
      ["/metrics/soc_percent", "soc_percent is required"],
      ["/metrics/voltage_v", "voltage_v must be from 200 to 500 V"],
    ],
  });
  assertEquals((await askJson(`${service.url}/devices`)).body.devices, []);
});

for (const id of ["", "..", "a/b", "é", "a".repeat(65), 5, null]) {
  Deno.test(`the device_id ${JSON.stringify(id).slice(0, 20)} is rejected`, async () => {
    await using service = await startTestService();
    assertProblem(await postTelemetry(service.url, { ...message(), device_id: id }), {
      status: 400,
      code: "INVALID_REQUEST",
      detail: `device_id must be ${ID_RULE}`,
      errors: [["/device_id", `device_id must be ${ID_RULE}`]],
    });
  });
}

Deno.test("ids of 1 and of 64 characters are accepted", async () => {
  await using service = await startTestService();
  for (const id of ["-", "_", "aZ09_-".padEnd(64, "x")]) {
    assertEquals((await postTelemetry(service.url, message({ device_id: id }))).status, 201);
    assertEquals((await askJson(`${service.url}/devices/${id}`)).body.device_id, id);
  }
});

Deno.test("a time may be 5 minutes ahead of the service's clock and not a millisecond more", async () => {
  const now = () => Date.UTC(2026, 1, 1, 12);
  await using service = await startTestService({ now });
  const send = (timestamp: string) => postTelemetry(service.url, message({ timestamp }));
  assertEquals((await send("2026-02-01T12:05:00Z")).status, 201);
  assertProblem(await send("2026-02-01T12:05:00.001Z"), {
    status: 400,
    code: "INVALID_REQUEST",
    detail: "timestamp must be at most 5 minutes ahead of the service's clock",
    errors: [["/timestamp", "timestamp must be at most 5 minutes ahead of the service's clock"]],
  });
});

Deno.test("settings say how old a reading may be, and how far ahead of the clock", async () => {
  const now = () => Date.UTC(2026, 1, 1, 12);
  const acceptedTimes = { oldestMs: Date.UTC(2026, 0, 1), futureToleranceMs: 10_000 };
  await using service = await startTestService({ now, acceptedTimes });
  const times = [
    "2025-12-31T23:59:59.999Z",
    "2026-01-01T00:00:00Z",
    "2026-02-01T12:00:10Z",
    "2026-02-01T12:00:10.001Z",
  ];
  const { body } = await postTelemetry(
    service.url,
    times.map((timestamp) => message({ timestamp })),
  );
  assertEquals([body.created, body.rejects], [2, [
    { index: 0, pointer: "/timestamp", value: times[0], rule: "2026-01-01T00:00:00Z or later" },
    { index: 3, pointer: "/timestamp", value: times[3], rule: "at most 10 seconds ahead" },
  ]]);
});

Deno.test("by default a reading from before 2000 is rejected, such as from a clock that starts at 1970", async () => {
  await using service = await startTestService();
  const send = (timestamp: string) => postTelemetry(service.url, message({ timestamp }));
  assertEquals((await send("2000-01-01T00:00:00Z")).status, 201);
  assertProblem(await send("1970-01-01T00:03:12Z"), {
    status: 400,
    code: "INVALID_REQUEST",
    detail: "timestamp must be 2000-01-01T00:00:00Z or later",
    errors: [["/timestamp", "timestamp must be 2000-01-01T00:00:00Z or later"]],
  });
});

/** Bodies that are not messages, and the codes they are answered with. */
const BODIES: [body: string, status: number, code: string][] = [
  ["", 400, "MALFORMED_BODY"],
  ["{", 400, "MALFORMED_BODY"],
  ["{}x", 400, "MALFORMED_BODY"],
  ["null", 400, "INVALID_REQUEST"],
  ["5", 400, "INVALID_REQUEST"],
  ['"text"', 400, "INVALID_REQUEST"],
  ["{}", 400, "INVALID_REQUEST"],
  [`{"device_id":"a","timestamp":"${TIME}","metrics":[]}`, 400, "INVALID_REQUEST"],
  [`{"device_id":"a","timestamp":"${TIME}","metrics":{}}`, 400, "INVALID_REQUEST"],
  [`{"device_id":"${"a".repeat(65_536)}"}`, 413, "BODY_TOO_LARGE"],
];

for (const [body, status, code] of BODIES) {
  Deno.test(`a body ${body.slice(0, 30)} (${body.length}) is answered with ${code}`, async () => {
    await using service = await startTestService();
    const answer = await askJson(`${service.url}/telemetry`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    assertProblem(answer, { status, code, detail: /./ });
  });
}

Deno.test("a body of another media type or coding is answered with 415", async () => {
  await using service = await startTestService();
  const others: Record<string, string>[] = [
    { "content-type": "text/csv" },
    { "content-encoding": "br" },
  ];
  for (const headers of others) {
    const answer = await postLines(service.url, JSON.stringify(message()), headers);
    assertProblem(answer, { status: 415, code: "UNSUPPORTED_MEDIA_TYPE", detail: /must be/ });
  }
});

Deno.test("one message may come in gzip; bytes that are not gzip are rejected", async () => {
  await using service = await startTestService();
  const send = (body: BodyInit) =>
    postLines(service.url, body, {
      "content-type": "application/json",
      "content-encoding": "gzip",
    });
  const folded = Uint8Array.from(gzipSync(JSON.stringify(message())));
  assertEquals((await send(folded)).status, 201);
  const detail = "The body is not valid gzip";
  assertProblem(await send("{}"), { status: 400, code: "MALFORMED_BODY", detail });
});

Deno.test("of a hundred messages of one time at once, one creates and the others replace", async () => {
  await using service = await startTestService({ rateLimit: { requests: 100, windowMs: 60_000 } });
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => postTelemetry(service.url, message())),
  );
  const statuses = answers.map(({ status }) => status).toSorted();
  assertEquals(statuses, [...Array.from({ length: 99 }, () => 200), 201]);
  assertEquals((await dayOf(service.url, "test-001")).data.length, 1);
});
