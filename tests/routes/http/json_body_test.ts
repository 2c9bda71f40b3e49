import { z } from "zod";
import { AppError } from "../../../data/app_error.ts";
import { fieldErrors, readJson } from "../../../routes/http/json_body.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { askJson, startTestService } from "../../support/service.ts";
import { EXAMPLE } from "../exports/export_example.ts";
import { assertProblem } from "../problem_assert.ts";

const JSON_TYPE = { "content-type": "application/json" };
const LIMIT = 65_536;

async function post(
  body: RequestInit["body"],
  headers: Record<string, string> = JSON_TYPE,
): ReturnType<typeof askJson> {
  await using service = await startTestService({ role: "api" });
  return await askJson(`${service.url}/api/export/csv`, { method: "POST", headers, body });
}

/** The example as JSON of exactly `size` bytes. */
function padded(sizeBytes: number): string {
  return JSON.stringify(EXAMPLE).padEnd(sizeBytes, " ");
}

function inPieces(text: string): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new Blob([text]).stream();
}

for (
  const [what, body] of Object.entries({
    "that is empty": "",
    "that is cut short": '{"smart_meter_id":"123"',
    "that is a form": "smart_meter_id=123&format=csv",
    "with a comma too many": '{"format":"csv",}',
    "with single quotes": "{'format':'csv'}",
    "that is not UTF-8": Uint8Array.of(0x22, 0xff, 0x22),
  })
) {
  Deno.test(`a body ${what} is not valid JSON`, async () => {
    assertProblem(await post(body), {
      status: 400,
      code: "MALFORMED_BODY",
      detail: "The body is not valid JSON in UTF-8",
    });
  });
}

for (const type of ["text/plain", "text/csv", "application/jsonp", "application/json, text/csv"]) {
  Deno.test(`JSON sent as ${type} is refused`, async () => {
    assertProblem(await post(JSON.stringify(EXAMPLE), { "content-type": type }), {
      status: 415,
      code: "UNSUPPORTED_MEDIA_TYPE",
      detail: "Content-Type must be application/json",
      errors: [["#content-type", "Content-Type must be application/json"]],
    });
  });
}

Deno.test("JSON sent without a content type is refused", async () => {
  // Sent as bytes: fetch would set a type for text.
  assertProblem(await post(new TextEncoder().encode(JSON.stringify(EXAMPLE)), {}), {
    status: 415,
    code: "UNSUPPORTED_MEDIA_TYPE",
    detail: "Content-Type must be application/json",
  });
});

Deno.test("JSON with a content coding is refused", async () => {
  const headers = { ...JSON_TYPE, "content-encoding": "gzip" };
  assertProblem(await post(JSON.stringify(EXAMPLE), headers), {
    status: 415,
    code: "UNSUPPORTED_MEDIA_TYPE",
    detail: "Content-Encoding must be identity",
    errors: [["#content-encoding", "Content-Encoding must be identity"]],
  });
});

for (const type of ["application/json; charset=utf-8", "Application/JSON", " application/json "]) {
  Deno.test(`JSON sent as "${type}" is read`, async () => {
    assertEquals((await post(JSON.stringify(EXAMPLE), { "content-type": type })).status, 200);
  });
}

Deno.test("a body of 64 KiB is read, with a Content-Length and without", async () => {
  assertEquals((await post(padded(LIMIT))).status, 200);
  assertEquals((await post(inPieces(padded(LIMIT)))).status, 200);
});

Deno.test("a body of 64 KiB and 1 is too large, with a Content-Length and without", async () => {
  const expected = {
    status: 413,
    code: "BODY_TOO_LARGE",
    detail: "The body must be at most 65536 bytes",
  };
  assertProblem(await post(padded(LIMIT + 1)), expected);
  assertProblem(await post(inPieces(padded(LIMIT + 1))), expected);
});

Deno.test("the limit of 64 KiB counts bytes, not characters", async () => {
  // 22,000 characters of three bytes each.
  assertEquals((await post(`"${"\u20ac".repeat(22_000)}"`)).status, 413);
});

Deno.test("an endless body is read only up to the limit", async () => {
  let sentBytes = 0;
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      sentBytes += 8192;
      controller.enqueue(new Uint8Array(8192));
    },
    cancel() {
      isCancelled = true;
    },
  });
  const request = new Request("http://x/", { method: "POST", headers: JSON_TYPE, body });
  const error = await assertRejects(() => readJson(request, LIMIT), AppError);
  assertEquals(error.code, "BODY_TOO_LARGE");
  assert(isCancelled, "the stream was not cancelled");
  // What was read before the limit was reached, and what streams read ahead.
  assert(sentBytes <= LIMIT + 4 * 8192, `read ${sentBytes} bytes`);
});

Deno.test("a body nested 20,000 deep is refused and is not a fault of the service", async () => {
  const deep = "[".repeat(20_000) + "]".repeat(20_000);
  const { status, body } = await post(`{"smart_meter_id":${deep}}`);
  assertEquals([status, body.code], [400, "INVALID_REQUEST"]);
});

Deno.test("a body whose Content-Length is too large is not read at all", async () => {
  const headers = { ...JSON_TYPE, "content-length": String(LIMIT + 1) };
  const request = new Request("http://x/", { method: "POST", headers, body: "{}" });
  const error = await assertRejects(() => readJson(request, LIMIT), AppError);
  assertEquals([error.code, request.bodyUsed], ["BODY_TOO_LARGE", false]);
});

Deno.test("fieldErrors() points into nested values as in RFC 6901", () => {
  const schema = z.strictObject({
    "a/b": z.array(z.strictObject({ "m~n": z.number("no number") })),
  });
  const body = { "a/b": [{ "m~n": 1 }, { "m~n": "x", extra: true }] };
  const result = schema.safeParse(body);
  assert(!result.success);
  assertEquals(fieldErrors(result.error, body), [
    { pointer: "/a~1b/1/m~0n", detail: "no number", value: "x" },
    { pointer: "/a~1b/1/extra", detail: "Unknown property 'extra'", value: true },
  ]);
});
