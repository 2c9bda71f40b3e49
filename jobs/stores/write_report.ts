/**
 * Writes the file of a report with the parts that a thread has: this one or a worker.
 *
 * @module
 */

import type { Deflater } from "../../data/encoders/deflate.ts";
import type { WrittenFile } from "../../data/files/file_store.ts";
import { weeklySpansOf } from "../../data/stores/business_hours.ts";
import type { ReportCell } from "../../data/stores/report_table.ts";
import type { Span } from "../../data/readings/page.ts";
import { DamagedDataError } from "../../kv/series/damage.ts";
import { createLatestDecoder } from "../../kv/series/latest_page.ts";
import { createReportCounter, type ReportCounter, type ReportCounts } from "./report_counts.ts";
import { reportBody } from "./report_file.ts";
import { planReport, type ReportSpec } from "./report_plan.ts";
import type { ReportMeasure, StoreRows } from "./report_rows.ts";
import { type StoreBatch, storesOf, type StoreToMeasure } from "./store_batch.ts";

/** How many rows are written at once. */
const ROWS_AT_ONCE = 200;

/** What writing needs. */
export interface ReportParts {
  /** The stores, with their polls in a span and the last one before it. */
  batches(span: Span): AsyncIterable<StoreBatch>;
  /** Reports that a block is damaged; it may throw another error. The report fails anyway. */
  damaged(error: DamagedDataError): Promise<void>;
  /** Called with the number of stores that are done. */
  onDone(stores: number): void;
  /** Writes the file. */
  write(body: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<WrittenFile>;
  /** Compresses. */
  readonly deflater: Deflater;
}

/** A written report. */
export interface WrittenReport {
  /** Its file. */
  readonly file: WrittenFile;
  /** What was counted. */
  readonly counts: ReportCounts;
}

/** Writes a report. */
export async function writeReport(parts: ReportParts, spec: ReportSpec): Promise<WrittenReport> {
  const { measure, columns } = planReport(spec);
  const counter = createReportCounter(spec.params, measure?.endMs ?? null);
  const rows = measure === null ? noRows() : reportRows(parts, measure, counter);
  const { deflater } = parts;
  const body = reportBody(spec.params.format ?? "csv", columns, { rows, deflater });
  const file = await parts.write(body);
  return { file, counts: counter.result() };
}

type Rows = AsyncGenerator<(readonly ReportCell[])[]>;

async function* noRows(): Rows {}

/** The rows of the file, some at a time. */
async function* reportRows(
  { batches, damaged, onDone }: ReportParts,
  measure: ReportMeasure,
  counter: ReportCounter,
): Rows {
  const measureStore = createStoreMeasure(measure);
  let rows: (readonly ReportCell[])[] = [];
  for await (const batch of batches(measure.span)) {
    for (const store of storesOf(batch)) {
      let measured: StoreRows | null;
      try {
        measured = measureStore(batch, store);
      } catch (error) {
        if (error instanceof DamagedDataError) await damaged(error);
        throw error;
      }
      if (measured === null) continue;
      counter.add({ ...store, ageMs: measured.ageMs });
      for (const row of measured.rows) {
        counter.addRow();
        if (rows.push(row) < ROWS_AT_ONCE) continue;
        yield rows;
        rows = [];
      }
    }
    onDone(counter.stores());
  }
  yield rows;
}

/** Measures a store; null if it has no polls up to the end. */
type MeasureStore = (batch: StoreBatch, store: StoreToMeasure) => StoreRows | null;

function createStoreMeasure(measure: ReportMeasure): MeasureStore {
  const decode = createLatestDecoder("site", measure.span);
  return (batch, { id, index, zone, hours }) => {
    const page = decode(batch, index);
    if (page.timesMs.length === 0) return null;
    return measure.measure(id, page, { zone, hours: hours && weeklySpansOf(hours) });
  };
}
