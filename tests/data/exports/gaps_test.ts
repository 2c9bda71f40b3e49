import fc from "fast-check";
import { createCadenceMeter, createGapFinder } from "../../../data/exports/cadence.ts";
import { createIntervalMeter } from "../../../data/readings/sampling_interval.ts";
import { assertEquals } from "../../support/assert.ts";

const MINUTE = 60_000;

Deno.test("gaps together lack as many readings as the interval meter counts", () => {
  const minutes = fc.uniqueArray(fc.nat(200), { minLength: 2, maxLength: 150 });
  fc.assert(
    fc.property(minutes, fc.nat(149), (found, split) => {
      const times = Float64Array.from(found.toSorted((a, b) => a - b), (minute) => minute * MINUTE);
      const span = { fromMs: -30_000, toMs: 210 * MINUTE };
      const cadence = createCadenceMeter();
      cadence.add(times);
      const meter = createIntervalMeter();
      meter.add(times);
      let missing = 0, lastMs = -Infinity;
      const finder = createGapFinder({
        span,
        cadenceMs: cadence.cadenceMs() ?? NaN,
        onGap(gap) {
          assertEquals(gap.fromMs > lastMs, true);
          missing += gap.missing;
          lastMs = gap.toMs - 1;
        },
      });
      finder.add(times.subarray(0, split));
      finder.add(times.subarray(split));
      assertEquals(finder.end(), missing);
      assertEquals(missing, meter.missingIntervals(span));
    }),
    { numRuns: 200 },
  );
});

Deno.test("the cadence is the most common distance, and stretches do not join", () => {
  const meter = createCadenceMeter();
  assertEquals(meter.cadenceMs(), null);
  meter.add(Float64Array.of(0, 60, 120));
  meter.add(Float64Array.of(180));
  meter.beginStretch();
  meter.add(Float64Array.of(1_000, 1_900));
  meter.beginStretch();
  meter.add(Float64Array.of(5_000, 5_900));
  assertEquals(meter.cadenceMs(), 60);
});
