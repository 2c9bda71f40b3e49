import { assertEquals } from "../support/assert.ts";
import { runProgram } from "../bench/program.ts";
import { never } from "../support/file_store_box.ts";
import { type ExpectedProfile, writeExportFolder } from "../support/export_folder.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

// Needs a Python with pandas, pyarrow, polars, duckdb and datafusion: READERS_PYTHON names it. With
// pyspark and a JVM, Spark reads too.
const ignore = !Deno.env.has("REQUIRE_ALL");

type Found = Record<string, Record<string, ExpectedProfile>>;

async function readFolder(
  path: string,
  layout: "hive" | "hive-by-profile" | "plain" | "plain-by-profile",
): Promise<Found> {
  const program = new URL("../support/read_parquet_folder.py", import.meta.url).pathname;
  const python = Deno.env.get("READERS_PYTHON") ?? "python3";
  return JSON.parse(await runProgram(python, { args: [program, path, layout], signal: never }));
}

for (const layout of ["hive", "hive-by-profile"] as const) {
  Deno.test({
    name:
      `every reader finds all rows, devices and dates of a profile in the layout ${layout}, without options`,
    ignore,
    async fn() {
      await using folder = await makeTempFolder();
      const isShared = layout === "hive-by-profile";
      const expected = await writeExportFolder(folder.path, layout, { isShared });
      const found = await readFolder(folder.path, layout);
      for (
        const reader of [
          "pandas",
          "pyarrow table",
          "pyarrow dataset",
          "polars",
          "DuckDB",
          "DataFusion",
          // Only where there is a JVM.
          ...("Spark, a profile" in found ? ["Spark"] : []),
        ]
      ) {
        assertEquals(found[`${reader}, a profile`], expected, reader);
      }
      for (const reader of ["pyarrow dataset", "polars", "DuckDB", "DataFusion"]) {
        assertEquals(found[`${reader}, the whole folder`], expected, reader);
      }
    },
  });
}

Deno.test({
  name: "readers find days of a profile and windows of devices in the plain layout, with options",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    const expected = await writeExportFolder(folder.path, "plain", { isShared: true });
    const { battery } = expected;
    const found = await readFolder(folder.path, "plain-by-profile");
    assertEquals(found["DuckDB, the whole folder"], expected);
    assertEquals(found["pandas, the whole folder"], { battery });
    assertEquals(found["polars, the whole folder"], { battery });
  },
});

Deno.test({
  name: "readers find everything in the plain layout with the options that the documents name",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    const expected = await writeExportFolder(folder.path, "plain");
    const { battery } = expected;
    const found = await readFolder(folder.path, "plain");
    assertEquals(found["pandas, the whole folder"], expected);
    assertEquals(found["DuckDB, the whole folder"], expected);
    assertEquals(found["polars, the whole folder"], { battery });
    assertEquals(found["pyarrow table, the whole folder"].battery.devices, {
      B1: battery.devices.B1,
    });
  },
});
