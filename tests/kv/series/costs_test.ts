import { createIngest } from "../../../kv/series/ingest.ts";
import { assertEquals } from "../../support/assert.ts";
import { DAY, DAY_MS, gridPage, linesOf, METER, meterPage } from "../../support/series.ts";
import { openStrictStore } from "../../support/strict_store.ts";

Deno.test("a day of seconds is read in chunks of 16 blocks, without a look for few blocks", async () => {
  using rig = await openStrictStore();
  const { kv, store } = rig;
  const page = gridPage({ fromMs: DAY, stepMs: 1_000, count: 86_400 });
  await store.write(METER, page);
  const blocks = (await Array.fromAsync(kv.list({ prefix: ["block"] }))).length;
  const before = kv.reads();
  const span = { fromMs: DAY, toMs: DAY + DAY_MS };
  const pages = await Array.fromAsync(store.read(METER, span, new AbortController().signal));
  // Head and segments. Midnight is the start of a block, which needs no look. Then each chunk and the head.
  assertEquals(kv.reads() - before, 2 + 2 * Math.ceil(blocks / 16));
  assertEquals(pages.flatMap(linesOf), linesOf(page));
});

Deno.test("all single readings that a series has when it is due are folded in one commit", async () => {
  using rig = await openStrictStore();
  const { kv, store } = rig;
  const ingest = createIngest({ kv, writer: crypto.randomUUID() });
  for (let second = 0; second < 320; second++) {
    await ingest.add(METER, meterPage([DAY + second * 1_000, "5"]));
  }
  const before = kv.commits();
  assertEquals(await store.fold(METER), 320);
  assertEquals(kv.commits() - before, 1);
});
