/**
 * The app over a real database in memory, and all that the database holds of readings, stores and
 * devices, for tests that compare what an answer says with what is stored.
 *
 * @module
 */

import type { Hono } from "hono";
import { createDeviceIntake } from "../../kv/devices/intake.ts";
import { listDevices } from "../../kv/devices/devices.ts";
import { openKv } from "../../kv/opened_kv.ts";
import { createIngest } from "../../kv/series/ingest.ts";
import { createSeriesStore, type SeriesStore } from "../../kv/series/store.ts";
import { listStoreSettings } from "../../kv/stores/stores.ts";
import { PROFILES } from "../../data/readings/profile.ts";
import { createTestApp } from "../routes/app_fixture.ts";
import { rowsOf } from "./pages.ts";

/** An app over its own database. */
export interface OpenApp extends AsyncDisposable {
  /** The app. */
  readonly app: Hono;
  /** Everything that is stored now. */
  dump(): Promise<Dump>;
}

/** Everything that is stored. */
export interface Dump {
  /** The values of each reading by its time, by `PROFILE/ID` of the series. */
  readonly readings: ReadonlyMap<string, ReadonlyMap<number, string>>;
  /** Hours and zone of each store, as JSON. */
  readonly stores: ReadonlyMap<string, string>;
  /** The ids of the devices. */
  readonly devices: readonly string[];
}

/** Opens an app whose clock stands still, and whose devices may send as often as they like. */
export async function openApp(nowMs: number): Promise<OpenApp> {
  const stack = new AsyncDisposableStack();
  const opened = stack.use(await openKv(":memory:"));
  const { kv } = opened;
  const now = () => nowMs;
  const series = createSeriesStore({ kv, now });
  const ingest = createIngest({ kv, writer: "w", room: opened.ingestRoom });
  stack.defer(() => ingest.stop());
  const devices = { limit: { requests: 1e9, windowMs: 1_000 }, offlineAfterMs: 600_000 };
  const intake = createDeviceIntake({ ...opened, ...devices, series, now, owner: "w", ingest });
  const { app } = createTestApp({ ...devices, kv, series, intake, now });
  return {
    app,
    dump: async () => ({
      readings: await dumpReadings(series),
      stores: await dumpStores(kv),
      devices: (await listDevices(kv, { afterId: "", limit: 10_000 })).map(({ id }) => id),
    }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function dumpReadings(series: SeriesStore): Promise<Dump["readings"]> {
  const all = new Map<string, Map<number, string>>();
  const { signal } = new AbortController();
  for (const profile of Object.keys(PROFILES)) {
    for (const { id } of await series.list(profile, { afterId: "", limit: 10_000 })) {
      const readings = new Map<number, string>();
      const span = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
      for await (const page of series.read({ profile, id }, span, signal)) {
        for (const [timeMs, ...texts] of rowsOf(page)) readings.set(timeMs, texts.join());
      }
      all.set(`${profile}/${id}`, readings);
    }
  }
  return all;
}

async function dumpStores(kv: Pick<Deno.Kv, "list">): Promise<Dump["stores"]> {
  const all = new Map<string, string>();
  for await (const { id, ...settings } of listStoreSettings(kv)) {
    all.set(id, JSON.stringify(settings));
  }
  return all;
}
