import type { Page } from "../../../data/readings/page.ts";
import { compactionDuty } from "../../../jobs/upkeep/compaction.ts";
import { createIngest } from "../../../kv/series/ingest.ts";
import { countSegments } from "../../../kv/series/segments.ts";
import type { SeriesRef } from "../../../kv/series/ref.ts";
import { createSeriesStore } from "../../../kv/series/store.ts";
import { listSegmentCounts } from "../../../kv/series/segment_counts.ts";
import { assertEquals } from "../../support/assert.ts";

const DAY_MS = Date.UTC(2024, 0, 1);
const SITE: SeriesRef = { profile: "site", id: "s" };
const LEASE = { v: 1 as const, owner: "me", epoch: 1, untilMs: 0, cursor: null };

function statusAt(second: number): Page {
  return {
    timesMs: Float64Array.of(DAY_MS + second * 1000),
    columns: [{ scale: 0, values: Float64Array.of(1) }],
  };
}

Deno.test("compaction folds a series with 256 segments at once, and one with few when they are old", async () => {
  using kv = await Deno.openKv(":memory:");
  let nowMs = 0;
  const series = createSeriesStore({ kv, now: () => nowMs });
  const ingest = createIngest({ kv, writer: "w" });
  const few: SeriesRef = { profile: "site", id: "few" };
  for (let second = 0; second < 256; second++) await ingest.add(SITE, statusAt(second));
  await ingest.add(few, statusAt(0));
  const duty = compactionDuty({ settledKv: kv, series, now: () => nowMs, log: () => {} });
  const context = { signal: new AbortController().signal, lease: LEASE };
  await duty.round(context);
  assertEquals([await countSegments(kv, SITE, 99), await countSegments(kv, few, 99)], [0, 1]);
  nowMs = 29_999;
  await duty.round(context);
  assertEquals(await countSegments(kv, few, 99), 1);
  nowMs = 30_000;
  await duty.round(context);
  assertEquals(await countSegments(kv, few, 99), 0);
  assertEquals(await Array.fromAsync(listSegmentCounts(kv)), []);
  assertEquals((await series.describe(SITE))?.count, 256);
});

Deno.test("a series that cannot be folded does not keep the others from being folded", async () => {
  using kv = await Deno.openKv(":memory:");
  const series = createSeriesStore({ kv, now: () => 0 });
  const ingest = createIngest({ kv, writer: "w" });
  for (let second = 0; second < 256; second++) await ingest.add(SITE, statusAt(second));
  // Sorts before the other one; its bytes are no segment.
  await kv.set(["segment", "site", "a", "w", 0], new Uint8Array(3));
  await kv.set(["unfolded", "site", "a"], new Deno.KvU64(256n));
  const logged: string[] = [];
  const log = (_: string, event: string) => logged.push(event);
  const context = { signal: new AbortController().signal, lease: LEASE };
  await compactionDuty({ settledKv: kv, series, now: () => 0, log }).round(context);
  assertEquals(logged, ["series not folded"]);
  assertEquals(await countSegments(kv, SITE, 99), 0);
});
