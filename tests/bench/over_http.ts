/**
 * What a client of the service sees.
 *
 * @module
 */

import { DEMO_METER_ID } from "../../data/demo_meter.ts";
import { type Contestant, median, timed } from "./race.ts";
import type { ServiceProcess } from "./service.ts";
import { YEAR_READINGS, yearRange } from "./year.ts";

/** How long a polling client waits between two questions, milliseconds. */
export const POLL_MS = 2;

const TEN_MINUTES = {
  start_datetime: "2024-06-01T12:00:00Z",
  end_datetime: "2024-06-01T12:09:00Z",
};

/** From POST to `completed` as a client sees it that asks every {@link POLL_MS}, medians. */
export interface ExportTimes {
  /** A year, milliseconds. */
  readonly yearMs: number;
  /** 10 minutes, milliseconds. */
  readonly tenMinutesMs: number;
}

/** The upload of the year into the emptied demo meter of a service without demo data. */
export function importOverHttp({ url }: ServiceProcess, csvPath: string): Contestant {
  const meterUrl = `${url}/api/meters/${DEMO_METER_ID}`;
  return {
    name: "OpenWatts: POST, streamed over HTTP",
    path: null,
    async run() {
      const removed = await fetch(meterUrl, { method: "DELETE" });
      await removed.body?.cancel();
      let inserted = 0;
      const ms = await timed(async () => {
        const file = await Deno.open(csvPath);
        const body = await askJson(`${meterUrl}/readings`, {
          method: "POST",
          headers: { "content-type": "text/csv" },
          body: file.readable,
        });
        inserted = Number(body.inserted);
      });
      if (inserted !== YEAR_READINGS) throw new Error(`imported ${inserted} readings`);
      return ms;
    },
  };
}

/** Measures exports of a service with demo data, one after the other, year and 10 minutes in turn. */
export async function measureExports(
  { url }: ServiceProcess,
  { repeats, signal }: { repeats: number; signal: AbortSignal },
): Promise<ExportTimes> {
  const yearMs: number[] = [], tenMinutesMs: number[] = [];
  for (let round = 0; round <= repeats; round++) {
    signal.throwIfAborted();
    const year = await timed(() => exportToEnd(url, yearRange()));
    const tenMinutes = await timed(() => exportToEnd(url, TEN_MINUTES));
    if (round === 0) continue;
    yearMs.push(year);
    tenMinutesMs.push(tenMinutes);
  }
  return { yearMs: median(yearMs), tenMinutesMs: median(tenMinutesMs) };
}

/** Asks for so many exports of a year at once and waits for all; milliseconds. */
export function exportYears({ url }: ServiceProcess, count: number): Promise<number> {
  return timed(() =>
    Promise.all(Array.from({ length: count }, () => exportToEnd(url, yearRange())))
  );
}

async function exportToEnd(
  url: string,
  range: { start_datetime: string; end_datetime: string },
): Promise<void> {
  const created = await askJson(`${url}/api/export/csv`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ smart_meter_id: DEMO_METER_ID, ...range, format: "csv" }),
  });
  for (;;) {
    const body = await askJson(`${url}/api/export/status/${created.job_id}`);
    if (body.status === "completed") return;
    if (body.status !== "pending") throw new Error(`export ended as ${JSON.stringify(body)}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function askJson(url: string, init?: RequestInit): Promise<Record<string, unknown>> {
  const response = await fetch(url, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}
