/**
 * The port of the formats of files: rows go in, the file comes out.
 *
 * An encoder gets the rows in the order of the file: the sources one after the other, each ascending.
 * The same rows give the same bytes, however they are cut into pages.
 *
 * @module
 */

import type { ChunkMemory } from "./chunk_memory.ts";
import type { CsvDialect } from "./csv_dialect.ts";
import type { Page, Span } from "../readings/page.ts";
import type { AsciiText } from "../text/ascii_text.ts";

/** The formats of files. `data/encoders/formats.ts` has the encoder of each. */
export type FormatName = "csv" | "json" | "ndjson" | "xml" | "parquet" | "xlsx";

/** A column of values of a file. */
export interface FileColumn {
  /** Its name, as the file has it. */
  readonly name: string;
  /** The unit of its values, as {@link Metric.unit} has it; null if they have none. */
  readonly unit: string | null;
  /** The kind of its values: a boolean is 1 or 0 in a page. */
  readonly kind: "double" | "integer" | "boolean";
  /** Whether all rows have a value; otherwise some may be missing (NaN). */
  readonly isRequired?: boolean;
  /** The metric that it shows; null for a column that is computed. */
  readonly metric: string | null;
  /** How its values were aggregated, such as `mean`; null for readings as they are. */
  readonly aggregate: string | null;
  /** The source whose values it shows, in a file with one column for each source; else null. */
  readonly source: string | null;
  /**
   * The decimals of all of its values, which a format with `needsDecimals` must know before the first
   * row; null if unknown. `data/encoders/decimals.ts` finds them.
   */
  readonly decimals: number | null;
}

/** What a file says about its rows, known before the first one. */
export interface FileHead {
  /** The name of the profile of the sources. */
  readonly profile: string;
  /** The ids of the sources, in the order of the file. */
  readonly sources: readonly string[];
  /** The name of the column with the id of the source; null if the file has none. */
  readonly idColumn: string | null;
  /** The names of columns of texts after the id. {@link SourcePage.labels} has their values. */
  readonly labels: readonly string[];
  /** The columns of values, as many as each page has. */
  readonly columns: readonly FileColumn[];
  /** The zone whose clock the times show: an IANA name, or an offset such as +01:00. */
  readonly zone: string;
  /** Whether a column `utc` after the time has the same time in UTC. */
  readonly hasUtc: boolean;
  /** The span that the file covers. */
  readonly span: Span;
  /** The interval of the rows as the request names it: `raw`, `15m`, `1mo`. */
  readonly interval: string;
  /**
   * The time from one row to the next, milliseconds: the length of the interval, or how often the
   * source measures. Null if it is unknown or differs from row to row, as that of months does.
   */
  readonly intervalMs: number | null;
  /** How CSV is written. Other formats do without. */
  readonly csv: CsvDialect;
}

/** Rows of one source, or of all of them in a file with one column for each source. */
export interface SourcePage {
  /** The index of the source in {@link FileHead.sources}; 0 if the rows are of all of them. */
  readonly source: number;
  /**
   * The rows, ascending, with a column for each of {@link FileHead.columns}. Encoders do not
   * keep their memory, which may change later.
   */
  readonly page: Page;
  /** The texts of {@link FileHead.labels} for all of these rows, null for a missing one. */
  readonly labels?: readonly (string | null)[];
}

/** A stretch of time in which readings are missing. */
export interface FileGap extends Span {
  /** The source. */
  readonly source: string;
  /** How many readings are missing. */
  readonly missing: number;
}

/** What a file says about its rows, known after the last one. */
export interface FileEnd {
  /** The stretches without readings, in the order of the file; null if nobody looked for them. */
  readonly gaps: readonly FileGap[] | null;
}

/** Bytes that belong to one of the files that an archive consists of. */
export interface EntryPart {
  /** The name of the file. An archive has its files one after the other. */
  readonly entry: string;
  /** The bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Writes one file: `start()` once, `rows()` for each page, `end()` once. Each call returns the next
 * part of the file, which may be empty.
 */
export interface FileEncoder<Part> {
  /** What comes before the rows. */
  start(): Part;
  /** The next rows. */
  rows(rows: SourcePage): Part;
  /** What comes after the rows. */
  end(end: FileEnd): Part;
}

/** Memory for text, and where what is there ends. */
export interface TextEnd {
  /** The text. It grows if it must. */
  readonly text: AsciiText;
  /** The end of what is there, bytes. */
  readonly at: number;
}

/** Writes one text file in UTF-8, as {@link FileEncoder} does, with its rows in memory of the caller. */
export interface TextEncoding {
  /** What comes before the rows. */
  start(): string;
  /** Writes the next rows after what is there, and returns where they end. */
  write(rows: SourcePage, into: TextEnd): number;
  /** What comes after the rows. */
  end(end: FileEnd): string;
  /**
   * Goes on after so many rows that another encoder wrote, in place of `start()`. Encoders have it if they
   * need to know.
   */
  goOn?(rows: number): void;
}

/** What is known about a format without encoding anything. */
export interface FormatFacts {
  /** Its name in a request. */
  readonly name: FormatName;
  /** The media type of its files. */
  readonly contentType: string;
  /** The ending of file names, without the dot. */
  readonly extension: string;
  /** Whether {@link FileColumn.decimals} must be known. */
  readonly needsDecimals: boolean;
  /** Whether the file is compressed by itself, so that gzip would gain nothing. */
  readonly isCompressed: boolean;
}

/** How a format whose files are text is opened. */
export interface TextParts {
  /** The parts are text. */
  readonly parts: "text";
  /** Opens an encoder for one file. */
  open(head: FileHead): Promise<TextEncoding>;
}

/** How a format whose files are bytes is opened. */
export interface ByteParts {
  /** The parts are bytes. */
  readonly parts: "bytes";
  /** Opens an encoder for one file, whose chunks may be in this memory. This may load a library. */
  open(head: FileHead, memory?: ChunkMemory): Promise<FileEncoder<Uint8Array<ArrayBuffer>>>;
}

/** How a format whose files are ZIP archives is opened. */
export interface EntryParts {
  /** The parts belong to the files in the archive. */
  readonly parts: "entries";
  /** Opens an encoder for one file. */
  open(head: FileHead): Promise<FileEncoder<readonly EntryPart[]>>;
}

/** A format, and how to open an encoder. */
export type FileFormat = FormatFacts & (TextParts | ByteParts | EntryParts);
