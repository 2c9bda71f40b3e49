/**
 * The kind of job that writes the readings of a smart meter to a CSV file.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { createIntervalMeter } from "../../data/readings/sampling_interval.ts";
import { createCsvWriter } from "../../data/text/csv_write.ts";
import type { FileStore } from "../../data/files/file_store.ts";
import { textChunks } from "../../data/text/text_chunks.ts";
import type { Page } from "../../data/readings/page.ts";
import { PROFILES } from "../../data/readings/profile.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import type { JobContext, JobKind, JobOutcome } from "../engine/job_kind.ts";
import { exportFilename, METER_EXPORT, meterExportParams } from "./meter_export_contract.ts";

/** What an export needs. */
export interface MeterExportDeps {
  /** The store of readings. */
  readonly series: Pick<SeriesStore, "describe" | "read">;
  /** The store of artifacts. */
  readonly files: Pick<FileStore, "write">;
}

/** The kind. A run fails with SMART_METER_NOT_FOUND or with an error of the file store. */
export function meterExport(deps: MeterExportDeps): JobKind {
  return {
    name: METER_EXPORT,
    failure: {
      code: "EXPORT_FAILED",
      message: "The export could not be completed",
      details: "An unexpected error occurred; the log of the service names the cause",
    },
    run: (context) => runExport(deps, context),
  };
}

async function runExport(deps: MeterExportDeps, context: JobContext): Promise<JobOutcome> {
  const { meterId, fromMs, toMs } = meterExportParams.parse(context.params);
  const ref = { profile: "meter", id: meterId } as const;
  if (await deps.series.describe(ref) === null) throw meterNotFound(meterId);
  const intervals = createIntervalMeter();
  let recordCount = 0;
  const text = exportText({
    pages: deps.series.read(ref, { fromMs, toMs }, context.signal),
    writer: createCsvWriter(PROFILES.meter, meterId),
    onPage({ timesMs }) {
      recordCount += timesMs.length;
      intervals.add(timesMs);
      const share = (timesMs[timesMs.length - 1] - fromMs) / (toMs - fromMs);
      context.progress({ done: recordCount, share });
    },
  });
  const body = textChunks(text).pipeThrough(new TextEncoderStream());
  const written = await deps.files.write(context.artifactName, body, context.signal)
    .catch((error) => {
      const isRemoved = error instanceof AppError && error.code === "SERIES_REMOVED";
      throw isRemoved ? meterNotFound(meterId) : error;
    });
  return {
    artifact: {
      name: context.artifactName,
      filename: exportFilename(meterId, { fromMs, toMs }),
      contentType: "text/csv; charset=utf-8; header=present",
      ...written,
    },
    result: { recordCount, missingIntervals: intervals.missingIntervals({ fromMs, toMs }) },
  };
}

function meterNotFound(meterId: string): AppError {
  return new AppError("SMART_METER_NOT_FOUND", `Smart meter with ID '${meterId}' not found`, {
    details: "The specified smart meter does not exist in the system",
  });
}

/** The text of the file: the header, then the lines of each page. */
async function* exportText({ pages, writer, onPage }: {
  pages: AsyncIterable<Page>;
  writer: ReturnType<typeof createCsvWriter>;
  onPage: (page: Page) => void;
}): AsyncGenerator<string> {
  yield writer.header();
  for await (const page of pages) {
    onPage(page);
    yield writer.lines(page);
  }
}
