import { createByteSlab } from "../../../data/readings/byte_slab.ts";
import { decodePage } from "../../../data/readings/page_decoder.ts";
import { encodePage } from "../../../data/readings/page_encoder.ts";
import { splitPage } from "../../../data/readings/page_split.ts";
import { slicePage } from "../../../data/readings/page.ts";
import { assertEquals } from "../../support/assert.ts";
import { rowsOf } from "../../support/pages.ts";
import { gridPage } from "../../support/series.ts";

Deno.test("a byte slab gives zero bytes that nobody else has, in few buffers", () => {
  const { allocate, free } = createByteSlab();
  const sizes = [1, 7, 8, 4_096, 4_097, ...Array.from({ length: 1_000 }, (_, index) => index)];
  const arrays = sizes.map(allocate);
  arrays.forEach((bytes, index) => {
    assertEquals([bytes.length, bytes.byteOffset % 8], [sizes[index], 0]);
    assertEquals(bytes.every((byte) => byte === 0), true);
    bytes.fill(1 + index % 255);
  });
  arrays.forEach((bytes, index) => {
    assertEquals(bytes.every((byte) => byte === 1 + index % 255), true);
  });
  // 508 KB: shorter buffers first, then those of 64 KiB, and the one array that is too long for them.
  assertEquals(new Set(arrays.map(({ buffer }) => buffer)).size <= 12, true);
  free();
  assertEquals(arrays.every(({ buffer }) => buffer.detached), true);
  assertEquals(allocate(8), new Uint8Array(8));
});

Deno.test("a few arrays of a byte slab do not take a large buffer", () => {
  const { allocate } = createByteSlab();
  const arrays = [100, 100, 100].map(allocate);
  assertEquals(arrays.map(({ buffer }) => buffer.byteLength <= 4_096), [true, true, true]);
  assertEquals(new Set(arrays.map(({ buffer }) => buffer)).size, 1);
});

Deno.test("rows of a page are encoded as a page of their own, wherever their bytes are", () => {
  const page = gridPage({ fromMs: 1_000, stepMs: 1_800_000, count: 200 });
  const { allocate } = createByteSlab();
  for (const [start, end] of [[0, 48], [48, 49], [49, 97], [150, 200], [7, 7]]) {
    const own = encodePage(slicePage(page, start, end));
    assertEquals(encodePage(page, { rows: { start, end }, allocate }), own);
  }
  const rows = { start: 48, end: 200 };
  const parts = splitPage(page, { rows, maxReadings: 50, allocate });
  assertEquals(parts.map(({ start }) => start), [48, 86, 124, 162]);
  const decoded = parts.flatMap(({ bytes }) => rowsOf(decodePage(bytes)));
  assertEquals(decoded, rowsOf(slicePage(page, 48, 200)));
});
