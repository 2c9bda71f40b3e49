import { readPackageFile } from "../../../routes/docs/package_files.ts";
import { flagsOf } from "../../../data/task_permissions.ts";
import { type Asset, ASSETS } from "../../../routes/pages/asset_table.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { createTestApp, emptySeries } from "../app_fixture.ts";
import { getPage, sendForm } from "./page_fixture.ts";

const { app } = createTestApp({ readPackageFile });

Deno.test("/ shows browsers a page, and tells programs as ever that there is nothing", async () => {
  const { status, headers, html } = await getPage(app, "/");
  assertEquals(status, 200);
  assertEquals(headers.get("content-type"), "text/html; charset=utf-8");
  assertMatch(html, /<main id="content"/);

  for (const accept of [undefined, "*/*", "application/json"]) {
    const answer = await app.request("/", accept === undefined ? {} : { headers: { accept } });
    const { request_id, ...problem } = await answer.json();
    assertEquals(request_id, answer.headers.get("x-request-id"));
    assertEquals(problem, {
      type: "urn:openwatts:problem:route-not-found",
      title: "Not found",
      status: 404,
      code: "ROUTE_NOT_FOUND",
      detail: "There is nothing at /",
    });
  }
});

Deno.test("pages allow no script or style but files of the service, and have none within", async () => {
  const { headers, html } = await getPage(app, "/");
  const policy = headers.get("content-security-policy") ?? "";
  for (const rule of ["default-src 'none'", "script-src 'self'", "style-src 'self'"]) {
    assert(policy.split("; ").includes(rule), policy);
  }
  assert(!policy.includes("unsafe"), policy);
  assert(!/\sstyle=|<style|\son\w+=|javascript:/i.test(html), html);
  // Data that no browser runs.
  assertEquals([...html.matchAll(/<script(?! type="module" src=)([^>]*)>/g)].map(([, at]) => at), [
    ' type="application/json" id="page-data"',
  ]);
});

Deno.test("every file is served for good under its digest, compressed, and is known again", async () => {
  const { html } = await getPage(app, "/");
  const [, base] = /href="(\/assets\/[0-9a-f]{16})\/style\.css"/.exec(html) ?? [];
  for (const name of Object.keys(ASSETS)) {
    const url = `${base}/${name}`;
    const plain = await app.request(url);
    assertEquals(plain.status, 200, name);
    assertEquals(plain.headers.get("cache-control"), "public, max-age=31536000, immutable");
    const text = await plain.text();
    const packed = await app.request(url, { headers: { "accept-encoding": "gzip" } });
    assertEquals(packed.headers.get("content-encoding"), "gzip", name);
    const unpacked = packed.body!.pipeThrough(new DecompressionStream("gzip"));
    assertEquals(await new Response(unpacked).text(), text);
    const etag = plain.headers.get("etag") ?? "";
    assertMatch(etag, /^"[0-9a-f]{64}"$/);
    const again = await app.request(url, { headers: { "if-none-match": etag } });
    assertEquals(again.status, 304);
  }
  const other = await app.request("/assets/0000000000000000/style.css");
  assertEquals([other.status, other.headers.get("cache-control")], [200, "no-cache"]);
  assertEquals((await app.request(`${base}/deno.json`)).status, 404);
  assertEquals((await app.request(`${base}/..%2Fpages%2Fview.ts`)).status, 404);
});

Deno.test("pages speak the language of the browser, and the one that was chosen before it", async () => {
  const german = await getPage(app, "/", { "accept-language": "de-AT,en;q=0.5" });
  assertMatch(german.html, /<html lang="de" data-theme="system" data-locale="de-AT"/);
  assertMatch(german.html, /<title>Übersicht · OpenWatts<\/title>/);
  const weighed = await getPage(app, "/", { "accept-language": "de;q=0.3, fr, en;q=0.8" });
  assertMatch(weighed.html, /<html lang="en" data-theme="system" data-locale="fr"/);
  const chosen = await getPage(app, "/", {
    "accept-language": "de",
    cookie: "openwatts_language=en; openwatts_theme=dark; openwatts_zone=utc",
  });
  assertMatch(
    chosen.html,
    /<html lang="en" data-theme="dark" data-locale="de" data-zone-choice="utc"/,
  );
  const wrong = await getPage(app, "/", { cookie: 'openwatts_language=x"><b>; openwatts_theme=x' });
  assertMatch(wrong.html, /<html lang="en" data-theme="system"/);
});

Deno.test("a form without JavaScript keeps a choice and leads back, within the service only", async () => {
  const fields = { theme: "dark", zone: "utc", language: "de", to: "/?x=1" };
  const kept = await sendForm(app, "/preferences", fields);
  assertEquals([kept.status, kept.headers.get("location")], [303, "/?x=1"]);
  assertEquals(kept.headers.getSetCookie().map((text) => text.split(";")[0]), [
    "openwatts_language=de",
    "openwatts_theme=dark",
    "openwatts_zone=utc",
  ]);
  for (const to of ["//evil.example", "/\\evil.example", "https://evil.example", "x"]) {
    const { headers } = await sendForm(app, "/preferences", { ...fields, to });
    assertEquals(headers.get("location"), "/", to);
  }
  const foreign = await sendForm(app, "/preferences", fields, { "sec-fetch-site": "cross-site" });
  assertEquals(foreign.headers.getSetCookie(), []);
});

Deno.test("the task that starts the service may read every package whose files the pages load", () => {
  const read = flagsOf({}, "/").flags.find((flag) => flag.startsWith("--allow-read=")) ?? "";
  const packages = Object.values<Asset>(ASSETS).flatMap(({ from }) => from?.package ?? []);
  assert(packages.length > 0);
  for (const name of packages) assert(read.includes(`/${name}/`), `${name}: ${read}`);
});

Deno.test("browsers get a page where nothing is, with the navigation, and programs a problem", async () => {
  for (const path of ["/nothing/here", "/api/nothing", "/meter"]) {
    const { status, headers, html } = await getPage(app, path);
    assertEquals([status, headers.get("content-type")], [404, "text/html; charset=utf-8"], path);
    assertMatch(html, /<a href="\/meters">/);
    assertMatch(html, new RegExp(`There is nothing at ${path}`));
    assertMatch(html, /There is nothing here<\/h1>/);
    const problem = await app.request(path, { headers: { accept: "application/json" } });
    assertEquals((await problem.json()).code, "ROUTE_NOT_FOUND");
  }
  const nasty = await getPage(app, "/%3Cscript%3Ealert(1)%3C/script%3E");
  assertEquals(nasty.status, 404);
  assert(!nasty.html.includes("<script>alert"), nasty.html);
  const wrong = await app.request("/telemetry", { headers: { accept: "text/html" } });
  assertEquals([wrong.status, wrong.headers.get("allow")], [405, "POST"]);
  assertMatch(await wrong.text(), /<main id="content"/);
});

Deno.test("a page that fails says so as a page, and logs the error; the API keeps to problems", async () => {
  const series = { ...emptySeries(), list: () => Promise.reject(new Error("cause for the log")) };
  const { app, logged } = createTestApp({ readPackageFile, series });
  const { status, headers, html } = await getPage(app, "/meters");
  assertEquals([status, headers.get("content-type")], [500, "text/html; charset=utf-8"]);
  assertMatch(html, /Something is wrong with the service<\/h1>/);
  assertMatch(html, /An unexpected error occurred; it has been logged/);
  assert(!html.includes("cause for the log"));
  assertEquals(logged.map(({ event }) => event).includes("request failed"), true);
  const { status: apiStatus, headers: apiHeaders } = await getPage(app, "/api/meters");
  assertEquals([apiStatus, apiHeaders.get("content-type")], [500, "application/problem+json"]);
});
