import {
  blockEnd,
  blockStart,
  listBlocks,
  stageBlock,
  stageBlockDelete,
} from "../../../kv/series/blocks.ts";
import { assertEquals } from "../../support/assert.ts";
import { DAY, DAY_MS, METER } from "../../support/series.ts";
import { strictKv } from "../../support/strict_kv.ts";

/** A database where the series m1 has blocks of one byte that begin at some times. */
async function kvWithBlocks(...startsMs: number[]): Promise<Deno.Kv> {
  const kv = await Deno.openKv(":memory:");
  const op = kv.atomic();
  startsMs.forEach((startMs, index) =>
    stageBlock(op, METER, { startMs, bytes: Uint8Array.of(index) })
  );
  // Neighbours in the order of keys, which nobody may mistake for blocks of m1.
  for (const id of ["m", "m10"]) {
    stageBlock(op, { profile: "meter", id }, { startMs: DAY + 1, bytes: Uint8Array.of(99) });
  }
  await op.commit();
  return kv;
}

Deno.test("a stretch begins at the day's last block up to a time, else at midnight", async () => {
  using kv = await kvWithBlocks(DAY, DAY + 500, DAY + 900);
  const cases = [
    [DAY, DAY],
    [DAY + 499, DAY],
    [DAY + 500, DAY + 500],
    [DAY + 899, DAY + 500],
    [DAY + DAY_MS - 1, DAY + 900],
    [DAY + DAY_MS, DAY + DAY_MS],
    [DAY + DAY_MS + 5, DAY + DAY_MS],
    [DAY - 1, DAY - DAY_MS],
  ];
  for (const [timeMs, startMs] of cases) {
    assertEquals(await blockStart(kv, METER, timeMs), startMs, `at ${timeMs - DAY}`);
  }
});

Deno.test("blockStart() costs one read at most", async () => {
  using kv = strictKv(await kvWithBlocks(DAY, DAY + 500));
  await blockStart(kv, METER, DAY);
  assertEquals(kv.reads(), 0);
  await blockStart(kv, METER, DAY + 700);
  assertEquals(kv.reads(), 1);
});

Deno.test("blockEnd() is where the next block begins, or the day's end if that is sooner", () => {
  assertEquals(blockEnd(DAY, DAY + 500), DAY + 500);
  assertEquals(blockEnd(DAY + 500, undefined), DAY + DAY_MS);
  assertEquals(blockEnd(DAY + 500, DAY + DAY_MS), DAY + DAY_MS);
  assertEquals(blockEnd(DAY + 500, DAY + 5 * DAY_MS), DAY + DAY_MS);
});

Deno.test("listBlocks() gives the blocks that begin in a span, in order, in one read", async () => {
  using kv = strictKv(await kvWithBlocks(DAY + 900, DAY, DAY + 500, DAY + DAY_MS));
  const starts = async (fromMs: number, toMs: number, limit = 10) =>
    (await listBlocks(kv, METER, { fromMs, toMs, limit })).map(({ startMs }) => startMs - DAY);
  assertEquals(await starts(DAY, DAY + DAY_MS), [0, 500, 900]);
  assertEquals(await starts(DAY + 1, DAY + 900), [500]);
  assertEquals(await starts(DAY, DAY + 2 * DAY_MS, 2), [0, 500]);
  assertEquals(await starts(0, DAY), []);
  assertEquals(kv.reads(), 4);
});

Deno.test("a block keeps its bytes until it is set anew or deleted", async () => {
  using kv = await kvWithBlocks(DAY, DAY + 500);
  const op = kv.atomic();
  stageBlock(op, METER, { startMs: DAY, bytes: Uint8Array.of(7, 8) });
  stageBlockDelete(op, METER, DAY + 500);
  await op.commit();
  const span = { fromMs: DAY, toMs: DAY + DAY_MS, limit: 10 };
  const blocks = await listBlocks(kv, METER, span);
  assertEquals(blocks.map(({ startMs, bytes }) => [startMs, ...bytes]), [[DAY, 7, 8]]);
});
