import fc from "fast-check";
import type { Metric } from "../../../data/readings/profile.ts";
import { openProfiles } from "../../../kv/profiles/profiles.ts";
import { createIngest } from "../../../kv/series/ingest.ts";
import { createSeriesStore } from "../../../kv/series/store.ts";
import { assertEquals } from "../../support/assert.ts";
import { pageOf, type Row, rowsOf } from "../../support/pages.ts";
import { amount } from "../../support/thorough.ts";

const DAY_MS = 86_400_000;
const REF = { profile: "pump", id: "p" } as const;

/** A step in the life of a series whose profile grows. */
type Step =
  | { readonly kind: "append"; readonly count: number }
  | { readonly kind: "fold" }
  | {
    readonly kind: "ingest" | "import";
    /** The times, and for each the numbers that its metrics have, as far as there are metrics. */
    readonly rows: readonly { readonly at: number; readonly values: readonly (number | null)[] }[];
    /** How many of the newest metrics the sender does not know. */
    readonly behind: number;
  };

const anyRows = fc.uniqueArray(
  fc.record({
    // Half a day apart, so that blocks of one and of several readings occur.
    at: fc.nat(11),
    values: fc.array(fc.option(fc.integer({ min: -999, max: 999 })), {
      minLength: 20,
      maxLength: 20,
    }),
  }),
  { selector: ({ at }) => at, minLength: 1, maxLength: 6 },
);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("fold" as const) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom("ingest" as const, "import" as const),
      rows: anyRows,
      behind: fc.nat(3),
    }),
  },
);

function metric(index: number): Metric {
  return { name: `m${index}`, unit: "W", min: -1e6, max: 1e6, aggregate: "mean" };
}

Deno.test("however a profile grows while readings come, each reading keeps its values by the names of its metrics", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 3, maxLength: 12 }), async (steps) => {
      using kv = await Deno.openKv(":memory:");
      await using profiles = await openProfiles({ kv, isExclusive: true });
      const series = createSeriesStore({ kv, now: () => DAY_MS, profiles });
      const ingest = createIngest({ kv, writer: "w", profiles });
      const metrics = [metric(0)];
      await profiles.put("pump", { metrics });
      const model = new Map<number, Map<string, string>>();
      for (const step of steps) {
        if (step.kind === "append") {
          for (let left = step.count; left > 0 && metrics.length < 20; left--) {
            metrics.push(metric(metrics.length));
          }
          await profiles.put("pump", { metrics });
        } else if (step.kind === "fold") await series.fold(REF);
        else {
          const width = Math.max(1, metrics.length - step.behind);
          const sorted = step.rows.toSorted((a, b) => a.at - b.at);
          const rows = sorted.map(({ at, values }): Row => [
            at * DAY_MS / 2,
            ...values.slice(0, width).map((value) => value === null ? "" : String(value)),
          ]);
          for (const [timeMs, ...texts] of rows) {
            model.set(timeMs, new Map(texts.map((text, index) => [`m${index}`, text])));
          }
          if (step.kind === "import") await series.write(REF, pageOf(rows));
          else await ingest.add(REF, pageOf(rows));
        }
        const { signal } = new AbortController();
        const profile = profiles.get("pump");
        const pages = await Array.fromAsync(
          series.read(REF, { fromMs: 0, toMs: 100 * DAY_MS, profile }, signal),
        );
        const expected = [...model].toSorted(([a], [b]) => a - b).map(([timeMs, values]): Row => [
          timeMs,
          ...metrics.map(({ name }) => values.get(name) ?? ""),
        ]);
        assertEquals(pages.flatMap(rowsOf), expected);
      }
      await ingest.stop();
    }),
    { numRuns: amount({ quick: 25, thorough: 150 }) },
  );
});

Deno.test("a profile of 64 metrics holds a day of minutes of doubles, written, folded and read", async () => {
  using kv = await Deno.openKv(":memory:");
  await using profiles = await openProfiles({ kv, isExclusive: true });
  await profiles.put("pump", { metrics: Array.from({ length: 64 }, (_, index) => metric(index)) });
  const series = createSeriesStore({ kv, now: () => DAY_MS, profiles });
  const ingest = createIngest({ kv, writer: "w", profiles });
  // No short decimals, so that every value takes its 8 bytes.
  const page = (minutes: number[]) => ({
    timesMs: Float64Array.from(minutes, (minute) => minute * 60_000),
    columns: Array.from({ length: 64 }, (_, index) => ({
      scale: -1,
      values: Float64Array.from(minutes, (minute) => Math.sqrt(2 + minute * 64 + index)),
    })),
  });
  const all = Array.from({ length: 1_440 }, (_, minute) => minute);
  await series.write(REF, page(all.filter((minute) => minute % 2 === 0)));
  await ingest.add(REF, page(all.filter((minute) => minute % 2 === 1)));
  await ingest.add(REF, page([7]));
  await ingest.stop();
  await series.fold(REF);
  const { signal } = new AbortController();
  const pages = await Array.fromAsync(series.read(REF, { fromMs: 0, toMs: DAY_MS }, signal));
  assertEquals(pages.flatMap(({ timesMs }) => [...timesMs]), all.map((minute) => minute * 60_000));
  const last = pages.flatMap(({ columns }) => [...columns[63].values]);
  assertEquals(last, all.map((minute) => Math.sqrt(2 + minute * 64 + 63)));
});
