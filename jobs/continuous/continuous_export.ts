/**
 * Continuous export, assembled from its settings.
 *
 * @module
 */

import type { ExportDestination } from "../../data/continuous/destination.ts";
import {
  type DestinationOptions,
  openDestination,
} from "../../data/continuous/open_destination.ts";
import { openWindowEncoder } from "../../data/continuous/window_encoder.ts";
import { type ContinuousSettings, keyStyleOf } from "../../data/continuous_settings.ts";
import type { Log } from "../../data/log.ts";
import { createInfluxSource } from "../../data/influx/source.ts";
import { maxChecks } from "../../kv/budget.ts";
import type { ProfileStore } from "../../kv/profiles/profiles.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import { withSharedGets } from "../../kv/shared_gets.ts";
import type { Duty } from "../engine/duty_loop.ts";
import type { Threads } from "../engine/threads.ts";
import { erasureDuty } from "./erasure_duty.ts";
import { createEmbeddedSource } from "./embedded_source.ts";
import { profileDayDuty } from "./profile_day_duty.ts";
import { shardDuties } from "./shard_duty.ts";
import { createChangedDevices } from "./changed_devices.ts";
import { pause } from "../engine/pause.ts";

/** What continuous export needs. */
export interface ContinuousDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "getMany" | "list" | "atomic">;
  /** The readings. */
  readonly series: Pick<SeriesStore, "readPacked">;
  /** The profiles. */
  readonly profiles: ProfileStore;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
  /** The settings of continuous export. */
  readonly continuous: ContinuousSettings;
  /** How to reach S3, and the place in it. */
  readonly s3: DestinationOptions["s3"];
  /** Workers for heavy work; none by default. */
  readonly threads?: Threads;
  /** Whether no other process can have the database open; false by default. */
  readonly isExclusive?: boolean;
}

/** Continuous export, ready to start. */
export interface OpenedContinuousExport {
  /** Where objects go. */
  readonly destination: ExportDestination;
  /**
   * The duties that export them; while continuous export is off, the one that deletes objects. Nothing
   * happens before you start them.
   */
  readonly duties: readonly Duty[];
}

/** Assembles continuous export. Contacts neither the destination nor the source. */
export async function openContinuousExport(
  { kv: database, series, profiles, now, log, continuous, s3, threads, isExclusive = false }:
    ContinuousDeps,
): Promise<OpenedContinuousExport> {
  const destination = openDestination({ path: continuous.path, s3 });
  // Many passes run at once, and each asks for a dozen small values.
  const kv = withSharedGets(database);
  const isEmbedded = continuous.influx === null;
  const source = continuous.influx === null
    ? createEmbeddedSource({ kv, store: series, profiles })
    : createInfluxSource({ now, wait: pause, profiles }, continuous.influx);
  const style = keyStyleOf(continuous, destination.kind === "s3" ? s3.prefix : "");
  const deps = {
    kv,
    source,
    changes: isEmbedded ? createChangedDevices({ kv, profiles }) : null,
    isSourceComplete: isEmbedded,
    destination,
    threads,
    encoder: await openWindowEncoder(style),
    style,
    deviceIds: continuous.deviceIds,
    intervalMs: continuous.intervalMs,
    lookbackMs: continuous.lookbackMs,
    isCompacting: continuous.isCompacting,
    isSharing: continuous.isSharing,
    mostChecks: maxChecks(isExclusive),
    now,
    log,
  };
  const duties = continuous.isOn
    ? [...shardDuties(deps), profileDayDuty(deps)]
    : [erasureDuty(deps)];
  return { destination, duties };
}
