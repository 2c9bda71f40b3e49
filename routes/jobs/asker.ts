/**
 * Who asks for a job, and which limits hold for it.
 *
 * @module
 */

import type { Context } from "hono";
import { accountOf } from "../../data/access/account.ts";
import type { JobRequest } from "../../jobs/engine/jobs.ts";

/** The parts of a request for a job that its caller decides. */
export type Asker = Required<Pick<JobRequest, "owner" | "account" | "limits">>;

/** Who asks for a job by a request over HTTP. */
export function askerOf(c: Context): Asker {
  const caller = c.get("caller");
  return { owner: caller.owner, account: accountOf(caller), limits: caller.limits };
}
