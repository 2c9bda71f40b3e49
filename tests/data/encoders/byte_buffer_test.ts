import fc from "fast-check";
import {
  type ByteBuffer,
  createByteBuffer,
  putByte,
  putInt64,
  putText,
  putVarInt,
  putZigZag,
} from "../../../data/encoders/byte_buffer.ts";
import { assertEquals } from "../../support/assert.ts";

function bytesOf(put: (buffer: ByteBuffer) => void): number[] {
  const buffer = createByteBuffer(1);
  put(buffer);
  return [...buffer.bytes.subarray(0, buffer.end)];
}

/** The number that bytes of 7 bits, lowest first, are. */
function fromVarInt(bytes: readonly number[]): bigint {
  return bytes.reduce((sum, byte, index) => sum | BigInt(byte & 127) << BigInt(7 * index), 0n);
}

Deno.test("putVarInt() and putZigZag() write what whole-number arithmetic reads, up to 52 bits", () => {
  const whole = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 2 ** 52 }));
  fc.assert(
    fc.property(whole, fc.boolean(), (size, isNegative) => {
      const bytes = bytesOf((buffer) => putVarInt(buffer, size));
      assertEquals(fromVarInt(bytes), BigInt(size));
      assertEquals(bytes.map((byte) => byte >= 128).indexOf(false), bytes.length - 1);
      const value = isNegative ? -size : size;
      const zigZag = fromVarInt(bytesOf((buffer) => putZigZag(buffer, value)));
      assertEquals(zigZag >> 1n ^ -(zigZag & 1n), BigInt(value));
    }),
  );
});

Deno.test("putInt64() writes numbers of either sign as the engine does", () => {
  for (const value of [0, 1, -1, 2 ** 32, -(2 ** 32), 1_770_465_600_000, -62_135_596_800_000]) {
    const expected = [...new Uint8Array(new BigInt64Array([BigInt(value)]).buffer)];
    assertEquals(bytesOf((buffer) => putInt64(buffer, value)), expected);
  }
});

Deno.test("a buffer grows as it must, and putText() returns the length in bytes", () => {
  const buffer = createByteBuffer(0);
  for (let byte = 0; byte < 1_000; byte++) putByte(buffer, byte);
  assertEquals(putText(buffer, "Küche"), 6);
  assertEquals(buffer.end, 1_006);
  assertEquals([...buffer.bytes.subarray(998, 1_003)], [998 & 255, 999 & 255, 75, 195, 188]);
});
