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

/** A file that is being written. */
export interface ReportFile {
  /** Its bytes. */
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Its media type. */
  readonly contentType: string;
  /** The ending of its name. */
  readonly extension: string;
}

type Rows = AsyncIterable<readonly (readonly ReportCell[])[]>;

/** A file of rows. */
export function reportFile(
  format: ReportFormat,
  columns: readonly ReportColumn[],
  { rows, deflater }: { rows: Rows; deflater: Deflater },
): ReportFile {
  switch (format) {
    case "csv":
      return {
        body: textBody(createReportCsv(columns), rows),
        contentType: "text/csv; charset=utf-8; header=present",
        extension: "csv",
      };
    case "json":
      return {
        body: textBody(createReportJson(columns), rows),
        contentType: "application/json",
        extension: "json",
      };
    case "xlsx":
      return {
        body: ReadableStream.from(reportXlsx({ columns, rows, deflater })),
        contentType: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        extension: "xlsx",
      };
    case "parquet":
      return {
        body: ReadableStream.from(reportParquet(columns, rows)),
        contentType: "application/vnd.apache.parquet",
        extension: "parquet",
      };
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
