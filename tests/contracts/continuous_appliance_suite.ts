/**
 * Sends the readings of a real appliance as telemetry and reads them back from exported Parquet files.
 *
 * @module
 */

import { parquetReadObjects } from "hyparquet";
import type { Settings } from "../../data/settings.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { startContinuousService, untilExported } from "../support/continuous_service.ts";
import { linesOf, postLines } from "../support/telemetry.ts";

const FILE = new URL(
  "../../../shared/data/appliance_d1/appliance_d1_2026-02-07.jsonl",
  import.meta.url,
);

/** A destination of a service. */
export interface TestDestination extends AsyncDisposable {
  /** The settings to start the service with. */
  readonly start: { readonly path: string; readonly s3?: Settings["s3"] };
  /** The objects by their keys below the prefix. */
  read(): Promise<Record<string, Uint8Array>>;
}

/** Defines the test; it is ignored if the sample is missing. */
export function testContinuousAppliance(
  place: string,
  open: () => Promise<TestDestination>,
  { ignore = false }: { ignore?: boolean } = {},
): void {
  Deno.test({
    name:
      `the readings of a real appliance come back from their Parquet files as they were sent (${place})`,
    ignore: ignore || !isThere(),
    async fn() {
      const sent = await readSample();
      await using destination = await open();
      const { path, ...rest } = destination.start;
      const settings = { format: "parquet" as const, intervalMs: 60_000 };
      await using service = await startContinuousService(path, { ...rest, continuous: settings });
      const messages = sent.map(({ timestamp, ...metrics }) => ({
        device_id: "D1",
        timestamp: new Date(timestamp).toISOString(),
        metrics,
      }));
      const { body } = await postLines(service.url, linesOf(messages));
      assertEquals(body.rejected, 0);
      await untilExported(service.url, ["D1"], 60_000);
      // If a time repeats, the last reading wins.
      const byTime = new Map(sent.map((one) => [one.timestamp, one]));
      const expected = [...byTime.values()].sort((a, b) => a.timestamp - b.timestamp);
      const objects = await destination.read();
      assertEquals(await rowsOf(objects), expected);
      const minutes = new Set(expected.map((one) => Math.floor(one.timestamp / 60_000)));
      assertEquals(Object.keys(objects).length, minutes.size);
    },
  });
}

interface SampleRow {
  readonly timestamp: number;
  readonly voltage: number;
  readonly current: number;
  readonly power: number;
  readonly temperature: number;
}

async function readSample(): Promise<SampleRow[]> {
  const lines = (await Deno.readTextFile(FILE)).trimEnd().split("\n");
  return lines.map((line) => {
    const { timestamp, voltage, current, power, temperature } = JSON.parse(line).original_payload;
    return { timestamp: Date.parse(timestamp), voltage, current, power, temperature };
  });
}

/** The rows of all objects in the order of keys. Checks that each row is in the object of its minute. */
async function rowsOf(objects: Record<string, Uint8Array>): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const [key, bytes] of Object.entries(objects).sort(([a], [b]) => a < b ? -1 : 1)) {
    for (const row of await parquetReadObjects({ file: bytes.slice().buffer })) {
      const { timestamp, device_id, voltage, current, power, temperature } = row;
      assert(timestamp instanceof Date && device_id === "D1");
      const minute = timestamp.toISOString().slice(0, 16);
      const day = minute.slice(0, 10).replaceAll("-", "/");
      const clock = `export_${minute.slice(11).replace(":", "")}00`;
      assertEquals(key, `device_id=D1/date=${day}/${clock}.parquet`);
      found.push({ timestamp: timestamp.getTime(), voltage, current, power, temperature });
    }
  }
  return found;
}

function isThere(): boolean {
  try {
    return Deno.statSync(FILE).isFile;
  } catch {
    return false;
  }
}
