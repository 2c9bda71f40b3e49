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
  const titles = [...text.matchAll(/<title>(\d[^<]*)<\/title>/g)].map(([, title]) => title);
  assertEquals(titles.length, 90);
  assertEquals(titles.slice(-6), [
    "27 Jan 2024: Closed",
    "28 Jan 2024: Closed",
    // More than a day before the first poll.
    "29 Jan 2024: Unknown 8 hr",
    "30 Jan 2024: Up 8 hr",
    "31 Jan 2024: Up 6 hr, Down 2 hr",
    "1 Feb 2024: Up 1 hr",
  ]);
  // (8 + 6 + 1) of (15 + 2) hours.
  assertStringIncludes(text, "<strong>88.24 %</strong>");
  assertMatch(text, /aria-label="corner: Down on 1 of 90 days"/);
  assertMatch(text, /<span class="state good">Up<\/span>/);
});

Deno.test("a key sees the stores that it may touch, page by page", async () => {
  await using app = await openKeyedApp(() => NOW_MS);
  const polls = Array.from(
    { length: 27 },
    (_, index) => `a-${String(index).padStart(2, "0")},2024-02-01T09:00:00Z,active`,
  );
  const lines = ["store_id,timestamp_utc,status", ...polls, "b-1,2024-02-01T09:00:00Z,active"];
  await postStores(app.as("all"), "status", lines);
  const ask = app.as("some", { scopes: ["read"], patterns: { store: ["a-*"] } });
  const first = await ask("GET /fleet", HTML);
  assertStringIncludes(first.text, 'href="/fleet?after=a-24"');
  const second = await ask("GET /fleet?after=a-24", HTML);
  const ids = [...second.text.matchAll(/<strong class="id">([^<]*)</g)].map(([, id]) => id);
  assertEquals(ids, ["a-25", "a-26"]);
});
