import { PROFILES } from "../../../data/readings/profile.ts";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { exportWindow, openWindowEncoder } from "../../../data/continuous/window_encoder.ts";
import { assertEquals } from "../../support/assert.ts";
import { pageOf } from "../../support/pages.ts";

const PAGE = pageOf([[1_770_465_600_000, "67.5", "385.2", "-45.3", "28.4"]]);
const WINDOW = exportWindow("b1", [
  { profile: PROFILES.battery, deviceType: null, location: null, page: PAGE },
]);

Deno.test("openWindowEncoder() encodes the parts of a source as CSV", async () => {
  const { contentType, encode } = await openWindowEncoder({ format: "csv", layout: "plain" });
  assertEquals(contentType, "text/csv; charset=utf-8");
  // 2026-02-07 is a Saturday.
  assertEquals(
    new TextDecoder().decode(encode(WINDOW)).split("\n")[1],
    "2026-02-07T12:00:00Z,b1,,,67.5,385.2,-45.3,28.4,12,5,true",
  );
});

Deno.test("openWindowEncoder() encodes the parts of a source as Parquet", async () => {
  const { contentType, encode } = await openWindowEncoder({ format: "parquet", layout: "plain" });
  assertEquals(contentType, "application/vnd.apache.parquet");
  const { num_rows, schema } = parquetMetadata(encode(WINDOW).slice().buffer);
  assertEquals([num_rows, schema[5].name], [1n, "soc_percent"]);
});

Deno.test("the hive layout has no column for what is in the path", async () => {
  const csv = await openWindowEncoder({ format: "csv", layout: "hive" });
  assertEquals(new TextDecoder().decode(csv.encode(WINDOW)).split("\n").slice(0, 2), [
    "timestamp,device_type,location,soc_percent,voltage_v,current_a,temp_c,hour,day_of_week,is_weekend",
    "2026-02-07T12:00:00Z,,,67.5,385.2,-45.3,28.4,12,5,true",
  ]);
  const parquet = await openWindowEncoder({ format: "parquet", layout: "hive" });
  const file = parquet.encode(WINDOW).slice().buffer;
  assertEquals(await parquetReadObjects({ file }), [{
    timestamp: new Date("2026-02-07T12:00:00Z"),
    device_type: null,
    location: null,
    soc_percent: 67.5,
    voltage_v: 385.2,
    current_a: -45.3,
    temp_c: 28.4,
    hour: 12,
    day_of_week: 5,
    is_weekend: true,
  }]);
});

Deno.test("stream() makes one file of many devices, as CSV with one header and as Parquet with statistics", async () => {
  const windows = async function* () {
    for (const id of ["b1", "b2", "b3"]) yield await Promise.resolve({ ...WINDOW, deviceId: id });
  };
  const layout = "hive-by-profile" as const;
  const csv = await openWindowEncoder({ format: "csv", layout });
  const text = await new Blob(await Array.fromAsync(csv.stream(windows()))).text();
  const fields = ",,,67.5,385.2,-45.3,28.4,12,5,true";
  assertEquals(text.split("\n"), [
    "timestamp,device_id,device_type,location,soc_percent,voltage_v,current_a,temp_c,hour," +
    "day_of_week,is_weekend",
    ...["b1", "b2", "b3"].map((id) => `2026-02-07T12:00:00Z,${id}${fields}`),
    "",
  ]);
  const parquet = await openWindowEncoder({ format: "parquet", layout });
  const chunks = await Array.fromAsync(parquet.stream(windows()));
  const file = await new Blob(chunks).arrayBuffer();
  const { num_rows, row_groups } = parquetMetadata(file);
  assertEquals([num_rows, row_groups.length], [3n, 1]);
  const column = row_groups[0].columns[1].meta_data;
  const { min_value, max_value } = column?.statistics ?? {};
  assertEquals([column?.path_in_schema, min_value, max_value], [["device_id"], "b1", "b3"]);
  const rows = await parquetReadObjects({ file });
  assertEquals(rows.map((row) => [row.device_id, row.temp_c]), [
    ["b1", 28.4],
    ["b2", 28.4],
    ["b3", 28.4],
  ]);
});
