import { badgeSvg } from "../../../routes/pages/badge_svg.ts";
import { NOTHING_PUBLIC } from "../../../data/public_settings.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../support/assert.ts";
import { openKeyedApp } from "../../support/keyed_app.ts";
import { postStores } from "../overview/stores_fixture.ts";

const NOW_MS = Date.UTC(2024, 1, 1, 10);
const HTML = { headers: { accept: "text/html", "accept-language": "en-GB" } };
const FORM = {
  "accept": "text/html",
  "content-type": "application/x-www-form-urlencoded",
  "sec-fetch-site": "same-origin",
};
const NASTY = `<img src=x onerror=alert(1)>"'&`;

async function seed(ask: ReturnType<Awaited<ReturnType<typeof openKeyedApp>>["as"]>) {
  await postStores(ask, "status", [
    "store_id,timestamp_utc,status",
    "shop-1,2024-02-01T09:00:00Z,active",
    "back-1,2024-02-01T09:00:00Z,inactive",
  ]);
  const body = { profile: "battery", location: NASTY };
  await ask("PUT /devices/roof", { body });
  const metrics = { soc_percent: 51, voltage_v: 400, current_a: 1, temp_c: 47 };
  const timestamp = "2024-02-01T09:30:00Z";
  await ask("POST /telemetry", { body: { device_id: "roof", timestamp, metrics } });
}

Deno.test("devices show their state, last values and location as text, to keys that may see them", async () => {
  await using app = await openKeyedApp(() => NOW_MS);
  await seed(app.as("all"));
  const { text } = await app.as("all")("GET /fleet/devices", HTML);
  assertStringIncludes(text, 'href="/device/roof"');
  assertMatch(text, /47 °C/);
  assertStringIncludes(text, "&lt;img src=x onerror=alert(1)&gt;");
  assert(!text.includes("<img src=x"), text);
  const other = await app.as("other", { patterns: { device: ["x"] } })("GET /fleet/devices", HTML);
  assertStringIncludes(other.text, "There is no device yet.");
});

Deno.test("an alert is tried on the last day, then saved; what is wrong is said", async () => {
  await using app = await openKeyedApp(() => NOW_MS);
  const ask = app.as("all");
  await seed(ask);
  const fields = {
    name: `Hot ${NASTY}`,
    kind: "above",
    metric: "temp_c",
    limit: "45,5",
    minutes: "5",
    ids: "ro*, x",
    severity: "critical",
    email: "",
  };
  const send = (path: string, changes = {}) =>
    ask(`POST ${path}`, {
      headers: FORM,
      body: new URLSearchParams({ ...fields, ...changes }).toString(),
    });
  const tried = await send("/fleet/alerts/test");
  assertEquals(tried.status, 200, tried.text);
  assertStringIncludes(tried.text, "In the last day");
  // Where a choice of the language leads back.
  assertStringIncludes(tried.text, 'name="to" value="/fleet/alerts"');
  assertEquals((await ask("GET /api/alerts")).body.alerts, []);
  assertEquals((await send("/fleet/alerts")).status, 303);
  const [alert] = (await ask("GET /api/alerts")).body.alerts;
  assertEquals([alert.name, alert.on, alert.scope.ids, alert.severity], [
    `Hot ${NASTY}`,
    "devices",
    ["ro*", "x"],
    "critical",
  ]);
  assertEquals([alert.condition.limit, alert.condition.for_seconds], [45.5, 300]);
  const page = await ask("GET /fleet/alerts", HTML);
  assertStringIncludes(page.text, "temp_c above 45.5 for 5 min");
  assert(!page.text.includes("<img src=x"), page.text);
  const wrong = await send("/fleet/alerts", { limit: "hot", minutes: "x" });
  assertEquals(wrong.status, 400);
  assertMatch(wrong.text, /condition\.limit must be/);
  const reader = app.as("reader", { scopes: ["read"] });
  const body = new URLSearchParams(fields).toString();
  assertEquals((await reader("POST /fleet/alerts", { headers: FORM, body })).status, 403);
  assertEquals((await reader("POST /fleet/alerts/test", { headers: FORM, body })).status, 200);
});

Deno.test("an alert is changed, switched off and deleted by forms; what they do not have stays", async () => {
  await using app = await openKeyedApp(() => NOW_MS);
  const ask = app.as("all");
  const made = {
    name: NASTY,
    on: "devices",
    condition: { type: "above", metric: "temp_c", limit: 45, clear_at: 40, for_seconds: 60 },
    scope: { ids: ["ro*"], profile: "battery" },
    group_seconds: 5,
    resolve_after_seconds: 30,
  };
  const { body: { id } } = await ask("POST /api/alerts", { body: made });
  const page = await ask(`GET /fleet/alerts/${id}`, HTML);
  assertEquals(page.status, 200);
  assert(!page.text.includes("<img src=x"), page.text);
  assertStringIncludes(page.text, 'name="limit" value="45"');
  const fields = {
    name: "Hot",
    minutes: "2,5",
    limit: "50",
    ids: "",
    severity: "critical",
    note: "Call the site",
  };
  const send = (changes = {}, path = "") =>
    ask(`POST /fleet/alerts/${id}${path}`, {
      headers: FORM,
      body: new URLSearchParams({ ...fields, ...changes }).toString(),
    });
  assertEquals((await send()).status, 303);
  const { body: after } = await ask(`GET /api/alerts/${id}`);
  assertEquals(after.condition, {
    type: "above",
    metric: "temp_c",
    limit: 50,
    clear_at: 40,
    for_seconds: 150,
  });
  assertEquals([after.name, after.note, after.severity, after.state], [
    "Hot",
    "Call the site",
    "critical",
    "disabled",
  ]);
  assertEquals([after.scope.ids, after.scope.profile], [null, "battery"]);
  assertEquals([after.group_seconds, after.resolve_after_seconds], [5, 30]);
  const wrong = await send({ limit: "hot", name: "Kept" });
  assertEquals(wrong.status, 400);
  assertMatch(wrong.text, /condition\.limit must be/);
  assertStringIncludes(wrong.text, 'value="Kept"');
  const reader = app.as("reader", { scopes: ["read"] });
  assertEquals((await reader(`GET /fleet/alerts/${id}`, HTML)).status, 403);
  assertEquals((await send({}, "/delete")).status, 303);
  assertEquals((await ask("GET /api/alerts")).body.alerts, []);
});

Deno.test("an alert that waits for a time of no whole minutes is saved with it, or with another", async () => {
  await using app = await openKeyedApp(() => NOW_MS);
  const ask = app.as("all");
  const condition = { type: "above", metric: "temp_c", limit: 45, for_seconds: 125 };
  const made = { name: "Hot", on: "devices", condition };
  const { body: { id } } = await ask("POST /api/alerts", { body: made });
  const page = await ask(`GET /fleet/alerts/${id}`, HTML);
  assertStringIncludes(page.text, 'name="minutes" value="2.08"');
  const save = async (minutes: string) => {
    const body = new URLSearchParams({ name: "Warm", minutes, limit: "45", severity: "warning" });
    const sent = { headers: FORM, body: body.toString() };
    const { status, text } = await ask(`POST /fleet/alerts/${id}`, sent);
    assertEquals(status, 303, text);
    return (await ask(`GET /api/alerts/${id}`)).body.condition.for_seconds;
  };
  // 2.08 minutes are 124.8 s.
  assertEquals(await save("2.08"), 125);
  assertEquals(await save("0,1"), 6);
  // 1.33 minutes are 79.8 s.
  assertEquals(await save("1.33"), 80);
});

Deno.test("devices are found by a part of their id or location, and by their state", async () => {
  await using app = await openKeyedApp(() => NOW_MS);
  const ask = app.as("all");
  const metrics = { soc_percent: 51, voltage_v: 400, current_a: 1, temp_c: 47 };
  for (const [id, location] of [["roof-1", "Graz"], ["cellar-2", "Linz"], ["roof-3", "Wels"]]) {
    await ask(`PUT /devices/${id}`, { body: { profile: "battery", location } });
    if (id === "roof-3") continue;
    const timestamp = new Date(NOW_MS).toISOString();
    await ask("POST /telemetry", { body: { device_id: id, timestamp, metrics } });
  }
  // As the work that finds devices offline leaves it.
  const { key, value } = await app.kv.get<object>(["device", "roof-3"]);
  await app.kv.set(key, { ...value, state: "offline" });
  const found = async (query: string) => {
    const { text } = await ask(`GET /fleet/devices?${query}`, HTML);
    return [...text.matchAll(/href="\/device\/([^"]+)"/g)].map(([, id]) => id);
  };
  assertEquals(await found(""), ["cellar-2", "roof-1", "roof-3"]);
  assertEquals(await found("q=oof"), ["roof-1", "roof-3"]);
  assertEquals(await found("q=linz"), ["cellar-2"]);
  const online = await found("state=online"), offline = await found("state=offline");
  assertEquals([online, offline], [["cellar-2", "roof-1"], ["roof-3"]]);
  assertEquals(await found("state=online&q=roof"), ["roof-1"]);
  const none = await ask("GET /fleet/devices?q=nothing", HTML);
  assertStringIncludes(none.text, "Nothing matches.");
});

Deno.test("badges and status pages are there for all only where they are switched on", async () => {
  const publicStatus = { stores: ["shop-*"], devices: ["roof"] };
  await using app = await openKeyedApp(() => NOW_MS, { publicStatus });
  await seed(app.as("all"));
  const nobody = app.as("nobody", { scopes: [] });
  const badge = await nobody("GET /badges/store/shop-1.svg");
  assertEquals(badge.headers.get("content-type"), "image/svg+xml; charset=utf-8");
  assertEquals(badge.headers.get("cache-control"), "public, max-age=60");
  assertStringIncludes(badge.text, "<title>shop-1: Up · 100 %</title>");
  assertStringIncludes((await nobody("GET /badges/device/roof.svg")).text, "roof: Online");
  const page = await nobody("GET /status/shop-1", HTML);
  assertEquals(page.status, 200);
  // Bars without links: the days of a store are for those who may read.
  assert(!/data-day|href="\/(fleet|stores)[/"]/.test(page.text), page.text);

  // A problem has the id of its request.
  const same = { headers: { "x-request-id": "same" } };
  const hidden = await nobody("GET /badges/store/back-1.svg", same);
  const unknown = await nobody("GET /badges/store/shop-9.svg", same);
  assertEquals([hidden.status, hidden.text], [404, unknown.text]);
  const status = await nobody("GET /status/back-1", HTML);
  assertEquals(status.status, 404);
  assertEquals((await nobody("GET /status/none", HTML)).status, 404);
  const reader = app.as("reader", { scopes: ["read"] });
  const own = await reader("GET /badges/store/back-1.svg");
  assertEquals([own.status, own.headers.get("cache-control")], [200, "no-store"]);
  const some = app.as("some", { scopes: ["read"], patterns: { store: ["x"] } });
  assertEquals((await some("GET /badges/store/back-1.svg")).status, 404);
});

Deno.test("without the settings nothing is public", async () => {
  await using app = await openKeyedApp(() => NOW_MS, { publicStatus: NOTHING_PUBLIC });
  await seed(app.as("all"));
  const nobody = app.as("nobody", { scopes: [] });
  for (const path of ["badges/store/shop-1.svg", "badges/device/roof.svg", "status/shop-1"]) {
    assertEquals((await nobody(`GET /${path}`)).status, 404, path);
  }
});

Deno.test("a badge is valid XML, whatever it says", () => {
  const svg = badgeSvg({ label: NASTY, text: NASTY, level: "good" });
  assert(!svg.includes("<img"), svg);
  assertStringIncludes(svg, "&lt;img src=x onerror=alert(1)>&quot;'&amp;");
});
