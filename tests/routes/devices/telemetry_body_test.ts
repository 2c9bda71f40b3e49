import type { Hono } from "hono";
import type { DeviceIntake } from "../../../kv/devices/intake.ts";
import { assertEquals } from "../../support/assert.ts";
import { createTestApp } from "../app_fixture.ts";

const MESSAGE = '{"device_id":"test-001","timestamp":"2024-02-01T14:23:45Z",' +
  '"metrics":{"soc_percent":67.5,"voltage_v":385.2,"current_a":-45.3,"temp_c":28.4}}';
const encoder = new TextEncoder();

function post(
  chunks: Iterable<Uint8Array>,
  headers: Readonly<Record<string, string>>,
): Response | Promise<Response> {
  return createTestApp().app.request("/telemetry", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: ReadableStream.from(chunks),
  });
}

/** Headers with and without the length of the body. */
function lengths(bytes: number): Record<string, string>[] {
  return [{ "content-length": String(bytes) }, {}];
}

function* brokenOff(): Generator<Uint8Array> {
  yield encoder.encode(MESSAGE.slice(0, 40));
  throw new Error("connection reset");
}

Deno.test("a body in pieces is accepted with or without its length", async () => {
  for (const headers of lengths(MESSAGE.length)) {
    const halves = [MESSAGE.slice(0, 40), MESSAGE.slice(40)].map((text) => encoder.encode(text));
    const one = await post(halves, headers);
    assertEquals([one.status, await one.json()], [201, { status: "created" }]);
  }
  for (const headers of lengths(MESSAGE.length + 2)) {
    const array = ["[", MESSAGE, "]"].map((text) => encoder.encode(text));
    const { received, created } = await (await post(array, headers)).json();
    assertEquals([received, created], [1, 1]);
  }
});

Deno.test("a message that breaks off is malformed, with or without its length", async () => {
  for (const headers of lengths(MESSAGE.length)) {
    const response = await post(brokenOff(), headers);
    assertEquals([response.status, (await response.json()).code], [400, "MALFORMED_BODY"]);
  }
});

/** A message whose state of charge is written in another way. */
const withSoc = (text: string) => MESSAGE.replace("67.5", text);
/** Bodies that are accepted, and the state of charge that each one stores. */
const ACCEPTED: readonly (readonly [body: string, soc: number])[] = [
  ...["", " ", "\n", "\r", "\r\n", "\n\n", "\n \n"].flatMap((rest) =>
    [MESSAGE + rest, rest + MESSAGE].map((body) => [body, 67.5] as const)
  ),
  [`\ufeff${MESSAGE}`, 67.5],
  [MESSAGE.replace(",", ",\r"), 67.5],
  [MESSAGE.replace("02-01", "02-29"), 67.5],
  // Of duplicate keys, the last one counts.
  [MESSAGE.replace('"metrics"', '"device_id":"test-002","metrics"'), 67.5],
  [withSoc('67.5,"soc_percent":1'), 1],
  [withSoc("-0"), 0],
  [withSoc("-0.0"), 0],
  [withSoc("6.75e1"), 67.5],
  [withSoc("6.75E+1"), 67.5],
  [withSoc("675e-1"), 67.5],
];
const MALFORMED: readonly string[] = [
  ...["}", ",", "x", "\nx", `\n${MESSAGE}`, "\r\0", "\0", "\ufeff"].map((rest) => MESSAGE + rest),
  ...["067.5", "00", "-01", ".5", "-.5", "5.", "+5", "-", "1e", "NaN"].map(withSoc),
];

/** An app, and what it was asked to store; the state of charge as a text, as `assertEquals(-0, 0)` passes. */
function openRecordingApp(): { app: Hono; stored: [id: string, timeMs: number, soc: string][] } {
  const stored: [string, number, string][] = [];
  const accept: DeviceIntake["accept"] = ({ id, page, rows }) => {
    const start = rows?.start ?? 0, created = (rows?.end ?? page.timesMs.length) - start;
    for (let row = start; row < start + created; row++) {
      const soc = page.columns[0].values[row];
      stored.push([id, page.timesMs[row], Object.is(soc, -0) ? "-0" : String(soc)]);
    }
    return Promise.resolve({ kind: "accepted", created, updated: 0, unchanged: 0, remaining: 9 });
  };
  const { app } = createTestApp({
    intake: {
      accept,
      acceptMany: (all) => Promise.allSettled(all.map(accept)),
      reject: () => Promise.resolve(),
      knownProfile: () => undefined,
      findProfile: () => Promise.resolve(null),
      invalidate: () => {},
    },
  });
  return { app, stored };
}

/** Sends a body of known length, in the form that nearly every client uses. */
async function sendShort(app: Hono, body: string): Promise<[status: number, text: string]> {
  const { length } = encoder.encode(body);
  const headers = {
    "content-type": "application/json",
    "content-length": String(length),
    // So that answers can be compared as a whole.
    "x-request-id": "request",
  };
  const response = await app.request("/telemetry", { method: "POST", headers, body });
  return [response.status, await response.text()];
}

/**
 * Makes a function that sends a body to an app that has accepted nothing, and to one that has just accepted
 * a message. It checks that both answer and store the same, and returns that.
 */
function openTwoApps() {
  const after = openRecordingApp();
  return async (body: string) => {
    const before = openRecordingApp();
    const first = await sendShort(before.app, body);
    // A plain message before each one, so that the next one is always tried as a plain one.
    assertEquals(await sendShort(after.app, MESSAGE), [201, '{"status":"created"}']);
    after.stored.length = 0;
    assertEquals(await sendShort(after.app, body), first, body);
    assertEquals(after.stored, before.stored, body);
    return { status: first[0], answer: JSON.parse(first[1]), stored: before.stored };
  };
}

Deno.test("a body is accepted the same before and after others were accepted", async () => {
  const send = openTwoApps();
  for (const [body, soc] of ACCEPTED) {
    const { status, answer, stored } = await send(body);
    assertEquals([status, answer], [201, { status: "created" }], JSON.stringify(body));
    assertEquals(stored.map((reading) => reading[2]), [String(soc)], body);
  }
  const { status, answer, stored } = await send(`[${MESSAGE}]`);
  assertEquals([status, answer.created], [200, 1]);
  assertEquals(stored, [["test-001", Date.UTC(2024, 1, 1, 14, 23, 45), "67.5"]]);
});

Deno.test("a body is refused the same before and after others were accepted", async () => {
  const send = openTwoApps();
  const cut: string[] = [];
  for (let end = 1; end < MESSAGE.length; end += 7) cut.push(MESSAGE.slice(0, end));
  for (const body of [...MALFORMED, ...cut]) {
    const { status, answer, stored } = await send(body);
    const expected = [400, "MALFORMED_BODY", []];
    assertEquals([status, answer.code, stored], expected, JSON.stringify(body));
  }
  for (const day of ["02-30", "02-00", "13-01"]) {
    const { status, answer, stored } = await send(MESSAGE.replace("02-01", day));
    assertEquals([status, answer.code, stored], [400, "INVALID_REQUEST", []], day);
    assertEquals(answer.errors[0].pointer, "/timestamp");
  }
});

Deno.test("a message of the same form as one before it is read without a JSON parser", async () => {
  const { app } = openRecordingApp();
  const { parse } = JSON;
  let calls = 0;
  JSON.parse = (...given) => {
    calls++;
    return parse(...given);
  };
  try {
    assertEquals((await sendShort(app, MESSAGE))[0], 201);
    assertEquals(calls, 1);
    const other = withSoc("12").replace("test-001", "test-002").replace("14:23", "14:24");
    assertEquals((await sendShort(app, other))[0], 201);
    assertEquals(calls, 1);
  } finally {
    JSON.parse = parse;
  }
});
