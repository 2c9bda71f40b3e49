/**
 * The reader of an upload of readings in any format.
 *
 * @module
 */

import { createCsvReader } from "../imports/csv_read.ts";
import { type DialectPlan, dialectsOf } from "../imports/dialect_plan.ts";
import { createJsonArrayReader, createNdjsonReader } from "../imports/json_read.ts";
import { createMeterRows } from "../imports/meter_rows.ts";
import type { UploadOptions } from "../imports/upload_options.ts";
import type { ManyMetersReader } from "../imports/upload_reader.ts";
import { createEspiReader } from "./espi_read.ts";
import { createNem12Reader } from "./nem12_read.ts";

/** The formats. */
export const UPLOAD_FORMATS = ["csv", "json", "ndjson", "nem12", "espi"] as const;

/** One of {@link UPLOAD_FORMATS}. */
export type UploadFormat = typeof UPLOAD_FORMATS[number];

/** How to read an upload, as a value that a message can carry. */
export interface ReaderPlan extends DialectPlan {
  /** The format. */
  readonly format: UploadFormat;
  /** The meter in the address; null if the records or the file name theirs. */
  readonly id: string | null;
  /** The series of a file of meters that one meter takes; null if the query does not say it. */
  readonly register: string | null;
  /** Earlier times are rejected, epoch milliseconds. */
  readonly oldestMs: number;
}

/** A reader at the beginning of an upload. */
export function openReader(plan: ReaderPlan): ManyMetersReader {
  const { format, profile, id, register, oldestMs } = plan;
  const { dialect, dialectOf } = dialectsOf(plan);
  if (format === "csv" || format === "json" || format === "ndjson") {
    return ROW_READERS[format]({ profile, id, register, dialect, dialectOf, oldestMs });
  }
  const { intervals, rules } = dialect;
  const rows = createMeterRows({ oldestMs, intervals, timeRules: () => rules });
  const file = { rows, meterId: id, register, oldestMs };
  return format === "nem12"
    ? createNem12Reader(file)
    : createEspiReader({ ...file, zone: dialect.zone });
}

/** The readers of formats whose rows are records of one meter each. */
const ROW_READERS: Readonly<
  Record<"csv" | "json" | "ndjson", (options: UploadOptions) => ManyMetersReader>
> = {
  csv: createCsvReader,
  json: createJsonArrayReader,
  ndjson: createNdjsonReader,
};
