/**
 * A client that requests exports and polls their status until they are completed.
 *
 * @module
 */

import { z } from "zod";
import { DEMO_METER_ID } from "../../data/readings/demo_meter.ts";
import { YEAR_READINGS, yearRange } from "./year.ts";

/** A range of the demo meter. Both ends are included. */
export interface ExportRequest {
  /** Its start. */
  readonly start_datetime: string;
  /** Its end. */
  readonly end_datetime: string;
  /** How many readings the file must have. */
  readonly readings: number;
  /** How the file is compressed; not at all by default. */
  readonly compression?: "gzip";
}

/** The year. */
export const YEAR_EXPORT: ExportRequest = { ...yearRange(), readings: YEAR_READINGS };
/** A month: 30 days of minutes. */
export const MONTH_EXPORT: ExportRequest = {
  start_datetime: "2024-06-01T00:00:00Z",
  end_datetime: "2024-06-30T23:59:00Z",
  readings: 43_200,
};
/** Ten minutes. */
export const TEN_MINUTES_EXPORT: ExportRequest = {
  start_datetime: "2024-06-01T12:00:00Z",
  end_datetime: "2024-06-01T12:09:00Z",
  readings: 10,
};

/** An export that was accepted. */
export interface PendingExport {
  /** URL of its status. */
  readonly statusUrl: string;
  /** The range that was requested. */
  readonly request: ExportRequest;
}

/** A file to download. */
export interface ExportedFile {
  /** Its URL. */
  readonly url: string;
  /** Its length, bytes. */
  readonly sizeBytes: number;
}

/** How long an export may take, milliseconds. */
const PATIENCE_MS = 60_000;

const created = z.object({ job_id: z.string() });
const status = z.object({
  status: z.string(),
  file_info: z.object({
    download_url: z.string(),
    file_size_bytes: z.int(),
    record_count: z.int(),
  }).optional(),
});

/** Requests an export. */
export async function postExport(url: string, request: ExportRequest): Promise<PendingExport> {
  const { readings: _, ...range } = request;
  const body = { smart_meter_id: DEMO_METER_ID, ...range, format: "csv" };
  const { job_id } = created.parse(
    await askJson(`${url}/api/export/csv`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    }),
  );
  return { statusUrl: `${url}/api/export/status/${job_id}`, request };
}

/**
 * Polls the status until the export is completed, with a pause after each answer.
 *
 * @throws {Error} when it ends in another state, lacks readings, or takes more than a minute.
 */
export async function waitForExport(
  { statusUrl, request }: PendingExport,
  pollMs: number,
): Promise<ExportedFile> {
  const endMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const { status: state, file_info: file } = status.parse(await askJson(statusUrl));
    if (state === "completed" && file?.record_count === request.readings) {
      return {
        url: new URL(file.download_url, statusUrl).href,
        sizeBytes: file.file_size_bytes,
      };
    }
    if (state !== "pending" || performance.now() > endMs) {
      throw new Error(`an export is ${state} with ${file?.record_count} readings`);
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** Requests an export and waits for it: from POST to `completed`. */
export async function exportToEnd(
  url: string,
  request: ExportRequest,
  pollMs: number,
): Promise<ExportedFile> {
  return await waitForExport(await postExport(url, request), pollMs);
}

/** The answer of a JSON endpoint. Throws unless it is a success. */
export async function askJson(url: string, init?: RequestInit): Promise<unknown> {
  const response = await fetch(url, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}
