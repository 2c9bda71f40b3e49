/**
 * Exports for tests that stop the service while they run.
 *
 * @module
 */

import { postJson, waitForEnd } from "./service.ts";

/** The range of a request for an export, both ends inclusive. */
export interface ExportRange {
  /** The meter. */
  readonly smart_meter_id: string;
  /** First time. */
  readonly start_datetime: string;
  /** Last time. */
  readonly end_datetime: string;
}

/** An accepted job and its range. */
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

/** How long an undisturbed export may take on a machine that does much else. */
const REFERENCE_MS = 300_000;

/** Posts exports concurrently, one range after another. Returns those that were accepted. */
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

/** The SHA-256 of the file of each range, by start, from undisturbed exports. */
export async function referenceHashes(
  url: string,
  ranges: readonly ExportRange[],
): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  for (const { id, range } of await postExports(url, ranges, ranges.length)) {
    const status = await waitForEnd(url, id, REFERENCE_MS);
    hashes.set(range.start_datetime, status.file_info.sha256);
  }
  return hashes;
}

/** The SHA-256 of a downloaded file, hexadecimal. */
export async function downloadHash(url: string, jobId: string): Promise<string> {
  const response = await fetch(`${url}/api/export/download/${jobId}`);
  const bytes = await response.bytes();
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
