import { findingsOf, levelOf } from "../../../routes/pages/home_findings.ts";
import { curlOf, shellText } from "../../../routes/pages/curl.ts";
import type { Overview } from "../../../routes/overview/schemas.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { openKeyedApp } from "../../support/keyed_app.ts";
import { createTestApp } from "../app_fixture.ts";
import { getPage } from "./page_fixture.ts";

const HTML = { headers: { accept: "text/html" } };
const NOW_MS = Date.UTC(2024, 1, 1, 10);
/** An overview of somebody who may see nothing. */
const NOTHING: Overview = {
  as_of: "2024-02-01T10:00:00Z",
  devices: null,
  stores: null,
  meters: null,
  jobs: null,
  continuous_exports: null,
  alerts: null,
  disk: null,
  file_room: null,
};

Deno.test("Home of an empty service shows how to begin, with a message that the API accepts", async () => {
  await using opened = await openKeyedApp(() => NOW_MS);
  const ask = opened.as("all");
  const { text } = await ask("GET /", HTML);
  assertMatch(text, /Waiting for the first message/);
  assertMatch(text, /Authorization: Bearer \$OPENWATTS_KEY/);
  const [, json] = /-d &#39;(\{.*\})&#39;/.exec(text) ?? [];
  const sent = await ask("POST /telemetry", { body: JSON.parse(json.replaceAll("&quot;", '"')) });
  assertEquals(sent.status, 201, sent.text);
  // Figures are kept for some seconds, for each caller.
  const { text: after } = await opened.as("other")("GET /fragments/home", HTML);
  assert(after.includes("battery-1") && !after.includes("Waiting"), after);
});

Deno.test("ids, labels and locations with markup show as text", async () => {
  await using opened = await openKeyedApp(() => NOW_MS);
  const ask = opened.as("all");
  const nasty = `<img src=x onerror=alert(1)>"'&`;
  await ask("PUT /api/meters/m", { body: { label: nasty } });
  const readings = "timestamp,power_kw\n2024-01-30T00:00:00Z,1\n";
  await ask("POST /api/meters/m/readings", {
    headers: { "content-type": "text/csv" },
    body: readings,
  });
  const { text } = await ask("GET /", HTML);
  assert(text.includes("&lt;img src=x onerror=alert(1)&gt;"), text);
  assert(!text.includes("<img src=x"), text);
});

Deno.test("a key sees the figures of its scopes, and which scope the others need", async () => {
  await using opened = await openKeyedApp(() => NOW_MS);
  const { text } = await opened.as("sender", { scopes: ["ingest"] })("GET /", HTML);
  assertMatch(text, /Some figures need the scope read/);
  assert(!text.includes('id="tile-devices"'), text);
  assert(!text.includes('id="tile-jobs"'), text);
});

Deno.test("findings are what is not zero, the worst first", () => {
  const overview: Overview = {
    ...NOTHING,
    meters: { total: 9, late: 2, ended: 1, is_complete: true, latest: [] },
    stores: { total: 5, open: 4, down: 1, unknown: 0, is_complete: true, down_now: [] },
    disk: { free_bytes: 2, total_bytes: 100 },
  };
  const findings = findingsOf(overview);
  assertEquals(findings.map(({ level, tile, count }) => `${level} ${tile} ${count}`), [
    "bad stores 1",
    "bad disk 1",
    "warn meters 2",
  ]);
  assertEquals([levelOf(findings), levelOf(findings, "meters"), levelOf(findings, "jobs")], [
    "bad",
    "warn",
    "good",
  ]);
  assertEquals(findingsOf({ ...NOTHING, disk: { free_bytes: 10, total_bytes: 100 } }), []);
  assertEquals(
    findingsOf({ ...NOTHING, disk: { free_bytes: 9, total_bytes: 100 } })[0].level,
    "warn",
  );
  const [full] = findingsOf({ ...NOTHING, file_room: { free_bytes: 0, total_bytes: 100 } });
  assertEquals([full.level, full.tile], ["bad", "files"]);
});

Deno.test("calls are written for a shell, whatever is in them, and name no key", () => {
  const view = { origin: "http://localhost:8000", hasSignIn: true };
  assertEquals(
    curlOf(view, { path: "/a?b=c&d=1", json: { id: "it's" } }),
    `curl -s 'http://localhost:8000/a?b=c&d=1' \\\n  -H "Authorization: Bearer $OPENWATTS_KEY" \\\n` +
      `  -H 'Content-Type: application/json' \\\n  -d '{"id":"it'\\''s"}'`,
  );
  assertEquals(
    curlOf({ ...view, hasSignIn: false }, { method: "DELETE", path: "/x" }),
    "curl -s -X DELETE http://localhost:8000/x",
  );
  assertEquals([shellText("$(reboot)"), shellText("")], ["'$(reboot)'", "''"]);
});

Deno.test("Home goes over the wire in at most 60 KB, its files included", async () => {
  const { app } = createTestApp();
  const packed = { "accept-encoding": "br, gzip" };
  const home = await app.request("/", { headers: { accept: "text/html", ...packed } });
  let bytes = (await home.arrayBuffer()).byteLength;
  const { html } = await getPage(app, "/");
  const urls = new Set(
    [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, url]) => url),
  );
  for (const url of urls) {
    // Modules import others, relative to themselves.
    const text = await (await app.request(url)).text();
    for (const [, name] of text.matchAll(/from "(\.\/[\w.]+)"/g)) {
      urls.add(new URL(name, `http://x${url}`).pathname);
    }
    const answer = await app.request(url, { headers: packed });
    bytes += (await answer.arrayBuffer()).byteLength;
  }
  assert(urls.size > 8, [...urls].join());
  assert(bytes < 60_000, String(bytes));
});
