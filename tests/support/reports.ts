/**
 * Reports on stores over HTTP.
 *
 * @module
 */

import { assertEquals } from "./assert.ts";
import { askJson, type JsonAnswer, postJson } from "./service.ts";
import { postStores } from "./stores.ts";

/** What is uploaded of stores: lines below the header of each kind. */
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

/** The header of a report without a longest hold. */
export const REPORT_HEADER = "store_id,uptime_last_hour,uptime_last_day,uptime_last_week," +
  "downtime_last_hour,downtime_last_day,downtime_last_week";

/** Uploads lines of any kind; fails where one is rejected. */
export async function fillStores(url: string, lines: StoreLines): Promise<void> {
  for (const kind of ["status", "hours", "timezones"] as const) {
    const rows = lines[kind];
    if (rows === undefined) continue;
    const text = `${[HEADERS[kind], ...rows].join("\n")}\n`;
    const { status, body } = await postStores(url, kind, text);
    assertEquals([status, body.rejected, body.rejects], [200, 0, []]);
  }
}

/** Triggers a report; its id. */
export async function triggerReport(url: string, body?: unknown): Promise<string> {
  const answer = body === undefined
    ? await askJson(`${url}/trigger_report/`, { method: "POST" })
    : await postJson(`${url}/trigger_report/`, body);
  assertEquals(answer.status, 200);
  return String(answer.body.report_id);
}

/** Asks for a report until it is not running; the last answer. */
export async function waitForReport(
  url: string,
  id: string,
  timeoutMs = 20_000,
): Promise<JsonAnswer["body"]> {
  const endMs = Date.now() + timeoutMs;
  for (;;) {
    const { body } = await askJson(`${url}/get_report/${id}/`);
    if (body.status !== "Running") return body;
    if (Date.now() > endMs) throw new Error(`Report ${id} still runs: ${JSON.stringify(body)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The text of a report from its trigger to its download. */
export async function reportText(url: string, body?: unknown): Promise<string> {
  const status = await waitForReport(url, await triggerReport(url, body));
  assertEquals(status.status, "Complete");
  return await (await fetch(url + status.download_url)).text();
}

/** The lines of a report below its header, which is checked. */
export async function reportLines(url: string, body?: unknown): Promise<string[]> {
  const lines = (await reportText(url, body)).trimEnd().split("\n");
  assertEquals(lines[0].split(",").slice(0, 7).join(), REPORT_HEADER);
  return lines.slice(1);
}
