import { assertEquals, assertMatch, assertStringIncludes } from "../../support/assert.ts";
import { openKeyedApp } from "../../support/keyed_app.ts";
import { postStores } from "../overview/stores_fixture.ts";

/** A Thursday, 10:00 in London. */
const NOW_MS = Date.UTC(2024, 1, 1, 10);
const HTML = { headers: { accept: "text/html", "accept-language": "en-GB" } };

Deno.test("each bar of a store says what its day was made of, by its own clock and hours", async () => {
  await using app = await openKeyedApp(() => NOW_MS);
  const ask = app.as("all");
  await postStores(ask, "status", [
    "store_id,timestamp_utc,status",
    "corner,2024-01-31T09:00:00Z,active",
    "corner,2024-01-31T12:00:00Z,inactive",
    "corner,2024-01-31T14:00:00Z,active",
    "corner,2024-02-01T09:00:00Z,active",
  ]);
  await postStores(ask, "hours", [
    "store_id,dayOfWeek,start_time_local,end_time_local",
    ...[0, 1, 2, 3, 4].map((day) => `corner,${day},09:00:00,17:00:00`),
  ]);
  await postStores(ask, "timezones", ["store_id,timezone_str", "corner,Europe/London"]);
  const { text } = await ask("GET /fleet", HTML);
  const bars = [...text.matchAll(/data-day="[^"]*" aria-label="([^"]*)"/g)].map(([, label]) =>
    label
  );
  assertEquals(bars.length, 90);
  assertEquals(bars.slice(-6), [
    "Sat, 27 Jan 2024 · Closed",
    "Sun, 28 Jan 2024 · Closed",
    // More than a day before the first poll.
    "Mon, 29 Jan 2024 · Unknown 8 h",
    "Tue, 30 Jan 2024 · Up 8 h",
    "Wed, 31 Jan 2024 · Up 6 h · Down 2 h",
    "Thu, 1 Feb 2024 · Up 1 h",
  ]);
  // (8 + 6 + 1) of (15 + 2) hours.
  assertStringIncludes(text, "88.24 %");
  assertMatch(text, /<span class="state good">Up<\/span>/);
  // The rows are asked for again.
  const [, again] = /data-fragment="([^"]*)"/.exec(text) ?? [];
  assertStringIncludes((await ask(`GET ${again}`, HTML)).text, "88.24 %");

  const day = await ask("GET /fleet/stores/corner/2024-01-31", HTML);
  assertStringIncludes(day.text, "Open 09:00–17:00 (Europe/London)");
  const reasons = [...day.text.matchAll(/<b>(\w+)<\/b>: ([^<]*)/g)].map(([, ...two]) =>
    two.join(": ")
  );
  assertEquals(reasons, [
    "Up: poll 09:00 active, held 3 hr",
    "Down: poll 12:00 inactive, held 2 hr",
    "Up: poll 14:00 active, held 3 hr",
  ]);
  const fragment = await ask("GET /fragments/fleet/corner/2024-01-31?hold=1", HTML);
  assertStringIncludes(fragment.text, "no poll within 1 h");
});

Deno.test("a month is a report: its own days, and their figures", async () => {
  await using app = await openKeyedApp(() => NOW_MS);
  const ask = app.as("all");
  const polls = ["store_id,timestamp_utc,status", "a,2023-12-31T12:00:00Z,active"];
  await postStores(ask, "status", polls);
  const { text } = await ask("GET /fleet?span=2024-01&hold=none", HTML);
  assertStringIncludes(text, "Stores: report for January 2024");
  assertEquals([...text.matchAll(/data-day="2024-01-\d\d"/g)].length, 31);
  assertStringIncludes(text, "744 h");
});

Deno.test("a key sees the stores that it may touch, page by page", async () => {
  await using app = await openKeyedApp(() => NOW_MS);
  const polls = Array.from(
    { length: 52 },
    (_, index) => `a-${String(index).padStart(2, "0")},2024-02-01T09:00:00Z,active`,
  );
  const lines = ["store_id,timestamp_utc,status", ...polls, "b-1,2024-02-01T09:00:00Z,active"];
  await postStores(app.as("all"), "status", lines);
  const ask = app.as("some", { scopes: ["read"], patterns: { store: ["a-*"] } });
  const first = await ask("GET /fleet", HTML);
  assertStringIncludes(first.text, 'href="/fleet?after=a-49"');
  const second = await ask("GET /fleet?after=a-49", HTML);
  const ids = [...second.text.matchAll(/data-store="([^"]*)"/g)].map(([, id]) => id);
  assertEquals(ids, ["a-50", "a-51"]);
});
