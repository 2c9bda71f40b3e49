import { addReceipts, decodeLastSeen } from "../../../data/devices/last_seen_record.ts";
import { assertEquals } from "../../support/assert.ts";

const WINDOW_MS = 64_000;

Deno.test("receipts count the requests of the last window, and keep the latest time", () => {
  // A sub-window has 1,000 ms: 10,000 and 10,900 are in one, 12,000 in another.
  const first = addReceipts(undefined, [
    { receivedMs: 10_000, requests: 1 },
    { receivedMs: 10_900, requests: 2 },
    { receivedMs: 12_000, requests: 0 },
  ], WINDOW_MS);
  assertEquals(decodeLastSeen(first), {
    lastReceivedMs: 12_000,
    window: { timesMs: [10_900], counts: [3] },
  });
  const second = addReceipts(first, [{ receivedMs: 12_000, requests: 1 }], WINDOW_MS);
  assertEquals(decodeLastSeen(second).window, { timesMs: [10_900, 12_000], counts: [3, 1] });
  // 74,900 is exactly a window after 10,900.
  const third = addReceipts(second, [{ receivedMs: 74_900, requests: 1 }], WINDOW_MS);
  assertEquals(decodeLastSeen(third), {
    lastReceivedMs: 74_900,
    window: { timesMs: [12_000, 74_900], counts: [1, 1] },
  });
});

Deno.test("an earlier receipt does not set the time back", () => {
  const first = addReceipts(undefined, [{ receivedMs: 5_000, requests: 1 }], WINDOW_MS);
  const second = addReceipts(first, [{ receivedMs: 4_000, requests: 1 }], WINDOW_MS);
  assertEquals(decodeLastSeen(second), {
    lastReceivedMs: 5_000,
    window: { timesMs: [5_000], counts: [2] },
  });
});
