import { createTokenBuckets } from "../../../data/access/token_buckets.ts";
import { assertEquals } from "../../support/assert.ts";

const RATE = { perSecond: 2, burst: 3 };
const START_MS = 1_000_000;

Deno.test("a caller may send a burst, then a request for each token that comes back", () => {
  const buckets = createTokenBuckets(10);
  const take = (afterMs: number) => buckets.take("a", RATE, START_MS + afterMs);
  // Three tokens; two a second come back, so one takes 500 ms and all three take 1.5 s.
  assertEquals(take(0), { isTaken: true, remaining: 2, waitMs: 0, fullMs: 500 });
  assertEquals(take(0), { isTaken: true, remaining: 1, waitMs: 0, fullMs: 1000 });
  assertEquals(take(0), { isTaken: true, remaining: 0, waitMs: 500, fullMs: 1500 });
  assertEquals(take(0), { isTaken: false, remaining: 0, waitMs: 500, fullMs: 1500 });
  assertEquals(take(400), { isTaken: false, remaining: 0, waitMs: 100, fullMs: 1100 });
  assertEquals(take(500).isTaken, true);
  assertEquals(take(500).isTaken, false);
  assertEquals(take(60_000), { isTaken: true, remaining: 2, waitMs: 0, fullMs: 500 });
});

Deno.test("over a minute, a caller gets its burst and its rate, and no more", () => {
  const buckets = createTokenBuckets(10);
  let taken = 0;
  for (let ms = 0; ms < 60_000; ms += 7) {
    if (buckets.take("a", RATE, START_MS + ms).isTaken) taken++;
  }
  // 3 at once, and 2 a second during a minute that ends with a part of a token.
  assertEquals(taken, 3 + 119);
});

Deno.test("a clock that is set back takes nothing away", () => {
  const buckets = createTokenBuckets(10);
  buckets.take("a", RATE, START_MS);
  assertEquals(buckets.take("a", RATE, START_MS - 3_600_000).remaining, 1);
  assertEquals(buckets.take("a", RATE, START_MS - 3_600_000 + 500).remaining, 1);
});

Deno.test("callers have their own buckets; the one that was not used longest goes first", () => {
  const buckets = createTokenBuckets(2);
  const remaining = (name: string) => buckets.take(name, RATE, START_MS).remaining;
  assertEquals(["a", "a", "b", "a"].map(remaining), [2, 1, 2, 0]);
  assertEquals(["c", "a", "b"].map(remaining), [2, 0, 2]);
  for (let index = 0; index < 1_000; index++) remaining(`x${index}`);
  assertEquals(buckets.count(), 2);
});
