/**
 * Windows of continuous export as Parquet.
 *
 * Times are INT64 milliseconds in UTC, measured values are DOUBLE, and every column has statistics.
 * All columns may have missing values, except the time, the id and the columns computed from the
 * time. The compression is Snappy, which every reader supports. The library brings its own
 * implementation: the one of the runtime may change with the runtime, and then the bytes would.
 *
 * A file of many devices is made as a stream of row groups, each of a few devices. So only those are in
 * memory, and a reader of one device skips most of the file.
 *
 * {@link openParquetEncoder} loads the library on demand, as the service starts without it.
 *
 * @module
 */

import type { ColumnChunk, RowGroup } from "hyparquet";
import type { ByteWriter } from "hyparquet-writer";
import type { KeyLayout } from "./object_key.ts";
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
import type { Profile } from "../readings/profile.ts";
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

/** Encodes files. The same readings give the same bytes. */
export interface ParquetEncoder {
  /** Encodes a window as a file. */
  encode(window: ExportWindow, layout?: KeyLayout): Uint8Array<ArrayBuffer>;
  /**
   * Encodes windows of one profile, at least one, as one file with a column `device_id`, in chunks of
   * one or more row groups.
   */
  stream(windows: AsyncIterable<ExportWindow>): AsyncGenerator<Uint8Array<ArrayBuffer>>;
}

type Library = ParquetLibrary & {
  readonly writeMetadata: typeof import("hyparquet-writer/src/metadata.js").writeMetadata;
};

/** Readings per row group, as in DuckDB: 960 KiB for a column of doubles. */
const ROW_GROUP_ROWS = 122_880;
/**
 * Readings after which a stream ends a row group: a dozen devices of one reading a minute. More would
 * hold the event loop for longer, fewer would make the metadata at the end of the file long.
 */
const STREAM_GROUP_ROWS = 16_384;
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
  return {
    encode: (window, layout = "plain") => encode(library, window, layout),
    stream: (windows) => stream(library, windows),
  };
}

function encode(
  library: Library,
  window: ExportWindow,
  layout: KeyLayout,
): Uint8Array<ArrayBuffer> {
  const elements = elementsOf(window, layout);
  const writer = new library.ByteWriter();
  writer.appendUint32(MAGIC);
  const groups = groupsOf([window]).map((group) =>
    writeGroup(library, writer, { group, elements, layout })
  );
  writeEnd(library, writer, { elements, groups });
  return writer.getBytes();
}

async function* stream(
  library: Library,
  windows: AsyncIterable<ExportWindow>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const groups: RowGroup[] = [];
  const layout = "plain";
  let elements: ChunkElement[] = [];
  let waiting: ExportWindow[] = [];
  let writer = new library.ByteWriter();
  writer.appendUint32(MAGIC);
  const writeWaiting = () => {
    for (const group of groupsOf(waiting)) {
      groups.push(writeGroup(library, writer, { group, elements, layout }));
    }
    waiting = [];
    const { offset } = writer;
    const bytes = writer.getBytes();
    // The bytes belong to the reader of the stream now. Positions count from the start of the file.
    writer = new library.ByteWriter();
    writer.offset = offset;
    return bytes;
  };
  for await (const window of windows) {
    elements = elementsOf(window, layout);
    waiting.push(window);
    const rows = waiting.reduce((sum, one) => sum + rowCount(one), 0);
    if (rows >= STREAM_GROUP_ROWS) yield writeWaiting();
  }
  yield writeWaiting();
  writeEnd(library, writer, { elements, groups });
  yield writer.getBytes();
}

function elementsOf({ profile }: ExportWindow, layout: KeyLayout): ChunkElement[] {
  return exportColumns(profile, layout).map(({ name, kind }) => ({ name, ...ELEMENTS[kind] }));
}

function writeEnd(
  library: Library,
  writer: ByteWriter,
  { elements, groups }: { elements: readonly ChunkElement[]; groups: RowGroup[] },
): void {
  library.writeMetadata(writer, {
    version: 2,
    created_by: "openwatts",
    schema: [{ name: "readings", num_children: elements.length }, ...elements],
    num_rows: groups.reduce((sum, { num_rows }) => sum + num_rows, 0n),
    row_groups: groups,
    // The writer computes the length and ignores this value.
    metadata_length: 0,
  }, STATISTICS_BYTES);
  writer.appendUint32(MAGIC);
}

/** Readings that become one row group. */
interface Group {
  readonly profile: Profile;
  readonly parts: readonly (WindowPart & { readonly deviceId: string })[];
}

/** Splits windows of one profile into row groups. */
function groupsOf(windows: readonly ExportWindow[]): Group[] {
  const groups: Group["parts"][number][][] = [];
  let left = 0;
  for (const { deviceId, parts } of windows) {
    for (const part of parts) {
      const { page } = part;
      for (let at = 0; at < page.timesMs.length;) {
        if (left === 0) left = groups.push([]) && ROW_GROUP_ROWS;
        const end = Math.min(at + left, page.timesMs.length);
        groups[groups.length - 1].push({ ...part, deviceId, page: slicePage(page, at, end) });
        left -= end - at;
        at = end;
      }
    }
  }
  return groups.map((parts) => ({ profile: windows[0].profile, parts }));
}

function writeGroup(
  library: Library,
  writer: ByteWriter,
  { group, elements, layout }: {
    group: Group;
    elements: readonly ChunkElement[];
    layout: KeyLayout;
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
  { profile, parts }: Group,
  layout: KeyLayout,
): ChunkBytes[] {
  const page: Page = exportPage(profile, concatPages(parts.map((part) => part.page)));
  const texts = (one: (part: Group["parts"][number]) => string | null) =>
    parts.map((part): Run<string> => ({ value: one(part), count: part.page.timesMs.length }));
  return [
    timeChunk(library, page.timesMs),
    ...(layout === "hive"
      ? []
      : [runChunk(library, texts((part) => part.deviceId), { isOptional: false })]),
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
