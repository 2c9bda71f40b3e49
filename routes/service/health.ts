/**
 * Whether the service is up, and whether it can do its work.
 *
 * @module
 */

import { Hono } from "hono";
import { AppError } from "../../data/app_error.ts";
import type { Log } from "../../data/log.ts";

/** The parts that must work. Each resolves, or throws; an AppError says why. */
export interface ReadyChecks {
  /** The database answers. */
  kv(): Promise<void>;
  /** The file store takes files. */
  file_store(): Promise<void>;
  /** Some process runs jobs. */
  worker_running(): Promise<void>;
  /** What continuous export needs; null where it is off. */
  readonly continuous: ContinuousChecks | null;
}

/** What continuous export needs. It is told, and does not stop the service from taking readings. */
export interface ContinuousChecks {
  /** The checkpoints can be read. */
  checkpoint_store_connected(): Promise<void>;
  /** What its destination is called among the checks. */
  readonly destinationName: "s3_accessible" | "destination_accessible";
  /** The destination takes objects. */
  destination(): Promise<void>;
  /** Whether the service is not ready without its destination. */
  readonly isDestinationRequired: boolean;
}

/** What the routes need. */
export interface HealthDeps {
  /** This release. */
  readonly version: string;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** What readiness means. */
  readonly ready: ReadyChecks;
  /** The log. */
  readonly log: Log;
}

/** How long a check may take; who asks, asks again soon. Milliseconds. */
const PATIENCE_MS = 2_000;

/** `GET /health` and `GET /ready`. */
export function healthRoutes({ version, now, ready, log }: HealthDeps): Hono {
  return new Hono()
    .get("/health", (c) => {
      return c.json({ status: "healthy", version, timestamp: new Date(now()).toISOString() });
    })
    .get("/ready", async (c) => {
      const [kv, file_store, worker_running, continuous] = await Promise.all([
        reasonOf(ready.kv),
        reasonOf(ready.file_store),
        reasonOf(ready.worker_running),
        continuousResults(ready.continuous),
      ]);
      const required = { kv, file_store, worker_running };
      const results = { ...required, ...continuous };
      const checks = Object.fromEntries(
        Object.entries(results).map(([name, reason]) => [name, reason === null]),
      );
      const wrong = Object.entries(results).filter(([, reason]) => reason !== null);
      c.header("cache-control", "no-store");
      if (wrong.length === 0) return c.json({ ready: true, checks });
      const reason = wrong.map(([name, text]) => `${name}: ${text}`).join("; ");
      const isReady = wrong.every(([name]) =>
        !(name in required) &&
        !(ready.continuous?.isDestinationRequired && name.endsWith("_accessible"))
      );
      if (isReady) return c.json({ ready: true, checks, reason });
      log("warn", "not ready", results);
      return c.json({ ready: false, checks, reason }, 503);
    });
}

/** Why each part of continuous export does not work, null where it does; nothing where it is off. */
async function continuousResults(
  continuous: ContinuousChecks | null,
): Promise<Record<string, string | null>> {
  if (continuous === null) return {};
  const [checkpoints, destination] = await Promise.all([
    reasonOf(continuous.checkpoint_store_connected),
    reasonOf(continuous.destination),
  ]);
  return { checkpoint_store_connected: checkpoints, [continuous.destinationName]: destination };
}

/** What keeps a check from passing, if anything. One that hangs is not waited for to its end. */
async function reasonOf(check: () => Promise<void>): Promise<string | null> {
  const { promise: late, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(resolve, PATIENCE_MS, `no answer within ${PATIENCE_MS / 1_000} s`);
  try {
    return await Promise.race([check().then(() => null), late]);
  } catch (error) {
    return error instanceof AppError ? error.message : "does not answer";
  } finally {
    clearTimeout(timer);
  }
}
