/**
 * Health and readiness of the service.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import type { Log } from "../../data/log.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import type { Health, NotReady, Ready } from "./schemas.ts";

/** The parts that must work. Each check resolves, or throws; an AppError says why. */
export interface ReadyChecks {
  /** The database answers. */
  kv(): Promise<void>;
  /** The file store accepts files. */
  file_store(): Promise<void>;
  /** A process runs jobs. */
  worker_running(): Promise<void>;
  /**
   * How many days of series have damaged readings. The service works on without them. Anyone may ask, so
   * it does not say which.
   */
  readonly damagedDays?: () => number;
  /** The parts of continuous export; null if it is off. */
  readonly continuous: ContinuousChecks | null;
}

/** The parts of continuous export. They are reported, but the service accepts readings without them. */
export interface ContinuousChecks {
  /** The checkpoints are readable. */
  checkpoint_store_connected(): Promise<void>;
  /** The name of the check of the destination. */
  readonly destinationName: "s3_accessible" | "destination_accessible";
  /** The destination accepts objects. */
  destination(): Promise<void>;
  /** Whether the service is not ready without its destination. */
  readonly isDestinationRequired: boolean;
}

/** What the routes need. */
export interface HealthDeps {
  /** The release. */
  readonly version: string;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The checks of readiness. */
  readonly ready: ReadyChecks;
  /** Milliseconds since any moment; the clock of the machine, which may be set, does not move it. */
  readonly elapsedMs?: () => number;
  /** How long a result of the checks is given to others who ask, milliseconds; 2,000 by default. */
  readonly readyKeptMs?: number;
  /** The log. */
  readonly log: Log;
}

/** How long a result is kept: anyone may ask, and the checks write. Milliseconds. */
const KEPT_MS = 2_000;
/** The longest that a check may take, milliseconds, so that the answer comes within two seconds. */
const CHECK_TIMEOUT_MS = 1_500;

/** `GET /health` and `GET /ready`. */
export function healthRoutes({ version, now, ready, log, ...deps }: HealthDeps): GuardedRoutes {
  const check = shared(async () => {
    const [required, continuous] = await Promise.all([
      requiredFaults(ready),
      continuousFaults(ready.continuous),
    ]);
    const damaged = damageFault(ready.damagedDays?.() ?? 0);
    const answer = readiness({ required, continuous, damaged }, ready.continuous);
    if (!answer.ready) log("warn", "not ready", { ...required, ...continuous });
    return answer;
  }, deps);
  return guardedRoutes()
    .get("/health", (c) => {
      const timestamp = new Date(now()).toISOString();
      const [name, message] = ["openwatts", "ready for queries and writes"] as const;
      return c.json({ status: "healthy", version, timestamp, name, message } satisfies Health);
    })
    .get("/ready", async (c) => {
      const answer = await check();
      c.header("cache-control", "no-store");
      return c.json(answer, answer.ready ? 200 : 503);
    });
}

/** Does something once for all who ask while it runs, and for a while after. */
function shared<T>(
  run: () => Promise<T>,
  { elapsedMs = () => performance.now(), readyKeptMs = KEPT_MS }: Pick<
    HealthDeps,
    "elapsedMs" | "readyKeptMs"
  >,
): () => Promise<T> {
  let running: Promise<T> | null = null;
  let last: { result: T; atMs: number } | null = null;
  return () => {
    if (last !== null && elapsedMs() - last.atMs < readyKeptMs) return Promise.resolve(last.result);
    return running ??= run().then((result) => {
      last = { result, atMs: elapsedMs() };
      return result;
    }).finally(() => running = null);
  };
}

/** Why each part fails, by its name; null if it works. */
interface Faults {
  readonly required: Readonly<Record<"kv" | "file_store" | "worker_running", string | null>>;
  readonly continuous: Readonly<
    Partial<
      Record<keyof Ready["checks"] & `${string}_${"connected" | "accessible"}`, string | null>
    >
  >;
  /** How much is damaged; null if nothing is known to be. */
  readonly damaged: string | null;
}

function readiness(
  { required, continuous, damaged }: Faults,
  checks: ContinuousChecks | null,
): Ready | NotReady {
  const texts = Object.entries({ ...required, ...continuous, stored_data: damaged })
    .flatMap(([name, fault]) => fault === null ? [] : [`${name}: ${fault}`]);
  const reason = texts.join("; ");
  const more = {
    ...Object.fromEntries(
      Object.entries(continuous).map(([name, fault]) => [name, fault === null]),
    ),
    ...(damaged === null ? {} : { stored_data: false as const }),
  };
  const { kv, file_store, worker_running } = required;
  const isDestinationMissing = checks !== null && checks.isDestinationRequired &&
    continuous[checks.destinationName] !== null;
  if (kv === null && file_store === null && worker_running === null && !isDestinationMissing) {
    const working = { kv: true, file_store: true, worker_running: true, ...more } as const;
    return { ready: true, checks: working, ...(reason === "" ? {} : { reason }) };
  }
  const parts = {
    kv: kv === null,
    file_store: file_store === null,
    worker_running: worker_running === null,
    ...more,
  };
  return { ready: false, checks: parts, reason };
}

/** On how many days readings are damaged; null without any. */
function damageFault(days: number): string | null {
  if (days === 0) return null;
  return `readings of ${days} ${days === 1 ? "day" : "days"} are damaged; the log says which`;
}

async function requiredFaults(ready: ReadyChecks): Promise<Faults["required"]> {
  const [kv, file_store, worker_running] = await Promise.all([
    faultOf(ready.kv),
    faultOf(ready.file_store),
    faultOf(ready.worker_running),
  ]);
  return { kv, file_store, worker_running };
}

async function continuousFaults(checks: ContinuousChecks | null): Promise<Faults["continuous"]> {
  if (checks === null) return {};
  const [checkpoints, destination] = await Promise.all([
    faultOf(checks.checkpoint_store_connected),
    faultOf(checks.destination),
  ]);
  return { checkpoint_store_connected: checkpoints, [checks.destinationName]: destination };
}

/** Why a check fails; null if it passes. A check that hangs fails after its timeout. */
async function faultOf(check: () => Promise<void>): Promise<string | null> {
  const { promise: late, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(
    resolve,
    CHECK_TIMEOUT_MS,
    `no answer within ${CHECK_TIMEOUT_MS / 1_000} s`,
  );
  try {
    return await Promise.race([check().then(() => null), late]);
  } catch (error) {
    return error instanceof AppError ? error.message : "does not answer";
  } finally {
    clearTimeout(timer);
  }
}
