/**
 * The duty that deletes entries of the audit trail after their retention time.
 *
 * @module
 */

import { DAY_MS, MINUTE_MS } from "../../data/limits.ts";
import type { Log } from "../../data/log.ts";
import { deleteAuditBefore } from "../../kv/audit/audit_log.ts";
import type { Duty } from "../engine/duty_loop.ts";

/** What the duty needs. */
export interface AuditRetentionDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "list" | "atomic">;
  /** For how many days entries are kept. */
  readonly auditDays: number;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
}

/** Creates the duty. */
export function auditRetentionDuty({ kv, auditDays, now, log }: AuditRetentionDeps): Duty {
  return {
    name: "audit_retention",
    everyMs: 10 * MINUTE_MS,
    async round({ signal }) {
      const count = await deleteAuditBefore(kv, now() - auditDays * DAY_MS, signal);
      if (count > 0) log("info", "audit entries deleted", { count });
    },
  };
}
