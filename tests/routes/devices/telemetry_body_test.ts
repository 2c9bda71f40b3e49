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

Deno.test("what surrounds a message decides the same before and after others were accepted", async () => {
  const { app } = createTestApp();
  const send = async (body: string) => {
    const headers = { "content-type": "application/json", "content-length": String(body.length) };
    const response = await app.request("/telemetry", { method: "POST", headers, body });
    const { status, code } = await response.json();
    return [response.status, code ?? status];
  };
  const accepted = [201, "created"], malformed = [400, "MALFORMED_BODY"];
  assertEquals(await send(MESSAGE), accepted);
  for (let round = 0; round < 2; round++) {
    for (const rest of ["", " ", "\n", "\r\n", "\n\n", "\n \n"]) {
      assertEquals(await send(MESSAGE + rest), accepted, JSON.stringify(rest));
      assertEquals(await send(rest + MESSAGE), accepted, JSON.stringify(rest));
    }
    for (const rest of ["}", ",", "x", "\nx", `\n${MESSAGE}`, "\0"]) {
      assertEquals(await send(MESSAGE + rest), malformed, JSON.stringify(rest));
    }
    for (let length = 1; length < MESSAGE.length; length += 7) {
      assertEquals(await send(MESSAGE.slice(0, length)), malformed, String(length));
    }
  }
});
