import { secured } from "../../../routes/http/security_headers.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { exportToEnd, importText, startTestService } from "../../support/service.ts";
import { createTestApp, emptySeries } from "../app_fixture.ts";
import { EXAMPLE } from "../exports/export_example.ts";

/** The values that the project and the specifications require. */
const EXPECTED = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

function assertSecured({ headers }: Response, what: string): void {
  for (const [name, value] of Object.entries(EXPECTED)) {
    assertEquals(headers.get(name), value, `${what}: ${name}`);
  }
  assert(headers.get("permissions-policy")?.includes("camera=()"), what);
}

const ID = "00000000-0000-4000-8000-000000000000";
const ANSWERS: [method: string, path: string, status: number][] = [
  ["GET", "/health", 200],
  ["HEAD", "/health", 200],
  ["GET", `/api/export/status/${ID}`, 200],
  ["GET", "/api/meters", 200],
  ["GET", "/api/meters?limit=0", 400],
  ["GET", "/nowhere", 404],
  ["GET", `/api/export/download/${ID}`, 404],
  ["PUT", "/health", 405],
  ["POST", "/api/export/csv", 415],
];

for (const [method, path, status] of ANSWERS) {
  Deno.test(`${method} ${path}, answered with ${status}, has every security header`, async () => {
    const { app } = createTestApp();
    const response = await app.request(path, { method });
    assertEquals(response.status, status);
    assertSecured(response, path);
  });
}

Deno.test("an answer whose headers cannot be changed has all headers, too", async () => {
  const { app } = createTestApp({ corsOrigins: ["*"] });
  app.get("/moved", () => Response.redirect("http://service/here", 307));
  const response = await app.request("/moved", { headers: { "x-request-id": "an-id" } });
  assertEquals(response.status, 307);
  assertSecured(response, "/moved");
  assertEquals(response.headers.get("location"), "http://service/here");
  assertEquals(response.headers.get("x-request-id"), "an-id");
  assertEquals(response.headers.get("access-control-allow-origin"), "*");
});

for (const fault of [new Error("of the machine"), "a text"]) {
  Deno.test(`a fault (${typeof fault}) is answered with every security header`, async () => {
    const list = () => Promise.reject(fault);
    const { app } = createTestApp({ series: { ...emptySeries(), list } });
    const response = await app.request("/api/meters");
    assertEquals(response.status, 500);
    assertSecured(response, "500");
  });
}

Deno.test("downloads have every security header: whole, in part, unchanged", async () => {
  await using service = await startTestService();
  await importText(service.url, "123", "timestamp,power_kw\n2024-01-01T00:00:00Z,1\n");
  const { file_info } = await exportToEnd(service.url, EXAMPLE);
  const asked: [headers: Record<string, string>, status: number][] = [
    [{}, 200],
    [{ "range": "bytes=0-9" }, 206],
    [{ "if-none-match": "*" }, 304],
    [{ "if-match": '"other"' }, 412],
    [{ "range": "bytes=99999-" }, 416],
  ];
  for (const [headers, status] of asked) {
    const response = await fetch(service.url + file_info.download_url, { headers });
    await response.body?.cancel();
    assertEquals(response.status, status);
    assertSecured(response, String(status));
  }
});

Deno.test("secured() keeps the object, its body and its own policy", () => {
  const policy = "default-src 'self'";
  const before = new Response("text", { headers: { "content-security-policy": policy } });
  const { body } = before;
  const after = secured(before);
  assert(after === before && after.body === body);
  assertEquals(after.headers.get("content-security-policy"), policy);
  assertEquals(after.headers.get("x-frame-options"), "DENY");
  const once = [...after.headers];
  assertEquals([...secured(after).headers], once);
});

Deno.test("secured() accepts answers whose headers cannot be changed", () => {
  const answer = secured(Response.redirect("http://127.0.0.1/elsewhere", 307));
  assertEquals([answer.status, answer.headers.get("location")], [
    307,
    "http://127.0.0.1/elsewhere",
  ]);
  assertSecured(answer, "a redirect");
});
