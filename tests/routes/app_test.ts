import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { askJson, startTestService } from "../support/service.ts";
import { createTestApp } from "./app_fixture.ts";
import { assertProblem, jsonAnswer } from "./problem_assert.ts";

const ID = "00000000-0000-4000-8000-000000000000";

for (
  const path of [
    "/",
    "/api",
    "/api/export",
    "/api/export/xml",
    "/api/export/csv/",
    "/api/export/status",
    "/api/export/status/",
    "/api/export/status/a/b",
    "/api/export/download/",
    "/api/meters/",
    "/api/meters/123/readings/1",
    "/API/METERS",
    "/health/",
    "/docs/",
    "/docs/assets",
    "/docs/assets/none.js",
    "/docs/assets/constructor",
    "/docs/assets/..%2F..%2Fmain.ts",
    "/openapi.yaml",
    "/favicon.ico",
    "/%E0%A4%A",
    "//health",
  ]
) {
  Deno.test(`GET ${path} is answered with 404`, async () => {
    await using service = await startTestService({ role: "api" });
    const answer = await askJson(service.url + path);
    assertProblem(answer, {
      status: 404,
      code: "ROUTE_NOT_FOUND",
      detail: /^There is nothing at /,
    });
    assertEquals(answer.headers.get("allow"), null);
  });
}

/** Every route with its methods, as the contract lists them. */
const ROUTES: [path: string, methods: string[]][] = [
  ["/api/export/csv", ["POST"]],
  [`/api/export/status/${ID}`, ["GET", "HEAD"]],
  [`/api/export/download/${ID}`, ["GET", "HEAD"]],
  ["/api/exports/preview", ["GET", "HEAD", "POST"]],
  [`/api/exports/${ID}`, ["GET", "HEAD", "DELETE"]],
  ["/api/meters", ["GET", "HEAD"]],
  ["/api/meters/123", ["GET", "HEAD", "PUT", "DELETE"]],
  ["/api/meters/123/readings", ["GET", "HEAD", "POST", "DELETE"]],
  ["/trigger_report", ["POST"]],
  [`/get_report/${ID}`, ["GET", "HEAD"]],
  [`/download_report/${ID}`, ["GET", "HEAD"]],
  ["/stores/hours", ["GET", "HEAD", "POST"]],
  ["/stores/101/uptime/preview", ["POST"]],
  ["/api/alerts/firing", ["GET", "HEAD"]],
  ["/health", ["GET", "HEAD"]],
  ["/ready", ["GET", "HEAD"]],
  ["/openapi.json", ["GET", "HEAD"]],
  ["/docs", ["GET", "HEAD"]],
  ["/redoc", ["GET", "HEAD"]],
  ["/docs/assets/page.css", ["GET", "HEAD"]],
];
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"];

for (const [path, taken] of ROUTES) {
  Deno.test(`${path} allows ${taken.join(", ")} and says so to other methods`, async () => {
    const { app } = createTestApp();
    for (const method of METHODS) {
      const response = await app.request(path, { method });
      const isTaken = taken.includes(method);
      assertEquals(response.status === 405, !isTaken, `${method} ${path}: ${response.status}`);
      if (isTaken) continue;
      assertEquals(response.headers.get("allow")?.split(", ").toSorted(), taken.toSorted());
      if (method === "HEAD") continue;
      assertProblem(await jsonAnswer(response), {
        status: 405,
        code: "METHOD_NOT_ALLOWED",
        detail: `${path} allows only ${taken.join(", ")}`,
      });
    }
  });
}

Deno.test("HEAD answers with the status and headers of GET, even for errors, and without a body", async () => {
  await using service = await startTestService();
  const paths = ["/health", "/api/meters", "/api/meters/123", "/nowhere", "/api/export/csv"];
  for (const path of [...paths, `/api/export/status/${ID}`, `/api/export/download/${ID}`]) {
    const get = await askJson(service.url + path);
    const head = await askJson(service.url + path, { method: "HEAD" });
    assertEquals([head.status, head.body], [get.status, null], path);
    assertEquals(head.headers.get("content-type"), get.headers.get("content-type"));
    assertEquals(head.headers.get("allow"), get.headers.get("allow"));
  }
});

const csv = { "content-type": "text/csv" };
const json = { "content-type": "application/json" };
const WRONG: [method: string, path: string, status: number, init?: RequestInit][] = [
  ["GET", "/nowhere", 404],
  ["PUT", "/health", 405],
  ["POST", "/api/export/csv", 415],
  ["POST", "/api/export/csv", 400, { headers: json, body: "{" }],
  ["POST", "/api/export/csv", 400, { headers: json, body: "{}" }],
  ["POST", "/api/export/csv", 413, { headers: json, body: " ".repeat(70_000) }],
  ["GET", `/api/export/download/${ID}`, 404],
  ["GET", "/api/meters?limit=0", 400],
  ["GET", "/api/meters/a+b", 400],
  ["GET", "/api/meters/999", 404],
  ["DELETE", "/api/meters/999", 404],
  ["POST", "/api/meters/999/readings", 415],
  ["POST", "/api/meters/999/readings", 400, { headers: csv, body: "a,b\n" }],
];

Deno.test("every error is a problem with type, title, status and detail", async () => {
  await using service = await startTestService({ role: "api" });
  for (const [method, path, status, init] of WRONG) {
    const { headers, body, ...answer } = await askJson(service.url + path, { method, ...init });
    const what = `${method} ${path}`;
    assertEquals([answer.status, body.status], [status, status], what);
    assertEquals(headers.get("content-type"), "application/problem+json", what);
    for (const text of [body.type, body.title, body.detail]) assertMatch(text, /\w/, what);
  }
});

Deno.test("every request is logged with its method, path, status and time", async () => {
  let nowMs = 1_000;
  const { app, logged } = createTestApp({ now: () => nowMs += 5 });
  await (await app.request("/nowhere?secret=1")).text();
  await (await app.request("/api/meters", { method: "PUT" })).text();
  const requests = [
    { method: "GET", path: "/nowhere", status: 404 },
    { method: "PUT", path: "/api/meters", status: 405 },
  ];
  assertEquals(
    logged.map(({ level, event, fields }) => ({ level, event, ...fields, ms: undefined })),
    requests.map((request) => ({ level: "debug", event: "request", ...request, ms: undefined })),
  );
  for (const { fields } of logged) {
    // Each look at this clock takes 5 ms, and limits look at it too.
    assert(Number(fields?.ms) >= 5 && Number(fields?.ms) % 5 === 0, `${fields?.ms} ms`);
  }
});

Deno.test("100 concurrent requests are all answered", async () => {
  await using service = await startTestService({ role: "api" });
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) => askJson(`${service.url}/api/export/status/${index}`)),
  );
  assertEquals(
    answers.map(({ body }) => body.message),
    answers.map((_, index) => `Job with ID '${index}' not found`),
  );
});
