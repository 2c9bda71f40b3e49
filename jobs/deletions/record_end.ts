/**
 * The end of a deletion in the audit trail. Its request has an entry of its own.
 *
 * @module
 */

import type { AuditActor, AuditDetails, AuditEvent } from "../../data/audit/event.ts";
import { AppError } from "../../data/app_error.ts";
import type { Audit } from "../../kv/audit/audit.ts";
import { getJob } from "../../kv/jobs/jobs.ts";
import { MAX_ATTEMPTS, mayPass } from "../engine/retry.ts";
import { DELETION_FAILED } from "./deletion_failed.ts";

/** What recording needs. */
export interface RecordEndDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get">;
  /** The audit trail; absent where there is none. */
  readonly audit?: Pick<Audit, "record">;
}

/** How a run ended. */
export type RunEnd = { readonly details: AuditDetails } | { readonly error: unknown };

/** Records the end of a job, unless its run failed in a way that another run may overcome. */
export async function recordEnd(
  { kv, audit }: RecordEndDeps,
  jobId: string,
  end: RunEnd,
): Promise<void> {
  if (audit === undefined) return;
  const job = (await getJob(kv, jobId))?.value;
  if (job === undefined) return;
  const isFailed = "error" in end;
  if (isFailed && mayPass(end.error) && job.attempt < MAX_ATTEMPTS) return;
  const event: Omit<AuditEvent, "outcome"> = {
    caller: { actor: actorOf(job.owner) },
    address: null,
    action: "deletion.end",
    subject: { kind: "job", id: jobId },
  };
  await audit.record(
    isFailed
      ? { ...event, outcome: "failed", code: codeOf(end.error) }
      : { ...event, outcome: "done", details: end.details },
  );
}

function codeOf(error: unknown): string {
  return error instanceof AppError ? error.code : DELETION_FAILED.code;
}

/** Who asked for a job, by its owner (`data/access/caller.ts`). */
function actorOf(owner: string): AuditActor {
  const [kind, ...rest] = owner.split(":");
  const id = rest.join(":");
  if (kind === "key") return { kind, id, name: "" };
  if (kind === "oidc") return { kind, id, name: "" };
  return { kind: "anonymous", id: "", name: "" };
}
