/**
 * Random sequences of what happens to a continuous export: readings, time, faults, restarts.
 *
 * @module
 */

import fc from "fast-check";

/** What happens to an export while its past days are compacted. */
export type CompactionStep =
  | { readonly kind: "write"; readonly agesMs: number[]; readonly tenths: number }
  | { readonly kind: "advance"; readonly byMs: number }
  | { readonly kind: "fail"; readonly count: number }
  | { readonly kind: "restart" | "turn off" | "round" };

/** Any sequence of steps. */
export const compactionSteps: fc.Arbitrary<CompactionStep[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant("write" as const),
        agesMs: fc.array(
          fc.integer({ min: 0, max: 4 * 86_400 }).map((seconds) => seconds * 1_000),
          {
            minLength: 1,
            maxLength: 12,
          },
        ),
        tenths: fc.nat(9),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("advance" as const),
        byMs: fc.oneof(fc.nat(3_600), fc.nat(100_000)).map((seconds) => seconds * 1_000),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("fail" as const),
        count: fc.integer({ min: 1, max: 4 }),
      }),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constantFrom("restart" as const, "turn off" as const, "round" as const),
      }),
    },
  ),
  { maxLength: 50 },
);
