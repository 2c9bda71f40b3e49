import { bodyOfForm, formOfFields, formOfStore } from "../../../routes/pages/fleet_hours_form.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../support/assert.ts";
import { openKeyedApp } from "../../support/keyed_app.ts";
import { postStores } from "../overview/stores_fixture.ts";

/** A Thursday, 10:00 in London. */
const NOW_MS = Date.UTC(2024, 1, 1, 10);
const HTML = { headers: { accept: "text/html", "accept-language": "en-GB" } };
const FORM = {
  "accept": "text/html",
  "accept-language": "en-GB",
  "content-type": "application/x-www-form-urlencoded",
  "sec-fetch-site": "same-origin",
};

Deno.test("the form of a store gives back its hours: whole days, nights, seconds", () => {
  const HOUR_MS = 3_600_000;
  const hours = [
    { day: 0, startMs: 0, endMs: 24 * HOUR_MS },
    { day: 2, startMs: 9 * HOUR_MS, endMs: 12 * HOUR_MS + 30_000 },
    { day: 2, startMs: 22 * HOUR_MS, endMs: 2 * HOUR_MS },
  ];
  const form = formOfStore({ zone: "Europe/London", hours });
  const fields = new URLSearchParams({ zone: form.zone });
  for (const [day, rows] of form.days.entries()) {
    // The rows that are empty are sent too.
    for (const { start, end } of [...rows, { start: "", end: "" }]) {
      fields.append(`start-${day}`, start);
      fields.append(`end-${day}`, end);
    }
  }
  assertEquals(bodyOfForm(formOfFields(fields)), {
    timezone_str: "Europe/London",
    hours: [
      { day_of_week: 0, start_time_local: "00:00", end_time_local: "00:00" },
      { day_of_week: 2, start_time_local: "09:00", end_time_local: "12:00:30" },
      { day_of_week: 2, start_time_local: "22:00", end_time_local: "02:00" },
    ],
  });
  const always = new URLSearchParams({ always: "on", zone: "" });
  assertEquals(bodyOfForm(formOfFields(always)), { timezone_str: null, hours: null });
});

Deno.test("without JavaScript, hours are tried on the last week, then saved and audited", async () => {
  await using app = await openKeyedApp(() => NOW_MS);
  const ask = app.as("all");
  await postStores(ask, "status", [
    "store_id,timestamp_utc,status",
    "corner,2024-01-31T09:00:00Z,active",
    "corner,2024-01-31T15:00:00Z,inactive",
  ]);
  await postStores(ask, "timezones", ["store_id,timezone_str", "corner,Europe/London"]);
  const page = await ask("GET /fleet/stores/corner/hours", HTML);
  assertMatch(page.text, /<input type="checkbox" name="always" checked/);
  const body = new URLSearchParams({ zone: "Europe/London" });
  body.append("start-2", "10:00");
  body.append("end-2", "16:00");
  const path = "/fleet/stores/corner/hours";
  const tried = await ask(`POST ${path}/preview`, { headers: FORM, body: body.toString() });
  assertEquals(tried.status, 200);
  // Wednesday, 31 January: up from 10:00 to 15:00, down for an hour; before it was open all week.
  assertStringIncludes(tried.text, "5 of 6 h up");
  // Where a choice of the language leads back.
  assertStringIncludes(tried.text, `name="to" value="${path}"`);
  assertStringIncludes(tried.text, "168 → 6 h");
  assertStringIncludes(tried.text, "→ 83.33 %");
  assertEquals((await ask("GET /stores/corner")).body.hours, null);
  const saved = await ask(`POST ${path}`, { headers: FORM, body: body.toString() });
  assertEquals([saved.status, saved.headers.get("location")], [303, "/fleet/stores/corner"]);
  assertEquals((await ask("GET /stores/corner")).body.hours, [
    { day_of_week: 2, start_time_local: "10:00:00", end_time_local: "16:00:00" },
  ]);
  assertStringIncludes((await ask("GET /fleet/stores/corner", HTML)).text, "10:00–16:00");
});

Deno.test("what is wrong with a form is said with its day, and what was typed stays", async () => {
  await using app = await openKeyedApp(() => NOW_MS);
  const ask = app.as("all");
  await postStores(ask, "timezones", ["store_id,timezone_str", "corner,Europe/London"]);
  const body = new URLSearchParams({ zone: "Europe/London" });
  body.append("start-4", `"><img src=x>`);
  body.append("end-4", "12:00");
  const { status, text } = await ask("POST /fleet/stores/corner/hours", {
    headers: FORM,
    body: body.toString(),
  });
  assertEquals(status, 400);
  assertStringIncludes(text, "Friday: start_time_local must be");
  assertStringIncludes(text, "&quot;&gt;&lt;img src=x&gt;");
  assert(!text.includes("<img src=x>"), text);
});

Deno.test("hours are changed by keys with the scope manage, for their stores, from own pages", async () => {
  await using app = await openKeyedApp(() => NOW_MS);
  await postStores(app.as("all"), "timezones", ["store_id,timezone_str", "corner,Europe/London"]);
  const path = "/fleet/stores/corner/hours";
  const reader = app.as("reader", { scopes: ["read"] });
  assertEquals((await reader(`GET ${path}`, HTML)).status, 403);
  assert(!(await reader("GET /fleet/stores/corner", HTML)).text.includes(path));
  const other = app.as("other", { patterns: { store: ["x*"] } });
  assertEquals((await other(`GET ${path}`, HTML)).status, 404);
  assertEquals((await other("GET /fleet/stores/corner", HTML)).status, 404);
  const sent = { headers: { ...FORM, "sec-fetch-site": "cross-site" }, body: "zone=UTC" };
  assertEquals((await app.as("all")(`POST ${path}`, sent)).status, 403);
});
