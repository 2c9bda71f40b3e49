import { decodeManifest, encodeManifest, stretchAt } from "../../../data/continuous/manifest.ts";
import { startPlan } from "../../../data/continuous/window.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

const DAY_MS = 86_400_000;

Deno.test("what was written of windows comes back from a manifest as it was", () => {
  const windows = [
    { fromMs: 0, rows: 1, digest: [0, 4_294_967_295] as const, revision: 1 },
    { fromMs: 253_402_300_740_000, rows: 4_294_967_295, digest: [7, 8] as const, revision: 70_000 },
  ];
  assertEquals(decodeManifest(encodeManifest(windows)), windows);
  assertEquals(decodeManifest(encodeManifest([])), []);
});

Deno.test("1,440 windows of a day fit the 65,536 bytes of a value, were they in one manifest", () => {
  const windows = Array.from({ length: 1_440 }, (_, minute) => ({
    fromMs: minute * 60_000,
    rows: 60,
    digest: [1, 2] as const,
    revision: 1,
  }));
  // A byte and 24 a window.
  assertEquals(encodeManifest(windows).length, 34_561);
});

Deno.test("a manifest that is cut or of another format is refused", () => {
  const bytes = encodeManifest([{ fromMs: 0, rows: 1, digest: [1, 2], revision: 1 }]);
  assertThrows(() => decodeManifest(bytes.subarray(0, 20)), RangeError, "20 bytes");
  assertThrows(() => decodeManifest(Uint8Array.of(2)), RangeError, "format 1");
});

Deno.test("stretches are 240 windows of one day, and cover it without a gap", () => {
  const hours = startPlan(3_600_000);
  assertEquals(stretchAt(hours, DAY_MS + 5), { fromMs: DAY_MS, toMs: 2 * DAY_MS });
  // 240 minutes are 4 hours.
  const minutes = startPlan(60_000);
  assertEquals(stretchAt(minutes, DAY_MS - 1), { fromMs: DAY_MS - 4 * 3_600_000, toMs: DAY_MS });
  for (const lengthMs of [1_000, 50_000, 60_000, 432_000, DAY_MS]) {
    let atMs = DAY_MS, count = 0;
    for (; atMs < 2 * DAY_MS; count++) {
      const stretch = stretchAt(startPlan(lengthMs), atMs);
      assertEquals(stretch.fromMs, atMs);
      atMs = stretch.toMs;
    }
    assertEquals([atMs, count], [2 * DAY_MS, Math.ceil(DAY_MS / lengthMs / 240)]);
  }
});
