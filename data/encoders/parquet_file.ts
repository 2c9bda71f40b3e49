/**
 * Parquet files from pages, in row groups.
 *
 * Times are INT64 milliseconds in UTC, values are DOUBLE, and every column has statistics. All columns
 * may have missing values, except the time, the id and those whose head says so. The compression is
 * Snappy, which every reader supports.
 *
 * @module
 */

import { emptyBuffer, putBytes, putUint32 } from "./byte_buffer.ts";
import { freeMemory } from "./chunk_memory.ts";
import type { FileColumn, FileHead, SourcePage } from "./encoder.ts";
import { type Column, concatPages, type Page, slicePage } from "../readings/page.ts";
import { type EncodedColumn, encodeRuns, encodeTruths, type Run } from "./parquet_chunk.ts";
import { createParquetTools, FIRST_BYTES, type ParquetTools, putChunk } from "./parquet_pages.ts";
import {
  type ChunkElement,
  type GroupsData,
  type KeyValue,
  putFileData,
  putGroup,
  schemaBytes,
} from "./parquet_schema.ts";
import { encodeTimes } from "./parquet_times.ts";

/** What a file needs of a head. */
export type ParquetHead = Pick<FileHead, "sources" | "idColumn" | "labels" | "columns">;

/** What files with the same columns have in common. */
export interface ParquetForm {
  /** Their columns, and the sources of their rows, which may change. */
  readonly head: ParquetHead;
  /** The columns of the format. */
  readonly elements: readonly ChunkElement[];
  /** The description of the columns. */
  readonly schema: Uint8Array;
}

/** Writes one file. The same rows give the same bytes, however they are cut into pages. */
export interface ParquetFile {
  /** Adds rows, which are copied unless the options say otherwise. */
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

/** How a file is written. */
export interface ParquetOptions {
  /** The tools, which several files may use one after the other. */
  readonly tools?: ParquetTools;
  /** Whether rows stay as they are until the file ends, so that they need not be copied. */
  readonly keepsRows?: boolean;
}

/** Readings per row group, as in DuckDB: 960 KiB for a column of doubles. */
export const ROW_GROUP_ROWS = 122_880;
/** `PAR1`, lowest byte first. */
const MAGIC = 0x31524150;

/** The values of a column are joined without their times. */
const NO_TIMES = new Float64Array(0);

/** The form of files. */
export function createParquetForm(head: ParquetHead): ParquetForm {
  const elements = elementsOf(head);
  return { head, elements, schema: schemaBytes(elements) };
}

/** A file. */
export function createParquetFile(
  form: ParquetForm,
  { tools = createParquetTools(), keepsRows = false }: ParquetOptions = {},
): ParquetFile {
  const { file } = tools;
  const groups: GroupsData = { count: 0, rows: 0, bytes: tools.groups };
  const steps: (() => void)[] = [];
  let waiting: SourcePage[] = [];
  let waitingRows = 0, base = 0;
  file.end = groups.bytes.end = 0;
  putUint32(file, MAGIC);

  function runSteps(): void {
    for (const step of steps.splice(0)) step();
  }

  /** Queues the columns of a row group. One is in memory besides the one that fills. */
  function startGroup(parts: readonly SourcePage[]): void {
    runSteps();
    steps.push(...groupSteps(form, { tools, parts, groups, base: () => base, keepsRows }));
  }

  function cut(): void {
    if (waitingRows > 0) startGroup(waiting);
    waiting = [];
    waitingRows = 0;
  }

  function take(): Uint8Array<ArrayBuffer> {
    const taken = file.bytes.slice(0, file.end);
    // Positions count from the start of the file.
    base += file.end;
    emptyBuffer(file, FIRST_BYTES);
    return taken;
  }

  return {
    add(rows) {
      const { timesMs } = rows.page;
      for (let at = 0; at < timesMs.length;) {
        const end = Math.min(at + ROW_GROUP_ROWS - waitingRows, timesMs.length);
        const page = slicePage(rows.page, at, end);
        waiting.push({ ...rows, page: keepsRows ? page : copyOf(page) });
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
      const start = file.end;
      putBytes(file, form.schema);
      putFileData(file, { groups, columns: form.elements.length, metadata });
      putUint32(file, file.end - start);
      putUint32(file, MAGIC);
      return take();
    },
  };
}

/** Steps that write a row group column by column, and then add it to the groups of the file. */
function groupSteps(
  { head, elements }: ParquetForm,
  { tools, parts, groups, base, keepsRows }: {
    tools: ParquetTools;
    parts: readonly SourcePage[];
    groups: GroupsData;
    base: () => number;
    keepsRows: boolean;
  },
): (() => void)[] {
  const { file, chunks } = tools;
  const rows = rowCount(parts);
  let start = 0, uncompressed = 0;
  return elements.map((element, index) => () => {
    if (index === 0) {
      start = base() + file.end;
      chunks.end = 0;
    }
    const joined = joinedColumn(head, parts, index);
    const column = encodeColumn(tools, { head, parts, index, joined });
    uncompressed += putChunk(tools, base(), { column, element, rows });
    // That of a single part is its own memory, which the other columns share.
    if (joined !== null && parts.length > 1) freeMemory(joined.values.buffer);
    if (index < elements.length - 1) return;
    const sizes = { uncompressed, compressed: base() + file.end - start };
    putGroup(groups, chunks, { count: elements.length, rows, sizes });
    if (!keepsRows) { for (const { page } of parts) freeMemory(page.timesMs.buffer); }
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

function elementsOf({ idColumn, labels, columns }: ParquetHead): ChunkElement[] {
  return [
    { name: "timestamp", kind: "time", isRequired: true },
    ...(idColumn === null ? [] : [{ name: idColumn, kind: "text" as const, isRequired: true }]),
    ...labels.map((name) => ({ name, kind: "text" as const, isRequired: false })),
    ...columns.map(({ name, kind, isRequired = false }) => {
      // Columns of doubles always have levels.
      return { name, kind, isRequired: isRequired && kind !== "double" };
    }),
  ];
}

/** Encodes the column of a row group at the index of its element. */
function encodeColumn(
  { room, encodeDoubles }: ParquetTools,
  { head, parts, index, joined }: {
    head: ParquetHead;
    parts: readonly SourcePage[];
    index: number;
    joined: Column | null;
  },
): EncodedColumn {
  const value = valueIndex(head, index), label = value + head.labels.length;
  const texts = (one: (part: SourcePage) => string | null) =>
    parts.map((part): Run<string> => ({ value: one(part), count: part.page.timesMs.length }));
  if (joined !== null) {
    if (index === 0) return encodeTimes(room, joined.values);
    const { kind, isRequired = false } = head.columns[value];
    if (kind === "double") return encodeDoubles(room, joined);
    return encodeSeldom(room, joined, { kind, isOptional: !isRequired });
  }
  return label < 0
    ? encodeRuns(room, texts(({ source }) => head.sources[source]), { isOptional: false })
    : encodeRuns(room, texts(({ labels = [] }) => labels[label] ?? null), { isOptional: true });
}

/** Encodes integers or truth values, which seldom change. */
function encodeSeldom(
  room: ParquetTools["room"],
  { values }: Column,
  { kind, isOptional }: { kind: FileColumn["kind"]; isOptional: boolean },
): EncodedColumn {
  const runs = runsOf(values);
  if (kind === "integer") return encodeRuns(room, runs, { isOptional });
  const truths = runs.map(({ value, count }) => ({
    value: value === null ? null : value === 1,
    count,
  }));
  return encodeTruths(room, truths, { isOptional });
}

function runsOf(values: Float64Array): Run<number>[] {
  const runs: Run<number>[] = [];
  for (let row = 0; row < values.length;) {
    const value = values[row];
    const isMissing = value !== value;
    let end = row + 1;
    while (
      end < values.length && (isMissing ? values[end] !== values[end] : values[end] === value)
    ) {
      end++;
    }
    runs.push({ value: isMissing ? null : value, count: end - row });
    row = end;
  }
  return runs;
}
