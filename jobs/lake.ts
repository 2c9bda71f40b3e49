/**
 * Continuous export put together from its settings.
 *
 * @module
 */

import {
  type LakeDestination,
  type LakeDestinationOptions,
  openLakeDestination,
} from "../data/files/lake_destination.ts";
import { openLakeEncoder } from "../data/lake_encoder.ts";
import { keyStyleOf, type LakeSettings } from "../data/lake_settings.ts";
import type { Log } from "../data/log.ts";
import { createInfluxSource } from "../data/sources/influx.ts";
import type { SeriesStore } from "../kv/series_store.ts";
import type { Duty } from "./duty_loop.ts";
import { createEmbeddedSource } from "./embedded_source.ts";
import { lakeDuties } from "./lake_duty.ts";
import { createLakeFeed } from "./lake_feed.ts";
import { pause } from "./pause.ts";

/** What it needs. */
export interface LakeDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list" | "atomic">;
  /** The readings. */
  readonly series: Pick<SeriesStore, "read">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
  /** Its settings. */
  readonly lake: LakeSettings;
  /** How S3 is reached, and the place in it. */
  readonly s3: LakeDestinationOptions["s3"];
}

/** Continuous export, ready to begin. */
export interface Lake {
  /** Where objects go. */
  readonly destination: LakeDestination;
  /** What exports them; nothing happens before they are started. */
  readonly duties: readonly Duty[];
}

/** Puts it together. Neither destination nor source is asked yet. */
export async function openLake({ kv, series, now, log, lake, s3 }: LakeDeps): Promise<Lake> {
  const destination = openLakeDestination({ path: lake.path, s3 });
  const isEmbedded = lake.influx === null;
  const source = lake.influx === null
    ? createEmbeddedSource({ kv, store: series })
    : createInfluxSource({ now, wait: pause }, lake.influx);
  const duties = lakeDuties({
    kv,
    source,
    feed: isEmbedded ? createLakeFeed(kv) : null,
    isSourceWhole: isEmbedded,
    destination,
    encoder: await openLakeEncoder(lake.format),
    style: keyStyleOf(lake, destination.kind === "s3" ? s3.prefix : ""),
    deviceIds: lake.deviceIds,
    intervalMs: lake.intervalMs,
    lookbackMs: lake.lookbackMs,
    now,
    log,
  });
  return { destination, duties };
}
