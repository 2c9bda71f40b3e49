import { AppError, type ErrorCode } from "../../../data/app_error.ts";
import { invalidRequest, problemResponse, PROBLEMS } from "../../../routes/http/problem.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { createTestApp, emptySeries } from "../app_fixture.ts";
import { assertProblem, jsonAnswer } from "../problem_assert.ts";

/** The statuses that the contract and RFC 9110 §15 define. */
const STATUSES: Partial<Record<ErrorCode, number>> = {
  INVALID_REQUEST: 400,
  MALFORMED_BODY: 400,
  UNSUPPORTED_MEDIA_TYPE: 415,
  BODY_TOO_LARGE: 413,
  LENGTH_REQUIRED: 411,
  REQUEST_TIMEOUT: 408,
  TOO_MANY_UPLOADS: 503,
  ROUTE_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  PRECONDITION_FAILED: 412,
  RANGE_NOT_SATISFIABLE: 416,
  SMART_METER_NOT_FOUND: 404,
  JOB_NOT_FOUND: 404,
  EXPORT_NOT_READY: 404,
  EXPORT_FAILED: 404,
  EXPORT_EXPIRED: 410,
  STORAGE_UNAVAILABLE: 503,
  INTERNAL_ERROR: 500,
};

Deno.test("every error code has a problem, and every problem a code", async () => {
  const source = await Deno.readTextFile(new URL("../../../data/app_error.ts", import.meta.url));
  const union = source.slice(source.indexOf("type ErrorCode"), source.indexOf(";"));
  const codes = Array.from(union.matchAll(/"([A-Z_]+)"/g), ([, code]) => code);
  assert(codes.length >= Object.keys(STATUSES).length, "the codes were not found in the source");
  assertEquals(Object.keys(PROBLEMS).toSorted(), codes.toSorted());
});

/** The keys of PROBLEMS are the codes, as its type says. */
const CODES = Object.keys(PROBLEMS) as ErrorCode[];

for (const code of CODES) {
  Deno.test(`${code} is answered as RFC 9457 says`, async () => {
    const status = STATUSES[code] ?? PROBLEMS[code].status;
    assert(status >= 400 && status <= 599, `${status} is no status of an error`);
    const answer = await jsonAnswer(problemResponse(new AppError(code, "A plain sentence")));
    assertProblem(answer, { status, code, detail: "A plain sentence" });
    assertEquals(Object.keys(answer.body), ["type", "title", "status", "code", "detail"]);
  });
}

Deno.test("no two problems have the same type or title", async () => {
  const bodies = await Promise.all(
    CODES.map((code) => problemResponse(new AppError(code, "x")).json()),
  );
  const count = bodies.length;
  assertEquals(new Set(bodies.map(({ type }) => type)).size, count);
  assertEquals(new Set(bodies.map(({ title }) => title)).size, count);
});

Deno.test("a problem has details, errors and headers, but never its cause", async () => {
  const errors = [{ pointer: "/a", detail: "wrong", value: 1, rule: "right" }];
  const error = new AppError("INVALID_REQUEST", "It is wrong", {
    details: "Make it right",
    errors,
    cause: new Error("secret"),
  });
  const answer = await jsonAnswer(problemResponse(error, { allow: "GET" }));
  assertProblem(answer, {
    status: 400,
    code: "INVALID_REQUEST",
    detail: "It is wrong",
    errors: [["/a", "wrong"]],
  });
  assertEquals([answer.body.details, answer.body.errors], ["Make it right", errors]);
  assertEquals(answer.headers.get("allow"), "GET");
  assertEquals(JSON.stringify(answer.body).includes("secret"), false);
});

Deno.test("invalidRequest() names every error in its message, equal ones once", () => {
  const error = invalidRequest([
    { pointer: "/a", detail: "Bad time" },
    { pointer: "/b", detail: "Bad time" },
    { pointer: "/c", detail: "Bad id" },
  ]);
  assertEquals([error.code, error.message], ["INVALID_REQUEST", "Bad time; Bad id"]);
  assertEquals(error.errors.map(({ pointer }) => pointer), ["/a", "/b", "/c"]);
});

const SECRET = "cannot read /var/lib/openwatts/kv.sqlite3";
const FAULTS: Record<string, unknown> = {
  "an error": new Error(SECRET, { cause: new TypeError("the cause") }),
  "an error of the system": new Deno.errors.PermissionDenied(SECRET),
  "an aborted signal": new DOMException(SECRET, "AbortError"),
  "a text": SECRET,
};

for (const [what, fault] of Object.entries(FAULTS)) {
  Deno.test(`${what} that is unexpected is answered without its message and logged whole`, async () => {
    const list = () => Promise.reject(fault);
    const { app, logged } = createTestApp({ series: { ...emptySeries(), list } });
    const answer = await jsonAnswer(await app.request("/api/meters"));
    assertProblem(answer, { status: 500, code: "INTERNAL_ERROR", detail: /^[A-Z].*logged$/ });
    assertEquals(JSON.stringify(answer.body).includes("sqlite"), false);
    const errors = logged.filter(({ level }) => level === "error");
    assertEquals(errors.length, 1);
    // The log receives the thrown value itself, to write its stack and cause.
    assertEquals(errors[0].fields, { method: "GET", path: "/api/meters", error: fault });
  });
}

Deno.test("a known fault of the service is logged, a mistake of the client is not", async () => {
  const describe = () => Promise.reject(new AppError("STORAGE_UNAVAILABLE", "It is away"));
  const { app, logged } = createTestApp({ series: { ...emptySeries(), describe } });
  const faulty = await jsonAnswer(await app.request("/api/meters/1", { method: "DELETE" }));
  assertProblem(faulty, { status: 503, code: "STORAGE_UNAVAILABLE", detail: "It is away" });
  const mistaken = await jsonAnswer(await app.request("/api/meters/!"));
  assertEquals(mistaken.status, 400);
  const errors = logged.filter(({ level }) => level === "error");
  assertEquals(errors.map(({ fields }) => fields?.method), ["DELETE"]);
});

Deno.test("an answer lists 100 errors and says how many more there are", () => {
  const errors = Array.from({ length: 130 }, (_, index) => ({
    pointer: `#p${index}`,
    detail: `Unknown parameter 'p${index}'`,
  }));
  const { errors: listed, message } = invalidRequest(errors);
  assertEquals(listed, errors.slice(0, 100));
  assertEquals(message.endsWith("Unknown parameter 'p99'; 30 more errors"), true);
});

Deno.test("a problem quotes no secret of a key", async () => {
  const key = `ow_gateway_${"s".repeat(43)}`;
  const { app } = createTestApp();
  for (const path of [`/devices?api_key=${key}`, `/devices?${key}=1`, `/${key}`]) {
    const text = await (await app.request(path)).text();
    assertEquals([text.includes("sssss"), text.includes("ow_gateway_…")], [false, true], text);
  }
});
