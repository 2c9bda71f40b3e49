import { gunzipSync } from "node:zlib";
import { deflateBlock, inlineDeflater, type PlainBlock } from "../../../data/encoders/deflate.ts";
import { gzipBytes } from "../../../data/encoders/gzip.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { chunksOf, joined } from "../../support/encoded.ts";

/** Lines that repeat themselves at a distance, so that blocks refer to what comes before them. */
function someText(bytes: number): Uint8Array<ArrayBuffer> {
  let text = "", seed = 1;
  while (text.length < bytes) {
    seed = seed * 1_103_515_245 + 12_345 & 0x7fffffff;
    text += `2024-01-01T00:00:00Z,123,${seed % 9973}\n`;
  }
  return new TextEncoder().encode(text.slice(0, bytes));
}

Deno.test("gzip of files around the length of a block is one member that any reader opens", async () => {
  for (const length of [0, 1, 262_143, 262_144, 262_145, 1_000_000]) {
    const plain = someText(length);
    const packed = await joined(gzipBytes(chunksOf(plain, 70_000), inlineDeflater));
    const read = await joined(
      ReadableStream.from([packed]).pipeThrough(new DecompressionStream("gzip")),
    );
    assertEquals(read.length, length);
    assert(read.every((byte, at) => byte === plain[at]));
    // A reader of one member only must not stop early.
    assertEquals(gunzipSync(packed).length, length);
  }
});

Deno.test("gzip gives the same bytes for a file in any chunks, without a time, and packs it", async () => {
  const plain = someText(600_000);
  const packed = await joined(gzipBytes(chunksOf(plain, 600_000), inlineDeflater));
  assertEquals(await joined(gzipBytes(chunksOf(plain, 977), inlineDeflater)), packed);
  // RFC 1952: ID1, ID2, CM = 8, FLG = 0, MTIME = 0 (none), XFL, OS = 255 (unknown).
  assertEquals([...packed.subarray(0, 10)], [31, 139, 8, 0, 0, 0, 0, 0, 0, 255]);
  assert(packed.length < 170_000, String(packed.length));
});

Deno.test("a block that fails fails the file, and no other promise is left behind", async () => {
  let count = 0;
  const deflater = {
    deflate: (block: PlainBlock) =>
      ++count === 2 ? Promise.reject(new Error("full")) : Promise.resolve(deflateBlock(block)),
  };
  const error = await joined(gzipBytes(chunksOf(someText(2_000_000), 262_144), deflater))
    .then(() => null, (error: Error) => error.message);
  assertEquals(error, "full");
});
