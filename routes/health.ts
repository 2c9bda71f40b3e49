/**
 * Whether the service is up, and whether it can do its work.
 *
 * @module
 */

import { Hono } from "hono";
import { AppError } from "../data/app_error.ts";
import type { Log } from "../data/log.ts";

/** The parts that must work. Each resolves, or throws; an AppError says why. */
export interface ReadyChecks {
  /** The database answers. */
  kv(): Promise<void>;
  /** The file store takes files. */
  file_store(): Promise<void>;
  /** Some process runs jobs. */
  worker_running(): Promise<void>;
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

/** `GET /health` and `GET /ready`. */
export function healthRoutes({ version, now, ready, log }: HealthDeps): Hono {
  return new Hono()
    .get("/health", (c) => {
      return c.json({ status: "healthy", version, timestamp: new Date(now()).toISOString() });
    })
    .get("/ready", async (c) => {
      const results = {
        kv: await reasonOf(ready.kv),
        file_store: await reasonOf(ready.file_store),
        worker_running: await reasonOf(ready.worker_running),
      };
      const checks = Object.fromEntries(
        Object.entries(results).map(([name, reason]) => [name, reason === null]),
      );
      const wrong = Object.entries(results).filter(([, reason]) => reason !== null);
      c.header("cache-control", "no-store");
      if (wrong.length === 0) return c.json({ ready: true, checks });
      log("warn", "not ready", results);
      const reason = wrong.map(([name, text]) => `${name}: ${text}`).join("; ");
      return c.json({ ready: false, checks, reason }, 503);
    });
}

async function reasonOf(check: () => Promise<void>): Promise<string | null> {
  try {
    await check();
    return null;
  } catch (error) {
    return error instanceof AppError ? error.message : "does not answer";
  }
}
