/**
 * A client that uploads files about stores and asks for reports.
 *
 * @module
 */

import { z } from "zod";
import { askJson } from "./export_client.ts";

/** How long a client waits after an answer before it asks again, milliseconds. */
const POLL_MS = 5;
/** How long a report may take, milliseconds. */
const PATIENCE_MS = 60_000;

const uploaded = z.object({ rejected: z.literal(0) });
const triggered = z.object({ report_id: z.string() });
const status = z.object({ status: z.string(), download_url: z.string().optional() });

/** Uploads a file of a kind; throws where a row is rejected. */
export async function importStores(url: string, kind: string, path: string): Promise<void> {
  const file = await Deno.open(path);
  const { size } = await file.stat();
  const headers = { "content-type": "text/csv", "content-length": String(size) };
  const init = { method: "POST", headers, body: file.readable };
  uploaded.parse(await askJson(`${url}/stores/${kind}`, init));
}

/** Triggers a report and waits until it is complete; where it is. */
export async function makeReport(url: string): Promise<string> {
  const trigger = await askJson(`${url}/trigger_report/`, { method: "POST" });
  const { report_id: id } = triggered.parse(trigger);
  const endMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const now = status.parse(await askJson(`${url}/get_report/${id}/`));
    if (now.status === "Complete") return `${url}${now.download_url}`;
    if (now.status !== "Running") throw new Error(`The report is ${now.status}`);
    if (performance.now() > endMs) throw new Error("The report takes more than a minute");
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** The text of a report. */
export async function downloadReport(fileUrl: string): Promise<string> {
  return await (await fetch(fileUrl)).text();
}
