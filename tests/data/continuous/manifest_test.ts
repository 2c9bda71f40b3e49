import {
  decodeManifest,
  encodeManifest,
  manifestSpanAt,
} from "../../../data/continuous/manifest.ts";
import { startPlan } from "../../../data/continuous/window.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

const DAY_MS = 86_400_000;

Deno.test("decodeManifest() returns the windows that encodeManifest() packed", () => {
  const windows = [
    { fromMs: 0, rows: 1, fingerprint: [0, 4_294_967_295] as const, revision: 1 },
    {
      fromMs: 253_402_300_740_000,
      rows: 4_294_967_295,
      fingerprint: [7, 8] as const,
      revision: 70_000,
    },
  ];
  assertEquals(decodeManifest(encodeManifest(windows)), windows);
  assertEquals(decodeManifest(encodeManifest([])), []);
});

Deno.test("even all 1,440 windows of a day would fit into the 65,536 bytes of a value", () => {
  const windows = Array.from({ length: 1_440 }, (_, minute) => ({
    fromMs: minute * 60_000,
    rows: 60,
    fingerprint: [1, 2] as const,
    revision: 1,
  }));
  // One byte, and 24 per window.
  assertEquals(encodeManifest(windows).length, 34_561);
});

Deno.test("decodeManifest() rejects a truncated manifest and an unknown format", () => {
  const bytes = encodeManifest([{ fromMs: 0, rows: 1, fingerprint: [1, 2], revision: 1 }]);
  assertThrows(() => decodeManifest(bytes.subarray(0, 20)), RangeError, "20 bytes");
  assertThrows(() => decodeManifest(Uint8Array.of(2)), RangeError, "format 1");
});

Deno.test("manifest spans cover a day without a gap, 240 windows each", () => {
  const hours = startPlan(3_600_000);
  assertEquals(manifestSpanAt(hours, DAY_MS + 5), { fromMs: DAY_MS, toMs: 2 * DAY_MS });
  // 240 minutes are 4 hours.
  const minutes = startPlan(60_000);
  assertEquals(manifestSpanAt(minutes, DAY_MS - 1), {
    fromMs: DAY_MS - 4 * 3_600_000,
    toMs: DAY_MS,
  });
  for (const lengthMs of [1_000, 50_000, 60_000, 432_000, DAY_MS]) {
    let atMs = DAY_MS, count = 0;
    for (; atMs < 2 * DAY_MS; count++) {
      const span = manifestSpanAt(startPlan(lengthMs), atMs);
      assertEquals(span.fromMs, atMs);
      atMs = span.toMs;
    }
    assertEquals([atMs, count], [2 * DAY_MS, Math.ceil(DAY_MS / lengthMs / 240)]);
  }
});
