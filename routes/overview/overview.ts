/**
 * What is wrong, if anything is: found out once for all who ask.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import type { DiskSpace } from "../../data/files/disk_space.ts";
import type { FileStore } from "../../data/files/file_store.ts";
import { instantText } from "../../data/time/time_text.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import type { Jobs } from "../../jobs/engine/jobs.ts";
import type { ContinuousExportDeps } from "../continuous/continuous_exports.ts";
import type { StateDeps } from "../alerts/subject_states.ts";
import { alertPart } from "./alert_part.ts";
import { continuousPart } from "./continuous_part.ts";
import { devicePart } from "./device_part.ts";
import { jobPart } from "./job_part.ts";
import { meterPart, type MeterPartDeps } from "./meter_part.ts";
import type { Overview } from "./schemas.ts";
import { storePart, type StorePartDeps } from "./store_part.ts";

/** How long figures count, milliseconds; longer where finding them out takes long. */
const KEPT_MS = 3_000;
/** The share of the time that finding out may take: a twentieth. */
const KEPT_PER_SPENT = 20;
/** For how many kinds of callers figures are kept. */
const CALLERS_MAX = 200;

/** What the overview needs. */
export interface OverviewDeps extends ContinuousExportDeps, StateDeps {
  /** The database. */
  readonly kv: ContinuousExportDeps["kv"] & StateDeps["kv"];
  /** The readings. */
  readonly series: StateDeps["series"] & MeterPartDeps["series"] & StorePartDeps["series"];
  /** The jobs. */
  readonly jobs: Pick<Jobs, "list">;
  /** The room on the disk; null if there is none to look at. */
  readonly diskSpace: () => Promise<DiskSpace | null>;
  /** The files of jobs. */
  readonly files: Pick<FileStore, "room">;
  /** Milliseconds since any moment; the clock of the machine, which may be set, does not move it. */
  readonly elapsedMs?: () => number;
}

/** Finds the figures out. */
export interface OverviewReader {
  /** The figures for a caller. Callers who see the same share them for a few seconds. */
  read(caller: Caller): Promise<Overview>;
}

interface Kept {
  readonly overview: Promise<Overview>;
  untilMs: number;
}

/** Creates a reader that has found out nothing yet. */
export function createOverviewReader(deps: OverviewDeps): OverviewReader {
  const { elapsedMs = () => performance.now() } = deps;
  const kept = new Map<string, Kept>();

  function begin(caller: Caller): Kept {
    const startedMs = elapsedMs();
    const entry: Kept = { overview: findOut(deps, caller), untilMs: Infinity };
    const settle = (forMs: number) => entry.untilMs = elapsedMs() + forMs;
    entry.overview.then(
      () => settle(Math.max(KEPT_MS, KEPT_PER_SPENT * (elapsedMs() - startedMs))),
      () => settle(0),
    );
    return entry;
  }

  return {
    read(caller) {
      const key = visibilityOf(caller);
      const known = kept.get(key);
      if (known !== undefined && elapsedMs() < known.untilMs) return known.overview;
      const entry = begin(caller);
      kept.delete(key);
      kept.set(key, entry);
      for (const oldest of kept.keys()) {
        if (kept.size <= CALLERS_MAX) break;
        kept.delete(oldest);
      }
      return entry.overview;
    },
  };
}

/** `GET /api/overview`. */
export function overviewRoutes(reader: OverviewReader): GuardedRoutes {
  return guardedRoutes().get("/api/overview", async (c) => {
    c.header("cache-control", "no-store");
    return c.json(await reader.read(c.get("caller")));
  });
}

/** A text that is the same for callers who see the same. */
function visibilityOf({ owner, scopes, patterns }: Caller): string {
  const sees = ["read", "export", "manage"].filter((scope) =>
    scopes.has(scope as "read" | "export" | "manage")
  );
  return JSON.stringify([owner, sees, patterns]);
}

async function findOut(deps: OverviewDeps, caller: Caller): Promise<Overview> {
  const nowMs = deps.now();
  const [mayRead, mayExport] = [caller.scopes.has("read"), caller.scopes.has("export")];
  const [devices, stores, meters, jobs, continuous, alerts, disk, fileRoom] = await Promise.all([
    mayRead ? devicePart(deps.kv, caller) : null,
    mayRead ? storePart(deps, caller, nowMs) : null,
    mayRead ? meterPart(deps, caller, nowMs) : null,
    mayExport ? jobPart(deps.jobs, caller, nowMs) : null,
    mayRead ? continuousPart(deps, caller) : null,
    mayRead ? alertPart(deps, caller) : null,
    deps.diskSpace(),
    deps.files.room?.() ?? null,
  ]);
  return {
    as_of: instantText(nowMs),
    devices,
    stores,
    meters,
    jobs,
    continuous_exports: continuous,
    alerts,
    disk: roomOf(disk),
    file_room: roomOf(fileRoom),
  };
}

function roomOf(space: DiskSpace | null): Overview["disk"] {
  return space === null ? null : { free_bytes: space.freeBytes, total_bytes: space.totalBytes };
}
