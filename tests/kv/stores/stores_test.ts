import { STORE_SPANS_MAX } from "../../../data/limits.ts";
import type { WeeklySpan } from "../../../data/stores/business_hours.ts";
import {
  commitStores,
  getStoreSettings,
  listStoreSettings,
  stageStoreHours,
  stageStoreZone,
} from "../../../kv/stores/stores.ts";
import { assertEquals, assertLess } from "../../support/assert.ts";
import { strictKv } from "../../support/strict_kv.ts";

const HOUR_MS = 3_600_000;
const MONDAY: WeeklySpan = { day: 0, startMs: 9 * HOUR_MS, endMs: 17 * HOUR_MS };
const FRIDAY_NIGHT: WeeklySpan = { day: 4, startMs: 22 * HOUR_MS, endMs: 2 * HOUR_MS };

Deno.test("a store has the hours and the zone that were set, in either order", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"));
  assertEquals(await getStoreSettings(kv, "a"), null);
  await commitStores(kv, [["a", [MONDAY, FRIDAY_NIGHT]]], stageStoreHours);
  assertEquals(await getStoreSettings(kv, "a"), {
    id: "a",
    zone: null,
    hours: [MONDAY, FRIDAY_NIGHT],
  });
  await commitStores(kv, [["a", "Asia/Kolkata"]], stageStoreZone);
  await commitStores(kv, [["a", []]], stageStoreHours);
  assertEquals(await getStoreSettings(kv, "a"), { id: "a", zone: "Asia/Kolkata", hours: [] });
});

Deno.test("stores are listed once each, in the order of their ids, from the start or after an id", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"));
  // A hyphen is below a dot, and both are below letters (ASCII).
  const ids = ["1", "10", "2", "A", "a", "a-b", "a.b", "ab"];
  await commitStores(kv, ids.toReversed().map((id) => [id, "UTC"]), stageStoreZone);
  await commitStores(kv, [["a", [MONDAY]], ["b", [MONDAY]]], stageStoreHours);
  const all = await Array.fromAsync(listStoreSettings(kv));
  assertEquals(all.map(({ id }) => id), [...ids, "b"]);
  assertEquals(all.filter(({ hours }) => hours !== null).map(({ id }) => id), ["a", "b"]);
  assertEquals(all.at(-1), { id: "b", zone: null, hours: [MONDAY] });
  const rest = await Array.fromAsync(listStoreSettings(kv, "a"));
  assertEquals(rest.map(({ id }) => id), ["a-b", "a.b", "ab", "b"]);
  assertEquals(await Array.fromAsync(listStoreSettings(kv, "b")), []);
});

Deno.test("the most spans a store may have fit one value, and many stores take few commits", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"));
  const hours = Array.from({ length: STORE_SPANS_MAX }, (_, index): WeeklySpan => {
    return { day: index % 7, startMs: 86_399_000 - index, endMs: 86_400_000 };
  });
  const ids = Array.from({ length: 1_000 }, (_, index) => `store-${1_000 + index}`);
  await commitStores(kv, [["most", hours]], stageStoreHours);
  await commitStores(kv, ids.map((id) => [id, "Europe/Berlin"]), stageStoreZone);
  assertEquals((await getStoreSettings(kv, "most"))?.hours, hours);
  assertEquals((await Array.fromAsync(listStoreSettings(kv))).length, 1_001);
  assertLess(kv.commits(), 10);
});
