/**
 * A client that uploads files about stores and makes reports.
 *
 * @module
 */

import { z } from "zod";
import { askJson } from "./export_client.ts";
import { uploadCsv } from "./upload_client.ts";

/** The pause between two reads of a status, milliseconds. */
const POLL_MS = 5;
/** The longest time a report may take, milliseconds. */
const TIMEOUT_MS = 60_000;

const uploaded = z.object({ rejected: z.literal(0) });
const triggered = z.object({ report_id: z.string() });
const status = z.object({ status: z.string(), download_url: z.string().optional() });

/** An upload of a file about stores. */
export interface StoreUpload {
  /** What it is about. */
  readonly kind: string;
  /** The path of the file. */
  readonly path: string;
  /** Aborts it. */
  readonly signal: AbortSignal;
}

/** Uploads a file. Throws if a row is rejected. */
export async function importStores(
  url: string,
  { kind, path, signal }: StoreUpload,
): Promise<void> {
  uploaded.parse(await uploadCsv(`${url}/stores/${kind}`, path, signal));
}

/** Triggers a report, waits until it is complete, and returns the URL of its file. */
export async function makeReport(url: string): Promise<string> {
  const trigger = await askJson(`${url}/trigger_report/`, { method: "POST" });
  const { report_id: id } = triggered.parse(trigger);
  const endMs = performance.now() + TIMEOUT_MS;
  for (;;) {
    const now = status.parse(await askJson(`${url}/get_report/${id}/`));
    if (now.status === "Complete") return `${url}${now.download_url}`;
    if (now.status !== "Running") throw new Error(`The report is ${now.status}`);
    if (performance.now() > endMs) throw new Error("The report takes more than a minute");
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Downloads the text of a report. */
export async function downloadReport(fileUrl: string): Promise<string> {
  return await (await fetch(fileUrl)).text();
}
