/**
 * What the account of a caller uses, over HTTP.
 *
 * @module
 */

import { type AccountLimits, accountLimits, accountOf } from "../../data/access/account.ts";
import type { KeyLimits } from "../../data/access/key_limits.ts";
import { getReadingCount, readAccount } from "../../kv/jobs/accounts.ts";
import { type GuardedRoutes, guardedRoutes } from "./guarded_routes.ts";
import type { Usage } from "./usage_schemas.ts";

/** What the route needs. */
export interface UsageDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "getMany">;
  /** The limits of accounts that have none of their own. */
  readonly accountLimits: AccountLimits;
}

/** `GET /api/usage`. */
export function usageRoutes(deps: UsageDeps): GuardedRoutes {
  return guardedRoutes().get("/api/usage", async (c) => {
    const caller = c.get("caller");
    c.header("cache-control", "no-store");
    return c.json(await usageOf(deps, accountOf(caller), caller.limits));
  });
}

/** What an account uses, with the limits that hold for it. */
export async function usageOf(
  deps: UsageDeps,
  account: string,
  own: KeyLimits | null,
): Promise<Usage> {
  const [{ waiting, running, fileBytes }, readings] = await Promise.all([
    readAccount(deps.kv, account),
    getReadingCount(deps.kv, account),
  ]);
  const limits = accountLimits(own, deps.accountLimits);
  return {
    jobs_waiting: { used: waiting, limit: limits.jobsWaiting },
    jobs_running: { used: running, limit: limits.jobsRunning },
    stored_readings: { used: readings, limit: limits.storedReadings },
    file_bytes: { used: fileBytes, limit: limits.fileBytes },
  };
}
