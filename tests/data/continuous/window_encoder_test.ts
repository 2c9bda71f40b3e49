import { parquetMetadata } from "hyparquet";
import { exportWindow, openWindowEncoder } from "../../../data/continuous/window_encoder.ts";
import { assertEquals } from "../../support/assert.ts";
import { pageOf } from "../../support/pages.ts";

const PAGE = pageOf([[1_770_465_600_000, "67.5", "385.2", "-45.3", "28.4"]]);
const WINDOW = exportWindow("b1", [
  { profile: "battery", deviceType: null, location: null, page: PAGE },
]);

Deno.test("openWindowEncoder() encodes the parts of a source as CSV", async () => {
  const { contentType, encode } = await openWindowEncoder("csv");
  assertEquals(contentType, "text/csv; charset=utf-8");
  // 2026-02-07 is a Saturday.
  assertEquals(
    new TextDecoder().decode(encode(WINDOW)).split("\n")[1],
    "2026-02-07T12:00:00Z,b1,,,67.5,385.2,-45.3,28.4,12,5,true",
  );
});

Deno.test("openWindowEncoder() encodes the parts of a source as Parquet", async () => {
  const { contentType, encode } = await openWindowEncoder("parquet");
  assertEquals(contentType, "application/vnd.apache.parquet");
  const { num_rows, schema } = parquetMetadata(encode(WINDOW).slice().buffer);
  assertEquals([num_rows, schema[5].name], [1n, "soc_percent"]);
});
