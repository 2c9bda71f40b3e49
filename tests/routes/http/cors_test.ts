import { allowOrigin } from "../../../routes/http/cors.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { pause } from "../../support/process.ts";
import { exportToEnd, importText, startTestService } from "../../support/service.ts";
import { createTestApp, emptySeries } from "../app_fixture.ts";
import { EXAMPLE } from "../exports/export_example.ts";

const APP = "https://app.example";
const OTHER = "https://other.example:8443";
const LISTED = { corsOrigins: [APP, OTHER] };

function preflight(origin: string): RequestInit {
  return {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type,prefer",
    },
  };
}

function corsHeaders({ headers }: Response): string[] {
  return [...headers.keys()].filter((name) => name.startsWith("access-control-"));
}

Deno.test("without origins no answer has a CORS header, and a preflight is answered with 405", async () => {
  const { app } = createTestApp();
  const answer = await app.request("/health", { headers: { origin: APP } });
  assertEquals([answer.status, corsHeaders(answer), answer.headers.get("vary")], [200, [], null]);
  const refused = await app.request("/health", preflight(APP));
  assertEquals([refused.status, corsHeaders(refused)], [405, []]);
});

for (const origin of [APP, OTHER]) {
  Deno.test(`a listed origin, ${origin}, may read answers, problems and faults`, async () => {
    for (const fault of [new Error("of the machine"), "a text"]) {
      const list = () => Promise.reject(fault);
      const { app } = createTestApp({ ...LISTED, series: { ...emptySeries(), list } });
      const paths: [path: string, status: number][] = [
        ["/health", 200],
        ["/nowhere", 404],
        ["/api/export/csv", 405],
        ["/api/meters", 500],
      ];
      for (const [path, status] of paths) {
        const answer = await app.request(path, { headers: { origin } });
        assertEquals(answer.status, status);
        assertEquals(answer.headers.get("access-control-allow-origin"), origin);
        assertEquals(answer.headers.get("vary"), "Origin");
        assertEquals(answer.headers.get("access-control-allow-credentials"), null);
        assertEquals(answer.headers.get("x-content-type-options"), "nosniff");
      }
    }
  });
}

for (
  const origin of ["https://evil.example", "http://app.example", "https://app.example:444", "null"]
) {
  Deno.test(`an origin that is not listed, ${origin}, may read nothing`, async () => {
    const { app } = createTestApp(LISTED);
    const answer = await app.request("/health", { headers: { origin } });
    assertEquals([answer.status, corsHeaders(answer)], [200, []]);
    assertEquals(answer.headers.get("vary"), "Origin");
    const refused = await app.request("/health", preflight(origin));
    assertEquals([refused.status, corsHeaders(refused)], [405, []]);
    assertEquals(refused.headers.get("vary"), "Origin");
  });
}

Deno.test("answers vary by origin, also for a request without one", async () => {
  const { app } = createTestApp(LISTED);
  const answer = await app.request("/health");
  assertEquals([corsHeaders(answer), answer.headers.get("vary")], [[], "Origin"]);
});

Deno.test("a listed origin's preflight is answered with 204, methods, headers and a lifetime", async () => {
  const { app, logged } = createTestApp(LISTED);
  for (const path of ["/api/export/csv", "/devices/d1", "/nowhere"]) {
    const answer = await app.request(path, preflight(APP));
    assertEquals([answer.status, await answer.text()], [204, ""]);
    assertEquals(answer.headers.get("access-control-allow-origin"), APP);
    assertEquals(
      answer.headers.get("access-control-allow-methods"),
      "GET, HEAD, POST, PUT, PATCH, DELETE",
    );
    const allowed = answer.headers.get("access-control-allow-headers")?.toLowerCase().split(", ");
    for (
      const name of [
        "authorization",
        "last-event-id",
        "x-api-key",
        "content-type",
        "prefer",
        "idempotency-key",
        "range",
        "if-none-match",
      ]
    ) {
      assert(allowed?.includes(name), name);
    }
    assertEquals(answer.headers.get("access-control-max-age"), "7200");
    assertEquals(answer.headers.get("vary"), "Origin");
    assertEquals(answer.headers.get("x-frame-options"), "DENY");
  }
  assertEquals(logged.map(({ fields }) => fields?.status), [204, 204, 204]);
});

Deno.test("an OPTIONS request that is no preflight is answered as ever", async () => {
  const { app } = createTestApp(LISTED);
  const answer = await app.request("/health", { method: "OPTIONS", headers: { origin: APP } });
  assertEquals([answer.status, answer.headers.get("allow")], [405, "GET, HEAD"]);
});

Deno.test("* lets every page read answers, which then do not vary", async () => {
  const { app } = createTestApp({ corsOrigins: ["*"] });
  for (const headers of [{ origin: "https://any.example" }, { origin: "null" }, undefined]) {
    const answer = await app.request("/health", { headers });
    assertEquals(answer.headers.get("access-control-allow-origin"), "*");
    assertEquals(answer.headers.get("vary"), null);
  }
  assertEquals((await app.request("/health", preflight("null"))).status, 204);
});

Deno.test("a page may read every header of the API that browsers hide", async () => {
  const { app } = createTestApp(LISTED);
  const answer = await app.request("/health", { headers: { origin: APP } });
  const exposed = answer.headers.get("access-control-expose-headers")?.split(", ");
  for (
    const name of ["Link", "Location", "ETag", "RateLimit", "RateLimit-Policy", "Retry-After"]
      .concat(
        ["Preference-Applied", "Content-Disposition", "Content-Range", "Repr-Digest"],
      )
  ) {
    assert(exposed?.includes(name), name);
  }
});

Deno.test("files carry CORS headers: whole, in part, unchanged", async () => {
  await using service = await startTestService(LISTED);
  await importText(service.url, "123", "timestamp,power_kw\n2024-01-01T00:00:00Z,1\n");
  const { file_info } = await exportToEnd(service.url, EXAMPLE);
  const url = service.url + file_info.download_url;
  const requests: [headers: Record<string, string>, status: number][] = [
    [{}, 200],
    [{ range: "bytes=0-9" }, 206],
    [{ "if-none-match": `"${file_info.sha256}"` }, 304],
    [{ range: "bytes=9999-" }, 416],
  ];
  for (const [headers, status] of requests) {
    const answer = await fetch(url, { headers: { ...headers, origin: APP } });
    await answer.body?.cancel();
    assertEquals(answer.status, status);
    assertEquals(answer.headers.get("access-control-allow-origin"), APP);
  }
});

Deno.test("an answer that depends on another header, too, names both in Vary", () => {
  const headers = new Headers({ vary: "accept" });
  allowOrigin(headers, new Request("http://localhost"), [APP]);
  assertEquals(headers.get("vary"), "accept, Origin");
});

Deno.test("the 503 of a service that stops has CORS headers", async () => {
  const service = await startTestService({ ...LISTED, role: "api" });
  const waiting = fetch(`${service.url}/api/meters/m1/readings`, {
    method: "POST",
    headers: { "content-type": "text/csv" },
    body: ReadableStream.from((async function* () {
      yield new TextEncoder().encode("timestamp,power_kw\n");
      await pause(600);
      yield new TextEncoder().encode("2024-01-01T00:00:00Z,1\n");
    })()),
  });
  await pause(200);
  const stopped = service[Symbol.asyncDispose]();
  const answer = await fetch(`${service.url}/health`, { headers: { origin: APP } });
  assertEquals([answer.status, (await answer.json()).code], [503, "SERVICE_STOPPING"]);
  assertEquals(answer.headers.get("access-control-allow-origin"), APP);
  await (await waiting).text();
  await stopped;
});
