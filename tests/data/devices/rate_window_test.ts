import fc from "fast-check";
import {
  countRequest,
  createRateWindow,
  decodeRateWindow,
  encodeRateWindow,
  type RateLimit,
  type RateWindow,
  rateWindowBytes,
  uncountRequest,
  usedRequests,
  waitMs,
} from "../../../data/devices/rate_window.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { amount } from "../../support/thorough.ts";

const START_MS = 1_769_955_825_000;
/** Three a minute. */
const LIMIT: RateLimit = { requests: 3, windowMs: 60_000 };

/** The times of the requests that are accepted, each of which is counted. */
function acceptedOf(
  windows: readonly RateWindow[],
  limit: RateLimit,
  requested: readonly { timeMs: number; writer: number }[],
): number[] {
  return requested.filter(({ timeMs, writer }) => {
    if (waitMs(windows, limit, timeMs) > 0) return false;
    countRequest(windows[writer], limit, timeMs);
    return true;
  }).map(({ timeMs }) => timeMs);
}

/** The most times in any stretch of a length, without its end. */
function mostWithin(timesMs: readonly number[], lengthMs: number): number {
  return Math.max(
    0,
    ...timesMs.map((startMs) =>
      timesMs.filter((timeMs) => timeMs >= startMs && timeMs < startMs + lengthMs).length
    ),
  );
}

/** A window with requests at some times. */
function windowOf(timesMs: readonly number[], limit: RateLimit = LIMIT): RateWindow {
  const window = createRateWindow();
  for (const timeMs of timesMs) countRequest(window, limit, timeMs);
  return window;
}

/** Requests at ascending times, close together and far apart, each sent to one of the writers. */
function anyRequests(writers: number): fc.Arbitrary<{ timeMs: number; writer: number }[]> {
  const gap = fc.oneof(fc.nat(50), fc.nat(2_000), fc.nat(20_000), fc.nat(100_000));
  const requests = fc.array(fc.tuple(gap, fc.nat(writers - 1)), { maxLength: 120 });
  return fc.tuple(fc.nat(100_000), requests).map(([firstMs, gaps]) => {
    let timeMs = START_MS + firstMs;
    return gaps.map(([gapMs, writer]) => ({ timeMs: timeMs += gapMs, writer }));
  });
}

function anyLimit(): fc.Arbitrary<RateLimit> {
  return fc.record({
    requests: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 100 })),
    windowMs: fc.constantFrom(1_000, 7_777, 60_000, 3_600_000),
  });
}

Deno.test("of three a minute the third is accepted, the fourth once the first is a minute old", () => {
  const window = windowOf([START_MS, START_MS + 10_000]);
  assertEquals(waitMs([window], LIMIT, START_MS + 20_000), 0);
  countRequest(window, LIMIT, START_MS + 20_000);
  assertEquals(usedRequests(window, LIMIT, START_MS + 20_000), 3);
  assertEquals(waitMs([window], LIMIT, START_MS + 25_000), 35_000);
  assertEquals(waitMs([window], LIMIT, START_MS + 59_999), 1);
  assertEquals(waitMs([window], LIMIT, START_MS + 60_000), 0);
  assertEquals(usedRequests(window, LIMIT, START_MS + 60_000), 2);
});

Deno.test("an empty window accepts the first request, and old requests are removed", () => {
  const window = createRateWindow();
  assertEquals(usedRequests(window, LIMIT, START_MS), 0);
  assertEquals(waitMs([window], { requests: 1, windowMs: 1_000 }, START_MS), 0);
  assertEquals(waitMs([], LIMIT, START_MS), 0);
  countRequest(window, LIMIT, START_MS);
  assertEquals(usedRequests(window, LIMIT, START_MS + 60_000), 0);
  assertEquals(window, createRateWindow());
});

Deno.test("no stretch of the window's length has more accepted requests than the limit", () => {
  fc.assert(
    fc.property(anyLimit(), anyRequests(1), (limit, requested) => {
      const times = acceptedOf([createRateWindow()], limit, requested);
      assert(mostWithin(times, limit.windowMs) <= limit.requests);
    }),
    { numRuns: amount({ quick: 100, thorough: 300 }) },
  );
});

Deno.test("several windows together accept no more than one", () => {
  fc.assert(
    fc.property(anyLimit(), anyRequests(3), (limit, requested) => {
      const windows = [createRateWindow(), createRateWindow(), createRateWindow()];
      const times = acceptedOf(windows, limit, requested);
      assert(mostWithin(times, limit.windowMs) <= limit.requests);
    }),
    { numRuns: amount({ quick: 100, thorough: 300 }) },
  );
});

Deno.test("a burst is accepted up to the limit", () => {
  fc.assert(fc.property(anyLimit(), fc.integer({ min: 0, max: 100_000 }), (limit, ofStartMs) => {
    const timeMs = START_MS + ofStartMs;
    const requested = Array.from({ length: limit.requests + 5 }, () => ({ timeMs, writer: 0 }));
    assertEquals(acceptedOf([createRateWindow()], limit, requested).length, limit.requests);
  }));
});

Deno.test("requests at exactly the limit's rate are all accepted if they are a sub-window apart", () => {
  const requests = fc.integer({ min: 1, max: 64 });
  const apartMs = fc.integer({ min: 1, max: 100_000 });
  fc.assert(fc.property(requests, apartMs, fc.nat(1e9), (requests, apartMs, ofStartMs) => {
    const limit = { requests, windowMs: requests * apartMs };
    const requested = Array.from({ length: 3 * requests + 2 }, (_, index) => ({
      timeMs: START_MS + ofStartMs + index * apartMs,
      writer: 0,
    }));
    assertEquals(acceptedOf([createRateWindow()], limit, requested).length, requested.length);
  }));
});

Deno.test("the wait is exact for requests that are further apart than a sub-window", () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 1, maxLength: 80 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), gaps, fc.nat(2), (requests, extra, writers) => {
      // A sub-window is 1,000 ms.
      const limit = { requests, windowMs: 64_000 };
      const windows = Array.from({ length: writers + 1 }, createRateWindow);
      const times: number[] = [];
      let timeMs = START_MS;
      for (const [index, extraMs] of extra.entries()) {
        timeMs += 1_000 + extraMs;
        // The last but `requests - 1` must be a window old.
        const hinderMs = times.at(-requests) ?? -Infinity;
        const expectedMs = Math.max(0, hinderMs + limit.windowMs - timeMs);
        assertEquals(waitMs(windows, limit, timeMs), expectedMs);
        if (expectedMs > 0) continue;
        times.push(timeMs);
        countRequest(windows[index % windows.length], limit, timeMs);
      }
    }),
    { numRuns: amount({ quick: 100, thorough: 300 }) },
  );
});

Deno.test("a request is accepted after the wait, and not a millisecond before", () => {
  fc.assert(
    fc.property(anyLimit(), anyRequests(2), (limit, requested) => {
      const windows = [createRateWindow(), createRateWindow()];
      acceptedOf(windows, limit, requested);
      const nowMs = requested.at(-1)?.timeMs ?? START_MS;
      const wait = waitMs(windows, limit, nowMs);
      if (wait > 0) assert(waitMs(windows, limit, nowMs + wait - 1) > 0);
      assertEquals(waitMs(windows, limit, nowMs + wait), 0);
    }),
    { numRuns: amount({ quick: 100, thorough: 300 }) },
  );
});

Deno.test("a window keeps no more sub-windows than cover its length", () => {
  const window = createRateWindow();
  for (let index = 0; index < 1_000; index++) {
    const nowMs = START_MS + index * 137;
    usedRequests(window, LIMIT, nowMs);
    countRequest(window, LIMIT, nowMs);
    assert(window.timesMs.length <= 65);
  }
});

Deno.test("a clock that goes back loses no request", () => {
  const window = windowOf([START_MS + 30_000, START_MS, START_MS + 5_000]);
  assertEquals(usedRequests(window, LIMIT, START_MS + 5_000), 3);
  assertEquals(waitMs([window], LIMIT, START_MS + 5_000), 85_000);
});

Deno.test("a request that is removed no longer counts", () => {
  const window = windowOf([START_MS, START_MS + 10_000]);
  countRequest(window, LIMIT, START_MS + 20_000);
  uncountRequest(window);
  assertEquals(window, windowOf([START_MS, START_MS + 10_000]));
  assertEquals(waitMs([window], LIMIT, START_MS + 20_000), 0);
});

Deno.test("only the last request of a sub-window is removed", () => {
  const window = windowOf([START_MS, START_MS, START_MS]);
  assert(waitMs([window], LIMIT, START_MS) > 0);
  uncountRequest(window);
  assertEquals(usedRequests(window, LIMIT, START_MS), 2);
  uncountRequest(window);
  uncountRequest(window);
  uncountRequest(window);
  assertEquals(window, createRateWindow());
});

Deno.test("a decoded window equals the encoded one, even from the middle of other bytes", () => {
  fc.assert(fc.property(anyLimit(), anyRequests(1), (limit, requested) => {
    const window = windowOf(requested.map(({ timeMs }) => timeMs), limit);
    const bytes = encoded(window);
    assertEquals(decodeRateWindow(bytes), window);
    const within = new Uint8Array(bytes.length + 9);
    within.set(bytes, 9);
    assertEquals(decodeRateWindow(within.subarray(9)), window);
  }));
});

Deno.test("an encoded window has a time and a count per sub-window, as little-endian doubles", () => {
  const bytes = encoded(windowOf([START_MS, START_MS + 1, START_MS + 30_000]));
  // START_MS is a whole multiple of 937.5 ms, the length of a sub-window.
  assertEquals(Array.from(new Float64Array(bytes.buffer)), [START_MS + 1, 2, START_MS + 30_000, 1]);
});

/** The bytes of a window, after others that stay unchanged. */
function encoded(window: RateWindow): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(3 + rateWindowBytes(window)).fill(7);
  encodeRateWindow(window, new DataView(bytes.buffer), 3);
  assertEquals([...bytes.subarray(0, 3)], [7, 7, 7]);
  return bytes.slice(3);
}
