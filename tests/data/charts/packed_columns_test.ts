import { jsonValues, packColumns } from "../../../data/charts/packed_columns.ts";
import { FLOAT } from "../../../data/readings/decimal.ts";
import { assertEquals } from "../../support/assert.ts";

function packed(scale: number, values: number[]) {
  const column = { name: "power_kw", unit: "kW", scale, values: Float64Array.from(values) };
  const body = packColumns({ rows: values.length }, [column]);
  const view = new DataView(body.buffer);
  const start = 8 + view.getUint32(4, true);
  const head = JSON.parse(new TextDecoder().decode(body.subarray(8, start)));
  return { magic: new TextDecoder().decode(body.subarray(0, 4)), start, head, body, view };
}

Deno.test("decimals become the fewest bytes, and the largest number means missing", () => {
  const { magic, start, head, body } = packed(1, [2301, NaN, 2299]);
  assertEquals(magic, "OWC1");
  assertEquals(start % 8, 0);
  assertEquals(head, {
    rows: 3,
    columns: [{
      name: "power_kw",
      unit: "kW",
      type: "u8",
      base: 2299,
      divisor: 10,
      step: 0,
      offset: 0,
      length: 3,
    }],
  });
  assertEquals([...body.subarray(start)], [2, 255, 0, 0, 0, 0, 0, 0]);
});

Deno.test("a range of 255 needs two bytes, because 255 is the missing value of one byte", () => {
  assertEquals(packed(0, [0, 254, 7]).head.columns[0].type, "u8");
  const { start, head, body } = packed(0, [0, 255, NaN]);
  assertEquals(head.columns[0].type, "u16");
  assertEquals([...body.subarray(start)], [0, 0, 255, 0, 255, 255, 0, 0]);
  assertEquals(packed(0, [0, 65_535, 7]).head.columns[0].type, "u32");
});

Deno.test("values that are equally far apart need no bytes", () => {
  const { start, head, body } = packed(0, [
    1_704_067_200_000,
    1_704_067_260_000,
    1_704_067_320_000,
  ]);
  const { type, base, step, length } = head.columns[0];
  assertEquals([type, base, step, length], ["grid", 1_704_067_200_000, 60_000, 3]);
  assertEquals(body.length, start);
});

Deno.test("doubles stay doubles, NaN included", () => {
  const { start, head, view } = packed(FLOAT, [0.1, NaN, 1e300]);
  assertEquals(head.columns[0].type, "f64");
  assertEquals(
    [0, 8, 16].map((at) => view.getFloat64(start + at, true)),
    [0.1, NaN, 1e300],
  );
});

Deno.test("a column without any value is missing everywhere, never 0", () => {
  const { start, body } = packed(2, [NaN, NaN]);
  assertEquals([...body.subarray(start, start + 2)], [255, 255]);
});

Deno.test("as JSON a missing value is null", () => {
  const column = { name: "v", unit: null, scale: 1, values: Float64Array.of(2301, NaN) };
  assertEquals(jsonValues(column), [230.1, null]);
});
