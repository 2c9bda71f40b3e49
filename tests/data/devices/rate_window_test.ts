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

const START_MS = 1_769_955_825_000;
/** Three a minute. */
const LIMIT: RateLimit = { requests: 3, windowMs: 60_000 };

/** Asks at each time and counts what is let through; the times that were. */
function letThrough(
  windows: readonly RateWindow[],
  limit: RateLimit,
  asked: readonly { timeMs: number; writer: number }[],
): number[] {
  return asked.filter(({ timeMs, writer }) => {
    if (waitMs(windows, limit, timeMs) > 0) return false;
    countRequest(windows[writer], limit, timeMs);
    return true;
  }).map(({ timeMs }) => timeMs);
}

/** The most times that lie in any stretch of a length, its end not included. */
function mostWithin(timesMs: readonly number[], lengthMs: number): number {
  return Math.max(
    0,
    ...timesMs.map((startMs) =>
      timesMs.filter((timeMs) => timeMs >= startMs && timeMs < startMs + lengthMs).length
    ),
  );
}

/** A window in which requests were counted at some times. */
function windowOf(timesMs: readonly number[], limit: RateLimit = LIMIT): RateWindow {
  const window = createRateWindow();
  for (const timeMs of timesMs) countRequest(window, limit, timeMs);
  return window;
}

/** Requests at ascending times, close together and far apart, each to one of so many writers. */
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

Deno.test("the third of three a minute is let through, the fourth when the first is a minute old", () => {
  const window = windowOf([START_MS, START_MS + 10_000]);
  assertEquals(waitMs([window], LIMIT, START_MS + 20_000), 0);
  countRequest(window, LIMIT, START_MS + 20_000);
  assertEquals(usedRequests(window, LIMIT, START_MS + 20_000), 3);
  assertEquals(waitMs([window], LIMIT, START_MS + 25_000), 35_000);
  assertEquals(waitMs([window], LIMIT, START_MS + 59_999), 1);
  assertEquals(waitMs([window], LIMIT, START_MS + 60_000), 0);
  assertEquals(usedRequests(window, LIMIT, START_MS + 60_000), 2);
});

Deno.test("a window without requests lets the first through, and old requests are forgotten", () => {
  const window = createRateWindow();
  assertEquals(usedRequests(window, LIMIT, START_MS), 0);
  assertEquals(waitMs([window], { requests: 1, windowMs: 1_000 }, START_MS), 0);
  assertEquals(waitMs([], LIMIT, START_MS), 0);
  countRequest(window, LIMIT, START_MS);
  assertEquals(usedRequests(window, LIMIT, START_MS + 60_000), 0);
  assertEquals(window, createRateWindow());
});

Deno.test("never more than the limit are let through in any stretch of the window's length", () => {
  fc.assert(
    fc.property(anyLimit(), anyRequests(1), (limit, asked) => {
      const times = letThrough([createRateWindow()], limit, asked);
      assert(mostWithin(times, limit.windowMs) <= limit.requests);
    }),
    { numRuns: 300 },
  );
});

Deno.test("several windows together let no more through than one", () => {
  fc.assert(
    fc.property(anyLimit(), anyRequests(3), (limit, asked) => {
      const windows = [createRateWindow(), createRateWindow(), createRateWindow()];
      const times = letThrough(windows, limit, asked);
      assert(mostWithin(times, limit.windowMs) <= limit.requests);
    }),
    { numRuns: 300 },
  );
});

Deno.test("a burst is let through up to the limit and no further", () => {
  fc.assert(fc.property(anyLimit(), fc.integer({ min: 0, max: 100_000 }), (limit, ofStartMs) => {
    const timeMs = START_MS + ofStartMs;
    const asked = Array.from({ length: limit.requests + 5 }, () => ({ timeMs, writer: 0 }));
    assertEquals(letThrough([createRateWindow()], limit, asked).length, limit.requests);
  }));
});

Deno.test("requests at exactly the limit's rate are all let through, from a sub-window apart on", () => {
  const requests = fc.integer({ min: 1, max: 64 });
  const apartMs = fc.integer({ min: 1, max: 100_000 });
  fc.assert(fc.property(requests, apartMs, fc.nat(1e9), (requests, apartMs, ofStartMs) => {
    const limit = { requests, windowMs: requests * apartMs };
    const asked = Array.from({ length: 3 * requests + 2 }, (_, index) => ({
      timeMs: START_MS + ofStartMs + index * apartMs,
      writer: 0,
    }));
    assertEquals(letThrough([createRateWindow()], limit, asked).length, asked.length);
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
        const wanted = Math.max(0, hinderMs + limit.windowMs - timeMs);
        assertEquals(waitMs(windows, limit, timeMs), wanted);
        if (wanted > 0) continue;
        times.push(timeMs);
        countRequest(windows[index % windows.length], limit, timeMs);
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("who waits as long as is said is let through, and not a millisecond before", () => {
  fc.assert(
    fc.property(anyLimit(), anyRequests(2), (limit, asked) => {
      const windows = [createRateWindow(), createRateWindow()];
      letThrough(windows, limit, asked);
      const nowMs = asked.at(-1)?.timeMs ?? START_MS;
      const wait = waitMs(windows, limit, nowMs);
      if (wait > 0) assert(waitMs(windows, limit, nowMs + wait - 1) > 0);
      assertEquals(waitMs(windows, limit, nowMs + wait), 0);
    }),
    { numRuns: 300 },
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

Deno.test("a request that is taken back counts no more", () => {
  const window = windowOf([START_MS, START_MS + 10_000]);
  countRequest(window, LIMIT, START_MS + 20_000);
  uncountRequest(window);
  assertEquals(window, windowOf([START_MS, START_MS + 10_000]));
  assertEquals(waitMs([window], LIMIT, START_MS + 20_000), 0);
});

Deno.test("of requests in one sub-window only the last is taken back", () => {
  const window = windowOf([START_MS, START_MS, START_MS]);
  assert(waitMs([window], LIMIT, START_MS) > 0);
  uncountRequest(window);
  assertEquals(usedRequests(window, LIMIT, START_MS), 2);
  uncountRequest(window);
  uncountRequest(window);
  uncountRequest(window);
  assertEquals(window, createRateWindow());
});

Deno.test("a decoded window is the one that was encoded, also from within other bytes", () => {
  fc.assert(fc.property(anyLimit(), anyRequests(1), (limit, asked) => {
    const window = windowOf(asked.map(({ timeMs }) => timeMs), limit);
    const bytes = encoded(window);
    assertEquals(decodeRateWindow(bytes), window);
    const within = new Uint8Array(bytes.length + 9);
    within.set(bytes, 9);
    assertEquals(decodeRateWindow(within.subarray(9)), window);
  }));
});

Deno.test("an encoded window has a time and a count a sub-window, doubles in little-endian order", () => {
  const bytes = encoded(windowOf([START_MS, START_MS + 1, START_MS + 30_000]));
  // START_MS is a whole multiple of 937.5 ms, the length of a sub-window.
  assertEquals(Array.from(new Float64Array(bytes.buffer)), [START_MS + 1, 2, START_MS + 30_000, 1]);
});

/** The bytes of a window, behind others that stay as they are. */
function encoded(window: RateWindow): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(3 + rateWindowBytes(window)).fill(7);
  encodeRateWindow(window, new DataView(bytes.buffer), 3);
  assertEquals([...bytes.subarray(0, 3)], [7, 7, 7]);
  return bytes.slice(3);
}
