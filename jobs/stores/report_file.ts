/**
 * The file of a report on stores, in any of its formats.
 *
 * @module
 */

import type { Deflater } from "../../data/encoders/deflate.ts";
import { reportXlsx } from "../../data/stores/report_xlsx.ts";
import { reportParquet } from "../../data/stores/report_parquet.ts";
import {
  createReportCsv,
  createReportJson,
  type ReportWriter,
} from "../../data/stores/report_text.ts";
import type { ReportCell, ReportColumn } from "../../data/stores/report_table.ts";
import { textChunks } from "../../data/text/text_chunks.ts";
import type { ReportFormat } from "./report_contract.ts";

/** What says how a file is to be read. */
export interface ReportFileType {
  /** Its media type. */
  readonly contentType: string;
  /** The ending of its name. */
  readonly extension: string;
}

type Rows = AsyncIterable<readonly (readonly ReportCell[])[]>;

const CONTENT_TYPES: Readonly<Record<ReportFormat, string>> = {
  csv: "text/csv; charset=utf-8; header=present",
  json: "application/json",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  parquet: "application/vnd.apache.parquet",
};

/** The type of the files of a format. */
export function reportFileType(format: ReportFormat): ReportFileType {
  return { contentType: CONTENT_TYPES[format], extension: format };
}

/** The bytes of a file of rows. */
export function reportBody(
  format: ReportFormat,
  columns: readonly ReportColumn[],
  { rows, deflater }: { rows: Rows; deflater: Deflater },
): ReadableStream<Uint8Array<ArrayBuffer>> {
  switch (format) {
    case "csv":
      return textBody(createReportCsv(columns), rows);
    case "json":
      return textBody(createReportJson(columns), rows);
    case "xlsx":
      return ReadableStream.from(reportXlsx({ columns, rows, deflater }));
    case "parquet":
      return ReadableStream.from(reportParquet(columns, rows));
  }
}

function textBody(writer: ReportWriter, rows: Rows): ReadableStream<Uint8Array<ArrayBuffer>> {
  async function* text(): AsyncGenerator<string> {
    yield writer.start();
    for await (const some of rows) yield writer.rows(some);
    yield writer.end();
  }
  return textChunks(text()).pipeThrough(new TextEncoderStream());
}
