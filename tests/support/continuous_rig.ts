/**
 * The duties of continuous export over a database in memory, with a clock that the test sets.
 *
 * @module
 */

import { openProfiles, type ProfileStore } from "../../kv/profiles/profiles.ts";
import { createHash } from "node:crypto";
import { AppError } from "../../data/app_error.ts";
import type { WrittenFile } from "../../data/files/file_store.ts";
import type { ExportDestination } from "../../data/continuous/destination.ts";
import { openWindowEncoder } from "../../data/continuous/window_encoder.ts";
import { createEmbeddedSource } from "../../jobs/continuous/embedded_source.ts";
import type { Duty } from "../../jobs/engine/duty_loop.ts";
import { newJob } from "../../jobs/engine/transitions.ts";
import { profileDayDuty } from "../../jobs/continuous/profile_day_duty.ts";
import { shardDuties, type ShardDutyDeps } from "../../jobs/continuous/shard_duty.ts";
import { createChangedDevices } from "../../jobs/continuous/changed_devices.ts";
import { createDevice } from "../../kv/devices/devices.ts";
import { openKv } from "../../kv/opened_kv.ts";
import { createSeriesStore, type SeriesStore } from "../../kv/series/store.ts";

/** A destination in memory that can fail on demand. */
export interface MemoryDestination extends ExportDestination {
  /** Every object by its key, as text with one character per byte. */
  readonly objects: Map<string, string>;
  /** The keys in the order in which they were put. */
  readonly puts: string[];
  /** Makes the next `count` calls fail; every second one fails after it was carried out. */
  failNext(count: number): void;
}

/** Creates an empty destination. */
export function createMemoryDestination(): MemoryDestination {
  const objects = new Map<string, string>();
  const puts: string[] = [];
  let failing = 0;
  /** Throws if this call must fail; `isDone` says whether it was already carried out. */
  const meetFault = (isDone: boolean) => {
    if (failing === 0 || (failing % 2 === 0) === isDone) return;
    failing--;
    throw new AppError("STORAGE_UNAVAILABLE", "It is away");
  };
  async function put(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<WrittenFile> {
    // Lets other calls come in between, as a real destination does.
    await new Promise((resolve) => setTimeout(resolve));
    meetFault(false);
    objects.set(key, new TextDecoder("latin1").decode(bytes));
    puts.push(key);
    meetFault(true);
    return {
      sizeBytes: bytes.length,
      sha256: createHash("sha256").update(bytes).digest("hex"),
    };
  }
  return {
    kind: "s3",
    objects,
    puts,
    failNext: (count) => void (failing = count),
    put: (key, { bytes }) => put(key, bytes),
    putStream: async (key, { body }) =>
      await put(key, await new Blob(await Array.fromAsync(body)).bytes()),
    async remove(key) {
      await new Promise((resolve) => setTimeout(resolve));
      meetFault(false);
      objects.delete(key);
      meetFault(true);
    },
    async *list(folder) {
      await new Promise((resolve) => setTimeout(resolve));
      meetFault(false);
      const isIn = (key: string) => key.slice(0, key.lastIndexOf("/")) === folder;
      yield* [...objects.keys()].filter(isIn);
    },
    probe: () => Promise.resolve(),
    sweep: () => Promise.resolve(0),
  };
}

/** A database, a clock and a destination. Disposing closes the database. */
export interface ContinuousRig extends AsyncDisposable {
  /** The database. */
  readonly kv: Deno.Kv;
  /** The readings. */
  readonly series: SeriesStore;
  /** The profiles. */
  readonly profiles: ProfileStore;
  /** Where objects go. */
  readonly destination: MemoryDestination;
  /** The clock. */
  readonly clock: { nowMs: number };
  /** The logged events. */
  readonly logged: string[];
  /** What duties need. */
  readonly deps: ShardDutyDeps;
  /** Creates a device. */
  addDevice(id: string): Promise<void>;
  /** The duties of a new process. */
  startDuties(changes?: Partial<ShardDutyDeps>): Promise<readonly Duty[]>;
  /** Runs one round of each duty, as a process does that holds every lease. */
  round(duties: readonly Duty[]): Promise<void>;
}

/** Opens a rig that exports windows of the given length as CSV. */
export async function openContinuousRig(intervalMs: number, nowMs: number): Promise<ContinuousRig> {
  const opened = await openKv(":memory:");
  const { kv } = opened;
  const clock = { nowMs };
  const now = () => clock.nowMs;
  const profiles = await openProfiles({ kv, isExclusive: true });
  const series = createSeriesStore({ kv, now, profiles });
  const destination = createMemoryDestination();
  const logged: string[] = [];
  const deps: ShardDutyDeps = {
    kv,
    source: createEmbeddedSource({ kv, store: series, profiles }),
    changes: createChangedDevices({ kv, profiles }),
    isSourceComplete: true,
    destination,
    encoder: await openWindowEncoder({ format: "csv", layout: "plain" }),
    style: { prefix: "", layout: "plain", format: "csv" },
    deviceIds: [],
    intervalMs,
    lookbackMs: 0,
    isCompacting: false,
    isSharing: false,
    now,
    log: (_level, event) => logged.push(event),
  };
  // Whose erasures tests request.
  const request = { kind: "delete_device", params: {}, owner: "anyone", slot: null };
  await kv.set(["job", "job"], newJob({ id: "job", ...request }, nowMs));
  const { signal } = new AbortController();
  return {
    kv,
    series,
    profiles,
    destination,
    clock,
    logged,
    deps,
    addDevice: async (id) =>
      void await createDevice(kv, id, {
        profile: "battery",
        nowMs: clock.nowMs,
        serviceOfflineAfterMs: 600_000,
      }),
    startDuties(changes) {
      const changed = { ...deps, ...changes };
      return Promise.resolve([...shardDuties(changed), profileDayDuty(changed)]);
    },
    async round(duties) {
      const lease = {
        v: 1 as const,
        owner: "one",
        epoch: 1,
        untilMs: clock.nowMs + 30_000,
        cursor: null,
      };
      await Promise.all(duties.map((duty) => duty.round({ signal, lease })));
    },
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}
