/**
 * Exports asked for by tests that stop the service meanwhile.
 *
 * @module
 */

import { postJson, waitForEnd } from "./service.ts";

/** A span as an export's request names it, ends included. */
export interface ExportRange {
  /** The meter. */
  readonly smart_meter_id: string;
  /** First time. */
  readonly start_datetime: string;
  /** Last time. */
  readonly end_datetime: string;
}

/** A job that was accepted, and what it was asked for. */
export interface AcceptedJob {
  /** Its id. */
  readonly id: string;
  /** Its range. */
  readonly range: ExportRange;
}

/** A year, a month, a day and ten minutes of the demo meter. */
export const DEMO_RANGES: readonly ExportRange[] = [
  ["2024-01-01T00:00:00Z", "2024-12-31T23:59:59Z"],
  ["2024-03-01T00:00:00Z", "2024-03-31T23:59:59Z"],
  ["2025-07-14T00:00:00Z", "2025-07-14T23:59:59Z"],
  ["2025-10-26T00:55:00Z", "2025-10-26T01:05:00Z"],
].map(([start_datetime, end_datetime]) => ({
  smart_meter_id: "123",
  start_datetime,
  end_datetime,
}));

/** Posts exports at once, the ranges in turn; those that were accepted before the service was gone. */
export async function postExports(
  url: string,
  ranges: readonly ExportRange[],
  count: number,
): Promise<AcceptedJob[]> {
  const posts = Array.from({ length: count }, async (_, index) => {
    const range = ranges[index % ranges.length];
    const { body } = await postJson(`${url}/api/export/csv`, { ...range, format: "csv" });
    return { id: String(body.job_id), range };
  });
  const results = await Promise.allSettled(posts);
  return results.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
}

/** The sha256 of each range's file by its start, from exports nobody disturbs. */
export async function referenceHashes(
  url: string,
  ranges: readonly ExportRange[],
): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  for (const { id, range } of await postExports(url, ranges, ranges.length)) {
    const status = await waitForEnd(url, id);
    hashes.set(range.start_datetime, status.file_info.sha256);
  }
  return hashes;
}

/** SHA-256 of what a download gives, hexadecimal. */
export async function downloadHash(url: string, jobId: string): Promise<string> {
  const response = await fetch(`${url}/api/export/download/${jobId}`);
  const bytes = await response.bytes();
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
