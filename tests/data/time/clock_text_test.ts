import { readWeeklySpan } from "../../../data/stores/business_hours.ts";
import { clockText } from "../../../data/time/clock_text.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("clockText() writes hours, minutes and seconds, and a fraction if there is one", () => {
  assertEquals(clockText(0), "00:00:00");
  // 9 × 3,600 + 5 × 60 + 7 seconds.
  assertEquals(clockText(32_707_000), "09:05:07");
  assertEquals(clockText(32_707_040), "09:05:07.040");
  assertEquals(clockText(86_400_000), "23:59:59");
});

Deno.test("a span written by clockText() reads back as the same span", () => {
  for (const span of [{ startMs: 0, endMs: 86_400_000 }, { startMs: 79_200_000, endMs: 900_500 }]) {
    const start = clockText(span.startMs), end = clockText(span.endMs);
    assertEquals(readWeeklySpan({ day: "1", start, end }), { span: { day: 1, ...span } });
  }
});
