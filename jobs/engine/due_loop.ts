/**
 * The loop that scans the due index: once a second, and whenever it is poked. While nobody writes, only
 * when the next entry is due (`kv/activity.ts`).
 *
 * @module
 */

import type { Log } from "../../data/log.ts";
import { outsideRequests } from "../../data/request_context.ts";
import { type Activity, ALWAYS_ACTIVE } from "../../kv/activity.ts";
import {
  type CrowdKind,
  type Due,
  type DueKind,
  listCrowd,
  listLaneTurns,
  nextCrowdMs,
  nextDueMs,
  openDueScan,
} from "../../kv/jobs/due.ts";
import type { Lane } from "../../kv/jobs/lanes.ts";
import { pause } from "./pause.ts";
import type { NextTurn } from "./turn_order.ts";

/** The time between two full scans, milliseconds. */
const SCAN_MS = 1_000;
/**
 * How often a loop that rests looks for jobs of other processes, milliseconds. Those of releases up to 0.9
 * write no pulse (`kv/activity.ts`). It costs one read for each lane.
 */
const SHARED_LOOK_MS = 10_000;
/** How many entries of a crowd a scan handles. If there are more, the next scan follows at once. */
const CROWD_AT_ONCE = 100;

/** Handles an entry that is due. */
export type DueHandler = (due: Due) => Promise<void>;

/**
 * Handles the entries of a kind that may have thousands due at the same time: at most 100 in a scan,
 * so that jobs start in between.
 */
export interface CrowdHandler {
  /** The kind. */
  readonly kind: CrowdKind;
  /** Handles entries that are due, oldest first. Each is moved or deleted, or comes again. */
  handle(dues: readonly Due<CrowdKind>[]): Promise<void>;
}

/** What the loop needs. */
export interface DueLoopDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "list">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
  /** The handler of each kind of entry. */
  readonly handlers: Readonly<Record<DueKind, DueHandler>>;
  /** The handlers of crowds; a full scan costs one read for each. */
  readonly crowds?: readonly CrowdHandler[];
  /** Starts jobs of accounts that wait. Reads no turn when no job can start. */
  readonly onTurns: (nextTurn: NextTurn, lane?: Lane) => Promise<void>;
  /** Whether another job can start. */
  readonly hasRoom: () => boolean;
  /** Whether anybody writes; by default, the loop never rests. */
  readonly activity?: Activity;
  /** Whether other processes may have the database open; by default, none has. */
  readonly isShared?: boolean;
}

/** The loop. */
export interface DueLoop {
  /** Starts scanning. */
  start(): void;
  /** Scans for jobs to start, now or after the scan that is running; of the lane `main` by default. */
  poke(lane?: Lane): void;
  /** When a scan last reached the end of what is due, or a rest after one ended, epoch milliseconds. */
  lastScanMs(): number;
  /** Whether it rests until the next entry is due, or somebody writes. */
  isResting(): boolean;
  /** Whether a scan is running. */
  isScanning(): boolean;
  /** Stops scanning; settles when the scan that is running has ended. */
  stop(): Promise<void>;
}

/** Creates a loop that has not started. A handler that throws is logged; the others still run. */
export function createDueLoop(
  { kv, now, log, handlers, onTurns, hasRoom, crowds = [], ...deps }: DueLoopDeps,
): DueLoop {
  const { activity = ALWAYS_ACTIVE, isShared = false } = deps;
  let scanning: Promise<void> | null = null;
  let isPoked = false;
  let isDeliveryPoked = false;
  let isFullScanDue = false;
  let isStopped = true;
  let isResting = false;
  let hasFailed = false;
  let lastScanMs = 0;
  /** Up to which time a full scan has found what is due. */
  let scannedMs = -Infinity;
  const stopping = new AbortController();
  let looping: Promise<unknown> = Promise.resolve();

  function scan(): void {
    if (isStopped || scanning !== null) return;
    scanning = (async () => {
      while ((isPoked || isDeliveryPoked || isFullScanDue) && !isStopped) {
        const isFull = isFullScanDue;
        const isMain = isFull || isPoked, isDelivery = isFull || isDeliveryPoked;
        isPoked = isDeliveryPoked = isFullScanDue = false;
        const onError = (error: unknown) => {
          hasFailed = true;
          log("error", "due index not read", { error });
        };
        if (isMain) await scanOnce(isFull).catch(onError);
        if (isDelivery) await startDeliveries().catch(onError);
      }
      scanning = null;
    })();
  }

  /**
   * First starts jobs, then handles the rest. A full scan handles everything that is due; a short one
   * ends when no other job can start.
   */
  async function scanOnce(isFull: boolean): Promise<void> {
    const upToMs = now();
    const scan = openDueScan(kv, { upToMs });
    await onTurns(scan.nextTurn);
    if (!isFull && !hasRoom()) return;
    for await (const due of scan.due()) {
      if (isStopped) return;
      // Jobs that become due, or are created, during a long scan do not wait for its end.
      if (isPoked && hasRoom()) await startPoked();
      if (!isFull && !hasRoom()) return;
      await handlers[due.kind](due).catch((error) => {
        hasFailed = true;
        log("error", "due entry not handled", { due, error });
      });
    }
    lastScanMs = now();
    if (isFull) scannedMs = upToMs;
    if (isFull) { for (const crowd of crowds) await handleCrowd(crowd); }
  }

  async function handleCrowd({ kind, handle }: CrowdHandler): Promise<void> {
    if (isStopped) return;
    const dues = await listCrowd(kv, kind, { upToMs: now(), limit: CROWD_AT_ONCE });
    if (dues.length === 0) return;
    try {
      await handle(dues);
      isFullScanDue ||= dues.length === CROWD_AT_ONCE;
    } catch (error) {
      hasFailed = true;
      log("error", "due entries not handled", { kind, count: dues.length, error });
    }
  }

  /** Whoever finishes an export does not pay for this scan. */
  async function startDeliveries(): Promise<void> {
    const turns = listLaneTurns(kv, "delivery");
    await onTurns(async () => (await turns.next()).value ?? null, "delivery");
  }

  async function startPoked(): Promise<void> {
    isPoked = false;
    await onTurns(openDueScan(kv, { upToMs: now() }).nextTurn);
  }

  /** How long until the next entry is due, milliseconds. */
  async function untilNextMs(): Promise<number> {
    // What could not be handled is still there.
    if (hasFailed) return SCAN_MS;
    const times = await Promise.all([
      nextDueMs(kv, scannedMs),
      ...crowds.map(({ kind }) => nextCrowdMs(kv, kind, scannedMs)),
    ]);
    return Math.min(...times.map((ms) => ms ?? Infinity)) - now();
  }

  async function scanAgainAndAgain(): Promise<void> {
    while (!isStopped) {
      hasFailed = false;
      isFullScanDue = true;
      scan();
      await activity.rest(SCAN_MS, stopping.signal, untilScanned);
      // The last scan may be a minute old, and the next one has not begun.
      if (isResting) lastScanMs = now();
      isResting = false;
    }
  }

  /** The next scan is not found before the one that runs has ended. */
  async function untilScanned(): Promise<number> {
    await scanning;
    const ms = await untilNextMs();
    isResting = !hasFailed;
    return ms;
  }

  async function lookForOthers(): Promise<void> {
    while (!isStopped) {
      await pause(SHARED_LOOK_MS, stopping.signal);
      if (!isResting) continue;
      isPoked = isDeliveryPoked = true;
      scan();
    }
  }

  return {
    start() {
      isStopped = false;
      looping = Promise.all([scanAgainAndAgain(), isShared ? lookForOthers() : null]);
    },
    poke(lane = "main") {
      if (lane === "main") isPoked = true;
      else isDeliveryPoked = true;
      // The scan may start jobs of others than the request that asks for it.
      outsideRequests(scan);
    },
    lastScanMs: () => lastScanMs,
    isResting: () => isResting,
    isScanning: () => scanning !== null,
    async stop() {
      isStopped = true;
      stopping.abort();
      await Promise.all([scanning, looping]);
    },
  };
}
