import fc from "fast-check";
import { snappyUncompress } from "hyparquet";
import { createByteBuffer, putBytes } from "../../../data/encoders/byte_buffer.ts";
import { createSnappy, type SnappyCompressor } from "../../../data/encoders/snappy.ts";
import { assert, assertEquals } from "../../support/assert.ts";

function compressed(compress: SnappyCompressor, bytes: Uint8Array): Uint8Array {
  const [from, into] = [createByteBuffer(8), createByteBuffer(8)];
  putBytes(from, bytes);
  compress(from, into);
  return into.bytes.slice(0, into.end);
}

/** What a reader makes of it. */
function restored(packed: Uint8Array, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  // It refuses empty input.
  if (sizeBytes > 0) snappyUncompress(packed, bytes);
  return bytes;
}

Deno.test("a reader restores any bytes, one after the other with the same compressor", () => {
  const compress = createSnappy();
  const repeated = fc.tuple(
    fc.uint8Array({ minLength: 1, maxLength: 90 }),
    fc.integer({ min: 1, max: 300 }),
    fc.uint8Array({ maxLength: 40 }),
  ).map(([bytes, times, rest]) =>
    Uint8Array.from([...Array(times).fill([...bytes]).flat(), ...rest, ...bytes])
  );
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), repeated), (bytes) => {
      assertEquals(restored(compressed(compress, bytes), bytes.length), bytes);
    }),
    { numRuns: 500 },
  );
});

Deno.test("a reader restores long bytes with copies from near, from far and from too far", () => {
  const compress = createSnappy();
  for (const distance of [5, 2_047, 2_048, 65_535, 65_536, 100_000]) {
    let state = 1;
    const random = () => (state = Math.imul(state, 1_103_515_245) + 12_345 | 0) >>> 16 & 255;
    const bytes = Uint8Array.from({ length: distance }, random);
    const both = new Uint8Array([...bytes, ...bytes, ...bytes.subarray(0, 77)]);
    assertEquals(restored(compressed(compress, both), both.length), both, `distance ${distance}`);
  }
});

Deno.test("bytes of the format are those of its description", () => {
  const compress = createSnappy();
  // A literal of 10 bytes: (10 − 1) << 2.
  const ten = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  assertEquals([...compressed(compress, Uint8Array.from(ten))], [10, 9 << 2, ...ten]);
  // 100 equal bytes: a literal of one, then copies of 64 and 35 bytes at distance 1, kind 2.
  const copies = [63 << 2 | 2, 1, 0, 34 << 2 | 2, 1, 0];
  assertEquals([...compressed(compress, new Uint8Array(100).fill(7))], [100, 0, 7, ...copies]);
});

Deno.test("bytes that repeat become a twentieth, and others hardly longer", () => {
  const compress = createSnappy();
  const text = new TextEncoder().encode("2026-02-07T12:00:00Z,washer,cellar\n".repeat(1_000));
  assert(compressed(compress, text).length < text.length / 20);
  let state = 7;
  const noise = Uint8Array.from({ length: 100_000 }, () => {
    state = Math.imul(state, 1_664_525) + 1_013_904_223 | 0;
    return state >>> 24;
  });
  assert(compressed(compress, noise).length < noise.length + 100);
});
