import {
  addReceipts,
  decodeLastSeen,
  encodeLastSeen,
} from "../../../data/devices/last_seen_record.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

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

Deno.test("a record has a few bytes for each sub-window", () => {
  const window = { timesMs: [1_700_000_000_000, 1_700_000_000_300], counts: [2, 200] };
  const bytes = encodeLastSeen({ lastReceivedMs: 1_700_000_000_301, window });
  // 1,700,000,000,301 as f64; then 1 ms earlier 200 requests, 300 ms earlier 2.
  assertEquals(bytes.toHex(), "02" + "00d09256febc7842" + "01c801" + "ac0202");
  assertEquals(decodeLastSeen(bytes), { lastReceivedMs: 1_700_000_000_301, window });
});

Deno.test("a record of any numbers is read as it was written", () => {
  for (
    const record of [
      { lastReceivedMs: 0, window: { timesMs: [], counts: [] } },
      { lastReceivedMs: 2 ** 50, window: { timesMs: [0, 2 ** 50], counts: [127, 128] } },
      { lastReceivedMs: 5.5, window: { timesMs: [1.25], counts: [1] } },
      { lastReceivedMs: 5, window: { timesMs: [9], counts: [1] } },
      { lastReceivedMs: 5, window: { timesMs: [-3, 5], counts: [2 ** 53 - 1, 1] } },
    ]
  ) assertEquals(decodeLastSeen(encodeLastSeen(record)), record);
});

Deno.test("a record that 0.12 wrote is read", () => {
  // Format 1, 12,000 ms, and one sub-window: 10,900 ms, 3 requests.
  const bytes = Uint8Array.fromHex(
    "01" + "000000000070c740" + "00000000004ac540" + "0000000000000840",
  );
  assertEquals(decodeLastSeen(bytes), {
    lastReceivedMs: 12_000,
    window: { timesMs: [10_900], counts: [3] },
  });
});

Deno.test("bytes that are no record are refused", () => {
  for (
    const hex of [
      "",
      "02",
      "03" + "00".repeat(8),
      "02" + "00".repeat(8) + "01",
      "02" + "00".repeat(8) + "0181",
    ]
  ) {
    assertThrows(() => decodeLastSeen(Uint8Array.fromHex(hex)), SyntaxError);
  }
});
