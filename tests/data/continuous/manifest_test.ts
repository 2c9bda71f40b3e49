import {
  decodeManifest,
  encodeManifest,
  manifestSpanAt,
  type WrittenWindow,
} from "../../../data/continuous/manifest.ts";
import { startPlan } from "../../../data/continuous/window.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

const DAY_MS = 86_400_000;

const PLAIN = { layout: "plain", format: "parquet", profile: "battery" } as const;
const HIVE = { layout: "hive", format: "csv", profile: "appliance" } as const;

Deno.test("decodeManifest() returns the windows that encodeManifest() packed", () => {
  const windows: WrittenWindow[] = [
    { fromMs: 0, rows: 1, fingerprint: [0, 4_294_967_295], revision: 1, object: PLAIN },
    { fromMs: 60_000, rows: 2, fingerprint: [5, 6], revision: 3, object: HIVE },
    { fromMs: 120_000, rows: 3, fingerprint: [5, 6], revision: 3, object: null },
    {
      fromMs: 180_000,
      rows: 3,
      fingerprint: [5, 6],
      revision: 3,
      object: { ...PLAIN, layout: "hive-by-profile", isShared: true },
    },
    {
      fromMs: 253_402_300_740_000,
      rows: 4_294_967_295,
      fingerprint: [7, 8],
      revision: 70_000,
      object: PLAIN,
    },
  ];
  assertEquals(decodeManifest(encodeManifest(windows)), windows);
  assertEquals(decodeManifest(encodeManifest([])), []);
});

Deno.test("decodeManifest() reads a manifest of version 0.5, which does not say how objects were written", () => {
  // One byte for the format, then per window: start as f64, rows, fingerprint and revision as u32.
  const bytes = new Uint8Array(1 + 2 * 24);
  const view = new DataView(bytes.buffer);
  bytes[0] = 1;
  [[3_600_000, 7, 8, 9, 10], [7_200_000, 1, 2, 3, 4]].forEach(([fromMs, ...numbers], index) => {
    view.setFloat64(1 + index * 24, fromMs, true);
    numbers.forEach((value, at) => view.setUint32(9 + index * 24 + at * 4, value, true));
  });
  assertEquals(decodeManifest(bytes), [
    { fromMs: 3_600_000, rows: 7, fingerprint: [8, 9], revision: 10, object: null },
    { fromMs: 7_200_000, rows: 1, fingerprint: [2, 3], revision: 4, object: null },
  ]);
});

Deno.test("even all 1,440 windows of a day would fit into the 65,536 bytes of a value", () => {
  const windows = Array.from({ length: 1_440 }, (_, minute): WrittenWindow => ({
    fromMs: minute * 60_000,
    rows: 60,
    fingerprint: [1, 2],
    revision: 1,
    object: PLAIN,
  }));
  // Two bytes, "plain/parquet/battery" with its length (22), and 25 per window.
  assertEquals(encodeManifest(windows).length, 36_024);
});

Deno.test("decodeManifest() rejects a truncated manifest and an unknown format", () => {
  const bytes = encodeManifest([
    { fromMs: 0, rows: 1, fingerprint: [1, 2], revision: 1, object: PLAIN },
  ]);
  assertThrows(() => decodeManifest(bytes.subarray(0, 30)), RangeError, "30 bytes");
  assertThrows(() => decodeManifest(bytes.subarray(0, 10)), RangeError, "10 bytes");
  assertThrows(() => decodeManifest(Uint8Array.of(3)), RangeError, "format 1 or 2");
  assertThrows(() => decodeManifest(Uint8Array.of(1, 0)), RangeError, "2 bytes");
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
