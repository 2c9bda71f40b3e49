import { createDecimalsMeter, withDecimals } from "../../../data/encoders/decimals.ts";
import { assertEquals } from "../../support/assert.ts";
import { FLOAT } from "../../../data/readings/decimal.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { fileHead, metricColumns } from "../../support/encoded.ts";
import { pageOf } from "../../support/pages.ts";

Deno.test("the decimals of a column are those that its values need, at whatever scale they are stored", () => {
  const meter = createDecimalsMeter(4);
  meter.add(pageOf([[0, "1", "0.25", "", "100"], [1, "2.50", "7", "", "1"]]));
  assertEquals(meter.decimals(), [1, 2, 0, 0]);
  const column = (scale: number, ...values: number[]) => ({
    scale,
    values: Float64Array.from(values),
  });
  meter.add({
    timesMs: Float64Array.of(2, 3),
    columns: [
      column(4, 10_000, 12_340),
      column(4, NaN, 100),
      column(15, NaN, NaN),
      column(6, 1e7, 5e6),
    ],
  });
  assertEquals(meter.decimals(), [3, 2, 0, 0]);
  meter.add({
    timesMs: Float64Array.of(4),
    columns: [column(FLOAT, 1.2345), column(FLOAT, 1 / 3), column(FLOAT, NaN), column(FLOAT, 3)],
  });
  assertEquals(meter.decimals(), [4, null, 0, 0]);
});

Deno.test("withDecimals() leaves out decimals with which a value has more than 47 bits", async () => {
  const columns = metricColumns(PROFILES.meter);
  const pages = ReadableStream.from([
    { source: 0, page: pageOf([[0, "0.123456789", "0.123456789", "", "5e13"]]) },
    // 2^47 is 1.4e14: 140,737 has room for 9 decimals, 140,738 for 8.
    { source: 0, page: pageOf([[1, "-140737", "140738", "1.5", "0.25"]]) },
  ]);
  const head = await withDecimals(fileHead({ columns }), pages);
  assertEquals(head.columns.map(({ decimals }) => decimals), [9, 8, 1, 0]);
});
