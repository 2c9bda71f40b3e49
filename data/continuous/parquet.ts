/**
 * Windows of continuous export as Parquet.
 *
 * Times are INT64 milliseconds in UTC, measured values are DOUBLE, and every column has statistics.
 * All columns may have missing values, except the time, the id and the columns computed from the
 * time. The compression is Snappy, which every reader supports. The library brings its own
 * implementation: the one of the runtime may change with the runtime, and then the bytes would.
 *
 * {@link openParquetEncoder} loads the library on demand, as the service starts without it.
 *
 * @module
 */

import type { ColumnChunk, RowGroup } from "hyparquet";
import type { ByteWriter } from "hyparquet-writer";
import type { ExportLayout } from "./object_key.ts";
import { toFloats } from "../readings/decimal.ts";
import {
  type ColumnKind,
  type ExportColumn,
  exportColumns,
  exportPage,
  type ExportWindow,
  rowCount,
  valueColumns,
  type WindowPart,
} from "./rows.ts";
import { type Column, concatPages, type Page, slicePage } from "../readings/page.ts";
import {
  booleanChunk,
  type ChunkBytes,
  doubleChunk,
  type ParquetLibrary,
  type Run,
  runChunk,
  timeChunk,
} from "./parquet_chunk.ts";
import { type ChunkElement, writeChunk } from "./parquet_pages.ts";

/** Encodes a window as a file. The same readings give the same bytes. */
export type ParquetEncoder = (
  window: ExportWindow,
  layout?: ExportLayout,
) => Uint8Array<ArrayBuffer>;

type Library = ParquetLibrary & {
  readonly writeMetadata: typeof import("hyparquet-writer/src/metadata.js").writeMetadata;
};

/** Readings per row group, as in DuckDB: 960 KiB for a column of doubles. */
const ROW_GROUP_ROWS = 122_880;
/** Enough for a whole device id in statistics, so that readers can skip files of other devices. */
const STATISTICS_BYTES = 64;
/** `PAR1`, lowest byte first. */
const MAGIC = 0x31524150;

const ELEMENTS: Readonly<Record<ColumnKind, Omit<ChunkElement, "name">>> = {
  timestamp: {
    type: "INT64",
    repetition_type: "REQUIRED",
    converted_type: "TIMESTAMP_MILLIS",
    logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MILLIS" },
  },
  id: {
    type: "BYTE_ARRAY",
    repetition_type: "REQUIRED",
    converted_type: "UTF8",
    logical_type: { type: "STRING" },
  },
  text: {
    type: "BYTE_ARRAY",
    repetition_type: "OPTIONAL",
    converted_type: "UTF8",
    logical_type: { type: "STRING" },
  },
  double: { type: "DOUBLE", repetition_type: "OPTIONAL" },
  integer: { type: "INT32", repetition_type: "REQUIRED" },
  boolean: { type: "BOOLEAN", repetition_type: "REQUIRED" },
};

/** Loads the library. The encoder then needs nothing else. */
export async function openParquetEncoder(): Promise<ParquetEncoder> {
  const parts = await Promise.all([
    import("hyparquet-writer/src/bytewriter.js"),
    import("hyparquet-writer/src/datapage.js"),
    import("hyparquet-writer/src/delta.js"),
    import("hyparquet-writer/src/encoding.js"),
    import("hyparquet-writer/src/snappy.js"),
    import("hyparquet-writer/src/metadata.js"),
  ]);
  const [bytes, page, delta, encoding, snappy, metadata] = parts;
  const library = { ...bytes, ...page, ...delta, ...encoding, ...snappy, ...metadata };
  return (window, layout = "plain") => encode(library, window, layout);
}

function encode(
  library: Library,
  window: ExportWindow,
  layout: ExportLayout,
): Uint8Array<ArrayBuffer> {
  const elements = exportColumns(window.profile, layout).map(({ name, kind }): ChunkElement => ({
    name,
    ...ELEMENTS[kind],
  }));
  const writer = new library.ByteWriter();
  writer.appendUint32(MAGIC);
  const groups = groupsOf(window).map((group) =>
    writeGroup(library, writer, { group, elements, layout })
  );
  library.writeMetadata(writer, {
    version: 2,
    created_by: "openwatts",
    schema: [{ name: "readings", num_children: elements.length }, ...elements],
    num_rows: BigInt(rowCount(window)),
    row_groups: groups,
    // The writer computes the length and ignores this value.
    metadata_length: 0,
  }, STATISTICS_BYTES);
  writer.appendUint32(MAGIC);
  return writer.getBytes();
}

/** Splits a window into row groups. */
function groupsOf(window: ExportWindow): ExportWindow[] {
  const groups: WindowPart[][] = [];
  let left = 0;
  for (const part of window.parts) {
    const { page } = part;
    for (let at = 0; at < page.timesMs.length;) {
      if (left === 0) left = groups.push([]) && ROW_GROUP_ROWS;
      const end = Math.min(at + left, page.timesMs.length);
      groups[groups.length - 1].push({ ...part, page: slicePage(page, at, end) });
      left -= end - at;
      at = end;
    }
  }
  return groups.map((parts) => ({ ...window, parts }));
}

function writeGroup(
  library: Library,
  writer: ByteWriter,
  { group, elements, layout }: {
    group: ExportWindow;
    elements: readonly ChunkElement[];
    layout: ExportLayout;
  },
): RowGroup {
  const start = writer.offset;
  const rows = rowCount(group);
  const chunks = chunksOf(library, group, layout);
  const columns = elements.map((element, index): ColumnChunk =>
    writeChunk(library, writer, { chunk: chunks[index], element, rows })
  );
  const sizes = columns.map(({ meta_data }) => meta_data?.total_uncompressed_size ?? 0n);
  return {
    columns,
    num_rows: BigInt(rows),
    total_byte_size: sizes.reduce((sum, size) => sum + size, 0n),
    total_compressed_size: BigInt(writer.offset - start),
  };
}

function chunksOf(
  library: Library,
  { deviceId, profile, parts }: ExportWindow,
  layout: ExportLayout,
): ChunkBytes[] {
  const page: Page = exportPage(profile, concatPages(parts.map((part) => part.page)));
  const texts = (one: (part: WindowPart) => string | null) =>
    parts.map((part): Run<string> => ({ value: one(part), count: part.page.timesMs.length }));
  return [
    timeChunk(library, page.timesMs),
    ...(layout === "hive" ? [] : [runChunk(library, texts(() => deviceId), { isOptional: false })]),
    runChunk(library, texts((part) => part.deviceType), { isOptional: true }),
    runChunk(library, texts((part) => part.location), { isOptional: true }),
    ...valueColumns(profile).map((column, index) =>
      valueChunk(library, column, page.columns[index])
    ),
  ];
}

function valueChunk(library: Library, { kind }: ExportColumn, column: Column): ChunkBytes {
  if (kind === "double") return doubleChunk(library, toFloats(column.values, column.scale));
  const runs = runsOf(column.values);
  if (kind === "integer") return runChunk(library, runs, { isOptional: false });
  return booleanChunk(library, runs.map(({ value, count }) => ({ value: value === 1, count })));
}

function runsOf(values: Float64Array): Run<number>[] {
  const runs: Run<number>[] = [];
  for (let row = 0; row < values.length;) {
    const value = values[row];
    let end = row + 1;
    while (end < values.length && values[end] === value) end++;
    runs.push({ value, count: end - row });
    row = end;
  }
  return runs;
}
