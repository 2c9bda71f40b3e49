/**
 * Parquet files from pages, in row groups.
 *
 * Times are INT64 milliseconds in UTC, values are DOUBLE, and every column has statistics. All columns
 * may have missing values, except the time, the id and those whose head says so. The compression is
 * Snappy, which every reader supports. The library brings its own implementation: the one of the runtime
 * may change with the runtime, and then the bytes would.
 *
 * {@link loadParquet} loads the library on demand, as the service starts without it.
 *
 * @module
 */

import type { ColumnChunk, KeyValue, RowGroup } from "hyparquet";
import type { ByteWriter } from "hyparquet-writer";
import { freeMemory } from "./chunk_memory.ts";
import type { FileColumn, FileHead, SourcePage } from "./encoder.ts";
import { type Column, concatPages, type Page, slicePage } from "../readings/page.ts";
import {
  booleanChunk,
  type ChunkBytes,
  type ParquetLibrary,
  type Run,
  runChunk,
} from "./parquet_chunk.ts";
import { metricChunk } from "./parquet_doubles.ts";
import { type ChunkElement, writeChunk } from "./parquet_pages.ts";
import { timeChunk } from "./parquet_times.ts";

/** The library, loaded. */
export type LoadedParquet = ParquetLibrary & {
  readonly writeMetadata: typeof import("hyparquet-writer/src/metadata.js").writeMetadata;
};

/** What a file needs of a head. */
export type ParquetHead = Pick<FileHead, "sources" | "idColumn" | "labels" | "columns">;

/** Writes one file. The same rows give the same bytes, however they are cut into pages. */
export interface ParquetFile {
  /** Adds rows, which are copied. */
  add(rows: SourcePage): void;
  /** How many rows wait for their row group to be full. */
  waiting(): number;
  /** Makes row groups of all rows that wait. */
  cut(): void;
  /** Encodes one column of one row group if any waits to be; so no call takes long. */
  step(): void;
  /** The next bytes of the file. The caller may keep them. */
  take(): Uint8Array<ArrayBuffer>;
  /** The rest of the file. */
  end(metadata: readonly KeyValue[]): Uint8Array<ArrayBuffer>;
}

/** Readings per row group, as in DuckDB: 960 KiB for a column of doubles. */
export const ROW_GROUP_ROWS = 122_880;
/** Enough for a whole id in statistics, so that readers can skip row groups of other sources. */
const STATISTICS_BYTES = 64;
/** `PAR1`, lowest byte first. */
const MAGIC = 0x31524150;

const TIME: Omit<ChunkElement, "name"> = {
  type: "INT64",
  repetition_type: "REQUIRED",
  converted_type: "TIMESTAMP_MILLIS",
  logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MILLIS" },
};
const TEXT: Omit<ChunkElement, "name"> = {
  type: "BYTE_ARRAY",
  repetition_type: "OPTIONAL",
  converted_type: "UTF8",
  logical_type: { type: "STRING" },
};
const TYPES = { double: "DOUBLE", integer: "INT32", boolean: "BOOLEAN" } as const;

/** The values of a column are joined without their times. */
const NO_TIMES = new Float64Array(0);

/** Loads the library. */
export async function loadParquet(): Promise<LoadedParquet> {
  return await import("./parquet_parts.ts");
}

/** A file. */
export function createParquetFile(library: LoadedParquet, head: ParquetHead): ParquetFile {
  const elements = elementsOf(head);
  const groups: RowGroup[] = [];
  const steps: (() => void)[] = [];
  let waiting: SourcePage[] = [];
  let waitingRows = 0;
  let writer = new library.ByteWriter();
  writer.appendUint32(MAGIC);

  function runSteps(): void {
    for (const step of steps.splice(0)) step();
  }

  /** Queues the columns of a row group. One is in memory besides the one that fills. */
  function startGroup(parts: readonly SourcePage[]): void {
    runSteps();
    steps.push(...groupSteps(library, { head, elements, parts, groups, target: () => writer }));
  }

  function cut(): void {
    if (waitingRows > 0) startGroup(waiting);
    waiting = [];
    waitingRows = 0;
  }

  function take(): Uint8Array<ArrayBuffer> {
    const { offset } = writer;
    const bytes = writer.getBytes();
    // The bytes belong to the caller now. Positions count from the start of the file.
    writer = new library.ByteWriter();
    writer.offset = offset;
    return bytes;
  }

  return {
    add(rows) {
      const { timesMs } = rows.page;
      for (let at = 0; at < timesMs.length;) {
        const end = Math.min(at + ROW_GROUP_ROWS - waitingRows, timesMs.length);
        waiting.push({ ...rows, page: copyOf(slicePage(rows.page, at, end)) });
        waitingRows += end - at;
        at = end;
        if (waitingRows === ROW_GROUP_ROWS) cut();
      }
    },
    waiting: () => waitingRows,
    cut() {
      cut();
      runSteps();
    },
    step: () => steps.shift()?.(),
    take,
    end(metadata) {
      cut();
      runSteps();
      writeEnd(library, writer, { elements, groups, metadata });
      return take();
    },
  };
}

/** Steps that write a row group column by column, and then add it to the groups of the file. */
function groupSteps(
  library: LoadedParquet,
  { head, elements, parts, groups, target }: {
    head: ParquetHead;
    elements: readonly ChunkElement[];
    parts: readonly SourcePage[];
    groups: RowGroup[];
    target: () => ByteWriter;
  },
): (() => void)[] {
  const rows = rowCount(parts);
  const columns: ColumnChunk[] = [];
  let start = 0;
  return elements.map((element, index) => () => {
    const writer = target();
    if (index === 0) start = writer.offset;
    const joined = joinedColumn(head, parts, index);
    const chunk = chunkOf(library, { head, parts, index, joined });
    columns.push(writeChunk(library, writer, { chunk, element, rows }));
    // That of a single part is its own memory, which the other columns share.
    if (joined !== null && parts.length > 1) freeMemory(joined.values.buffer);
    if (index < elements.length - 1) return;
    groups.push(groupOf(columns, { rows, start, writer }));
    for (const { page } of parts) freeMemory(page.timesMs.buffer);
  });
}

/** A copy in memory of its own. */
function copyOf({ timesMs, columns }: Page): Page {
  const count = timesMs.length;
  const numbers = new Float64Array(count * (1 + columns.length));
  numbers.set(timesMs);
  return {
    timesMs: numbers.subarray(0, count),
    columns: columns.map(({ scale, values }, index) => {
      const at = count * (1 + index);
      numbers.set(values, at);
      return { scale, values: numbers.subarray(at, at + count) };
    }),
  };
}

/**
 * The times or values of a row group as one column, the times as the values of a column; null for a
 * column of texts.
 */
function joinedColumn(
  head: ParquetHead,
  parts: readonly SourcePage[],
  index: number,
): Column | null {
  const value = valueIndex(head, index);
  if (index > 0 && value < 0) return null;
  const pages = parts.map(({ page: { timesMs, columns } }): Page =>
    index === 0 ? { timesMs, columns: [] } : { timesMs: NO_TIMES, columns: [columns[value]] }
  );
  const { timesMs, columns: [column] } = concatPages(pages);
  return index === 0 ? { scale: 0, values: timesMs } : column;
}

/** The index of a column among those of values; negative for the time and texts. */
function valueIndex({ idColumn, labels }: ParquetHead, index: number): number {
  return index - 1 - (idColumn === null ? 0 : 1) - labels.length;
}

function rowCount(parts: readonly SourcePage[]): number {
  return parts.reduce((count, { page }) => count + page.timesMs.length, 0);
}

function groupOf(
  columns: ColumnChunk[],
  { rows, start, writer }: { rows: number; start: number; writer: ByteWriter },
): RowGroup {
  const sizes = columns.map(({ meta_data }) => meta_data?.total_uncompressed_size ?? 0n);
  return {
    columns,
    num_rows: BigInt(rows),
    total_byte_size: sizes.reduce((sum, size) => sum + size, 0n),
    total_compressed_size: BigInt(writer.offset - start),
  };
}

function elementsOf({ idColumn, labels, columns }: ParquetHead): ChunkElement[] {
  return [
    { name: "timestamp", ...TIME },
    ...(idColumn === null
      ? []
      : [{ name: idColumn, ...TEXT, repetition_type: "REQUIRED" as const }]),
    ...labels.map((name) => ({ name, ...TEXT })),
    ...columns.map(({ name, kind, isRequired }): ChunkElement => ({
      name,
      type: TYPES[kind],
      repetition_type: isRequired === true ? "REQUIRED" : "OPTIONAL",
    })),
  ];
}

function writeEnd(
  library: LoadedParquet,
  writer: ByteWriter,
  { elements, groups, metadata }: {
    elements: readonly ChunkElement[];
    groups: RowGroup[];
    metadata: readonly KeyValue[];
  },
): void {
  library.writeMetadata(writer, {
    version: 2,
    created_by: "openwatts",
    schema: [{ name: "readings", num_children: elements.length }, ...elements],
    num_rows: groups.reduce((sum, { num_rows }) => sum + num_rows, 0n),
    row_groups: groups,
    key_value_metadata: [...metadata],
    // The writer computes the length and ignores this value.
    metadata_length: 0,
  }, STATISTICS_BYTES);
  writer.appendUint32(MAGIC);
}

/** The column of a row group at the index of its element. */
function chunkOf(
  library: LoadedParquet,
  { head, parts, index, joined }: {
    head: ParquetHead;
    parts: readonly SourcePage[];
    index: number;
    joined: Column | null;
  },
): ChunkBytes {
  const value = valueIndex(head, index), label = value + head.labels.length;
  const texts = (one: (part: SourcePage) => string | null) =>
    parts.map((part): Run<string> => ({ value: one(part), count: part.page.timesMs.length }));
  if (joined !== null) {
    return index === 0
      ? timeChunk(library, joined.values)
      : valueChunk(library, head.columns[value], joined);
  }
  return label < 0
    ? runChunk(library, texts(({ source }) => head.sources[source]), { isOptional: false })
    : runChunk(library, texts(({ labels = [] }) => labels[label] ?? null), { isOptional: true });
}

function valueChunk(
  library: LoadedParquet,
  { kind, isRequired }: FileColumn,
  column: Column,
): ChunkBytes {
  const isOptional = isRequired !== true;
  if (kind === "double") return metricChunk(library, column);
  const runs = runsOf(column.values);
  if (kind === "integer") return runChunk(library, runs, { isOptional });
  const truths = runs.map(({ value, count }) => ({
    value: value === null ? null : value === 1,
    count,
  }));
  return booleanChunk(library, truths, { isOptional });
}

function runsOf(values: Float64Array): Run<number>[] {
  const runs: Run<number>[] = [];
  for (let row = 0; row < values.length;) {
    const value = values[row];
    let end = row + 1;
    while (end < values.length && Object.is(values[end], value)) end++;
    runs.push({ value: value === value ? value : null, count: end - row });
    row = end;
  }
  return runs;
}
