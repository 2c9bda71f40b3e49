/**
 * Reports on stores as Parquet: texts, doubles, times in UTC and booleans, with the units of columns
 * as metadata. The library is loaded on demand, as the service starts without it.
 *
 * @module
 */

import type { SchemaElement } from "hyparquet";
import type { ReportCell, ReportCellKind, ReportColumn } from "./report_table.ts";

/** Rows of a row group, as in DuckDB. */
const GROUP_ROWS = 122_880;
const HUNDREDTHS = 100;

// deno-fmt-ignore: one line each.
const TYPES: Readonly<Record<ReportCellKind, Omit<SchemaElement, "name">>> = {
  text: { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } },
  hundredths: { type: "DOUBLE" },
  time: timeType(),
  local_time: timeType(),
  flag: { type: "BOOLEAN" },
};

type Rows = AsyncIterable<readonly (readonly ReportCell[])[]>;

/** The bytes of a file of rows. Each row group is passed on as soon as it is full. */
export async function* reportParquet(
  columns: readonly ReportColumn[],
  rows: Rows,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const { ByteWriter, ParquetWriter } = await import("../encoders/parquet_parts.ts");
  const writer = new ByteWriter();
  const file = new ParquetWriter({
    writer,
    schema: [
      { name: "root", num_children: columns.length },
      ...columns.map(({ name, kind }): SchemaElement => (
        { name, repetition_type: "OPTIONAL", ...TYPES[kind] }
      )),
    ],
    kvMetadata: [{
      key: "units",
      value: JSON.stringify(Object.fromEntries(columns.map(({ name, unit }) => [name, unit]))),
    }],
  });
  let group: (readonly ReportCell[])[] = [];

  /** The bytes since the last call. The writer goes on at the start of its buffer. */
  function take(): Uint8Array<ArrayBuffer> {
    const bytes = writer.getBytes().slice();
    writer.index = 0;
    return bytes;
  }

  async function cut(): Promise<Uint8Array<ArrayBuffer>> {
    const columnData = columns.map(({ name, kind }, index) => (
      { name, data: group.map((row) => parquetValue(row[index], kind)) }
    ));
    await file.write({ columnData, rowGroupSize: GROUP_ROWS });
    group = [];
    return take();
  }

  for await (const some of rows) {
    for (const row of some) {
      if (group.push(row) === GROUP_ROWS) yield await cut();
    }
  }
  if (group.length > 0) yield await cut();
  await file.finish();
  yield take();
}

function timeType(): Omit<SchemaElement, "name"> {
  return {
    type: "INT64",
    converted_type: "TIMESTAMP_MILLIS",
    logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MILLIS" },
  };
}

/** The value of a cell as the library takes it: times are 64-bit integers. */
function parquetValue(
  cell: ReportCell,
  kind: ReportCellKind,
): string | number | bigint | boolean | null {
  if (cell === null) return null;
  if (typeof cell === "object") return BigInt(cell.timeMs);
  if (typeof cell !== "number") return cell;
  return kind === "time" ? BigInt(cell) : cell / HUNDREDTHS;
}
