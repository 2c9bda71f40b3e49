import fc from "fast-check";
import type { Span } from "../../../data/readings/page.ts";
import { openAhead, openWithin } from "../../../data/stores/open_ahead.ts";
import { assertEquals } from "../../support/assert.ts";

const time = fc.integer({ min: 0, max: 100 });
const spans = fc.uniqueArray(time, { maxLength: 20 }).map((times) => {
  const sorted = times.toSorted((one, other) => one - other);
  return Array.from(
    { length: sorted.length >> 1 },
    (_, i): Span => ({ fromMs: sorted[2 * i], toMs: sorted[2 * i + 1] }),
  );
});

/** The parts of spans that lie within a span. */
function within(spans: readonly Span[], { fromMs, toMs }: Span): Span[] {
  return spans
    .map((one) => ({ fromMs: Math.max(one.fromMs, fromMs), toMs: Math.min(one.toMs, toMs) }))
    .filter((one) => one.fromMs < one.toMs);
}

Deno.test("open moments are the same however far they are worked out at first", () => {
  fc.assert(fc.property(spans, time, time, time, time, (all, nearMs, toMs, sinceMs, forMs) => {
    const known = within(all, { fromMs: 0, toMs });
    const ahead = openAhead((span) => within(all, span), { fromMs: 0, nearMs, toMs });
    const open = Array.from({ length: 101 }, (_, at) => at)
      .filter((at) => known.some((one) => one.fromMs <= at && at < one.toMs));
    assertEquals(ahead.firstMs(sinceMs), open.find((at) => at >= sinceMs) ?? null);
    assertEquals(openWithin(known).firstMs(sinceMs), ahead.firstMs(sinceMs));
    // Time passes in the moments of a span that begin it, so it is over one after the last of them.
    const left = open.filter((at) => at >= sinceMs);
    const ripeMs = forMs === 0 ? left[0] ?? Infinity : (left[forMs - 1] ?? Infinity) + 1;
    assertEquals(ahead.ripeMs(sinceMs, forMs), ripeMs);
    assertEquals(openWithin(known).ripeMs(sinceMs, forMs), ripeMs);
  }));
});

Deno.test("business hours are worked out once if they say enough", () => {
  const asked: Span[] = [];
  const ahead = openAhead((span) => {
    asked.push(span);
    return within([{ fromMs: 5, toMs: 10 }, { fromMs: 50, toMs: 60 }], span);
  }, { fromMs: 0, nearMs: 20, toMs: 100 });
  assertEquals([ahead.firstMs(7), ahead.ripeMs(0, 3)], [7, 8]);
  assertEquals(asked, [{ fromMs: 0, toMs: 20 }]);
  assertEquals([ahead.firstMs(10), ahead.firstMs(60)], [50, null]);
  assertEquals(asked.length, 2);
});
