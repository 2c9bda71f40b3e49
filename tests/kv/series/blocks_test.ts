import {
  blockEnd,
  blockStart,
  listBlocks,
  listBlocksCovering,
  stageBlock,
  stageBlockDelete,
} from "../../../kv/series/blocks.ts";
import { assertEquals } from "../../support/assert.ts";
import { DAY, DAY_MS, METER } from "../../support/series.ts";
import { strictKv } from "../../support/strict_kv.ts";

/** A database where the series m1 has blocks of one byte that start at the given times. */
async function kvWithBlocks(...startsMs: number[]): Promise<Deno.Kv> {
  const kv = await Deno.openKv(":memory:");
  const op = kv.atomic();
  startsMs.forEach((startMs, index) =>
    stageBlock(op, METER, { startMs, bytes: Uint8Array.of(index) })
  );
  // Neighbours in the order of keys, which must not be mistaken for blocks of m1.
  for (const id of ["m", "m10"]) {
    stageBlock(op, { profile: "meter", id }, { startMs: DAY + 1, bytes: Uint8Array.of(99) });
  }
  await op.commit();
  return kv;
}

Deno.test("blockStart() is the start of the day's last block at or before a time, or midnight", async () => {
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

Deno.test("blockStart() costs at most one read", async () => {
  using kv = strictKv(await kvWithBlocks(DAY, DAY + 500));
  await blockStart(kv, METER, DAY);
  assertEquals(kv.reads(), 0);
  await blockStart(kv, METER, DAY + 700);
  assertEquals(kv.reads(), 1);
});

Deno.test("blockEnd() is the start of the next block or the end of the day, whichever is earlier", () => {
  assertEquals(blockEnd(DAY, DAY + 500), DAY + 500);
  assertEquals(blockEnd(DAY + 500, undefined), DAY + DAY_MS);
  assertEquals(blockEnd(DAY + 500, DAY + DAY_MS), DAY + DAY_MS);
  assertEquals(blockEnd(DAY + 500, DAY + 5 * DAY_MS), DAY + DAY_MS);
});

Deno.test("listBlocks() returns the blocks that start in a span, in order, with one read", async () => {
  using kv = strictKv(await kvWithBlocks(DAY + 900, DAY, DAY + 500, DAY + DAY_MS));
  const starts = async (fromMs: number, toMs: number, limit = 10) =>
    (await listBlocks(kv, METER, { fromMs, toMs, limit })).map(({ startMs }) => startMs - DAY);
  assertEquals(await starts(DAY, DAY + DAY_MS), [0, 500, 900]);
  assertEquals(await starts(DAY + 1, DAY + 900), [500]);
  assertEquals(await starts(DAY, DAY + 2 * DAY_MS, 2), [0, 500]);
  assertEquals(await starts(0, DAY), []);
  assertEquals(kv.reads(), 4);
});

Deno.test("a block keeps its bytes until it is overwritten or deleted", async () => {
  using kv = await kvWithBlocks(DAY, DAY + 500);
  const op = kv.atomic();
  stageBlock(op, METER, { startMs: DAY, bytes: Uint8Array.of(7, 8) });
  stageBlockDelete(op, METER, DAY + 500);
  await op.commit();
  const span = { fromMs: DAY, toMs: DAY + DAY_MS, limit: 10 };
  const blocks = await listBlocks(kv, METER, span);
  assertEquals(blocks.map(({ startMs, bytes }) => [startMs, ...bytes]), [[DAY, 7, 8]]);
});

Deno.test("listBlocksCovering() returns the blocks of a short span, mostly with one read", async () => {
  const starts = [DAY, DAY + 500, DAY + 900].flatMap((at) => [at, at + DAY_MS]);
  using kv = strictKv(await kvWithBlocks(...starts));
  const next = DAY + DAY_MS;
  const cases = [
    { span: [next + 950, next + 960], starts: [next + 900], reads: 1 },
    { span: [next + 500, next + 900], starts: [next + 500], reads: 1 },
    { span: [next + 499, next + 901], starts: [next, next + 500, next + 900], reads: 2 },
    // The blocks of the day before do not cover the first moments of this one.
    { span: [DAY, DAY + 10], starts: [DAY], reads: 1 },
    { span: [next + DAY_MS + 10, next + 2 * DAY_MS], starts: [], reads: 1 },
    { span: [DAY + 600, next + 1], starts: [DAY + 500, DAY + 900, next], reads: 2 },
  ];
  for (const { span: [fromMs, toMs], starts, reads } of cases) {
    const before = kv.reads();
    const blocks = await listBlocksCovering(kv, METER, { fromMs, toMs, limit: 3 });
    assertEquals(blocks?.map(({ startMs }) => startMs), starts);
    assertEquals(kv.reads() - before, reads);
  }
  const whole = { fromMs: DAY, toMs: next + DAY_MS };
  assertEquals(await listBlocksCovering(kv, METER, { ...whole, limit: 5 }), null);
  assertEquals((await listBlocksCovering(kv, METER, { ...whole, limit: 6 }))?.length, 6);
});
