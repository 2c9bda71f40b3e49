import { createChunkMemory, releasedChunks } from "../../../data/encoders/chunk_memory.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("memory that was handed out is used again once it is released, for no longer chunks", () => {
  const memory = createChunkMemory();
  const first = memory.take(20_000), second = memory.take(20_000), third = memory.take(20_000);
  memory.release(first.subarray(0, 5));
  assertEquals(memory.take(20_001).buffer === first.buffer, false);
  assertEquals(memory.take(10_000).buffer === first.buffer, true);
  // No more than two pieces wait.
  for (const chunk of [first, second, third]) memory.release(chunk);
  assertEquals([first, second, third].map(({ length }) => length), [20_000, 20_000, 0]);
  assertEquals(memory.take(1).length, 20_000);
});

Deno.test("memory of others is freed, short chunks are left alone", () => {
  const memory = createChunkMemory();
  const long = new Uint8Array(20_000), short = new Uint8Array(100);
  memory.release(long);
  memory.release(short);
  assertEquals([long.length, short.length], [0, 100]);
});

Deno.test("chunks are released when the next one is requested", async () => {
  const given = [20_000, 100, 30_000].map((size) => new Uint8Array(size).fill(7));
  const seen: number[] = [];
  for await (const chunk of releasedChunks(ReadableStream.from(given), createChunkMemory())) {
    assertEquals([chunk[0], chunk[chunk.length - 1]], [7, 7]);
    seen.push(chunk.length);
  }
  assertEquals(seen, [20_000, 100, 30_000]);
  assertEquals(given.map(({ length }) => length), [0, 100, 0]);
});
