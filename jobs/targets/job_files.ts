/**
 * Finds the files of jobs for those who get them.
 *
 * @module
 */

import type { DomainEvent } from "../../data/events/event.ts";
import type { FileStore } from "../../data/files/file_store.ts";
import type { FindFile } from "../../data/notify/job_file.ts";
import { getJob, type JobRecord } from "../../kv/jobs/jobs.ts";

/** What finding files needs. */
export interface JobFilesDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get">;
  /** The files. */
  readonly files: Pick<FileStore, "read">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** The job that an event reports; null if it is about something else, or its record is gone. */
export async function jobOf(
  kv: Pick<Deno.Kv, "get">,
  { subject }: Pick<DomainEvent, "subject">,
): Promise<JobRecord | null> {
  return subject.kind === "job" ? (await getJob(kv, subject.id))?.value ?? null : null;
}

/** Finds files that have not expired. */
export function createFindFile({ kv, files, now }: JobFilesDeps): FindFile {
  return async (event) => {
    const job = await jobOf(kv, event);
    const { state, artifact, fileExpiresMs } = job ?? {};
    if (state !== "completed" || !artifact || !fileExpiresMs || fileExpiresMs <= now()) return null;
    const { name, filename, contentType, sizeBytes, sha256 } = artifact;
    return {
      filename,
      contentType,
      sizeBytes,
      sha256,
      expiresMs: fileExpiresMs,
      open: () => files.read(name),
    };
  };
}
