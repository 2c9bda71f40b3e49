import type { Page } from "../../../data/readings/page.ts";
import { createIngest } from "../../../kv/series/ingest.ts";
import { createSeriesStore, type SeriesStore } from "../../../kv/series/store.ts";
import { assert, assertEquals, assertLessOrEqual } from "../../support/assert.ts";
import { DAY, DAY_MS, gridPage, linesOf, METER, meterPage } from "../../support/series.ts";
import { openStrictStore } from "../../support/strict_store.ts";

const DAYS = 300;
/** From the middle of a day to that of another one. */
const SPAN = { fromMs: DAY + 7.5 * DAY_MS, toMs: DAY + 290.5 * DAY_MS };

async function pagesOf(store: SeriesStore): Promise<Page[]> {
  return await Array.fromAsync(store.read(METER, SPAN, new AbortController().signal));
}

for (const hasSegments of [false, true]) {
  const where = hasSegments ? "with readings in segments" : "of blocks alone";
  Deno.test(`a read of many blocks at once has the same readings, in as few reads as it can, ${where}`, async () => {
    using rig = await openStrictStore();
    const { kv, store } = rig;
    await store.write(METER, gridPage({ fromMs: DAY, stepMs: 3_600_000, count: DAYS * 24 }));
    if (hasSegments) {
      const ingest = createIngest({ kv, writer: "w" });
      // One of a block, one between two, one where a day begins, and some before and after the span.
      for (const day of [0, 7.5, 23.5, 23.51, 24, 100.26, 250, 290.49, 290.5, 299]) {
        await ingest.add(METER, meterPage([DAY + day * DAY_MS, "5"]));
      }
    }
    const expected = (await pagesOf(store)).flatMap(linesOf);
    const remote = createSeriesStore({ kv, now: () => DAY, chunkMax: 200 });
    const before = kv.reads();
    const pages = await pagesOf(remote);
    // Head and segments; then the first block, and chunks of 32, 128 and 124 blocks, each with the head.
    assertLessOrEqual(kv.reads() - before, 2 + 1 + 3 * 2);
    assertEquals(pages.flatMap(linesOf), expected);
    assert(pages.every(({ timesMs }) => timesMs.length <= 24_000));
    assertLessOrEqual(282 * 24, expected.length);
    const afterYear = kv.reads();
    const month = { fromMs: DAY, toMs: DAY + 31 * DAY_MS };
    await Array.fromAsync(remote.read(METER, month, new AbortController().signal));
    assertLessOrEqual(kv.reads() - afterYear, 2 + 3);
  });
}
