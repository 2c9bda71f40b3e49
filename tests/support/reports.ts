/**
 * Makes reports on stores over HTTP, for tests.
 *
 * @module
 */

import { assertEquals } from "./assert.ts";
import { askJson, type JsonAnswer, postJson } from "./service.ts";
import { postStores } from "./stores.ts";

/** Uploads about stores: the lines below the header, by kind. */
export interface StoreLines {
  /** `store_id,timestamp_utc,status`. */
  readonly status?: readonly string[];
  /** `store_id,day_of_week,start_time_local,end_time_local`. */
  readonly hours?: readonly string[];
  /** `store_id,timezone_str`. */
  readonly timezones?: readonly string[];
}

const HEADERS: Record<keyof StoreLines, string> = {
  status: "store_id,timestamp_utc,status",
  hours: "store_id,day_of_week,start_time_local,end_time_local",
  timezones: "store_id,timezone_str",
};

/** The columns of every report. */
export const REPORT_HEADER = "store_id,uptime_last_hour,uptime_last_day,uptime_last_week," +
  "downtime_last_hour,downtime_last_day,downtime_last_week";

/** Uploads lines of any kind. Fails if one is rejected. */
export async function fillStores(url: string, lines: StoreLines): Promise<void> {
  for (const kind of ["status", "hours", "timezones"] as const) {
    const rows = lines[kind];
    if (rows === undefined) continue;
    const text = `${[HEADERS[kind], ...rows].join("\n")}\n`;
    const { status, body } = await postStores(url, kind, text);
    assertEquals([status, body.rejected, body.rejects], [200, 0, []]);
  }
}

/** Triggers a report and returns its id. */
export async function triggerReport(url: string, body?: unknown): Promise<string> {
  const answer = body === undefined
    ? await askJson(`${url}/trigger_report/`, { method: "POST" })
    : await postJson(`${url}/trigger_report/`, body);
  assertEquals(answer.status, 200);
  return String(answer.body.report_id);
}

/** Reads the status of a report until it is no longer running. Returns the last answer. */
export async function waitForReport(
  url: string,
  id: string,
  timeoutMs = 28_000,
): Promise<JsonAnswer["body"]> {
  const endMs = Date.now() + timeoutMs;
  for (;;) {
    const { body } = await askJson(`${url}/get_report/${id}/`);
    if (body.status !== "Running") return body;
    if (Date.now() > endMs) {
      throw new Error(`Report ${id} is still running: ${JSON.stringify(body)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Makes a report and downloads its text. */
export async function reportText(url: string, body?: unknown): Promise<string> {
  const status = await waitForReport(url, await triggerReport(url, body));
  assertEquals(status.status, "Complete");
  return await (await fetch(url + status.download_url)).text();
}

/** Makes a report and returns the lines below its header, which is checked. */
export async function reportLines(url: string, body?: unknown): Promise<string[]> {
  const lines = (await reportText(url, body)).trimEnd().split("\n");
  assertEquals(lines[0].split(",").slice(0, 7).join(), REPORT_HEADER);
  return lines.slice(1);
}
