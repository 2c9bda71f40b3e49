import { freedChunks } from "../../../data/encoders/freed_chunks.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("chunks are freed when the next one is requested, short ones are left alone", async () => {
  const given = [20_000, 100, 30_000].map((size) => new Uint8Array(size).fill(7));
  const seen: number[] = [];
  for await (const chunk of freedChunks(ReadableStream.from(given))) {
    assertEquals([chunk[0], chunk[chunk.length - 1]], [7, 7]);
    seen.push(chunk.length);
  }
  assertEquals(seen, [20_000, 100, 30_000]);
  assertEquals(given.map(({ length }) => length), [0, 100, 0]);
});
