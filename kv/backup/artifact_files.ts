/**
 * The files of jobs that belong to a backup.
 *
 * @module
 */

import type { FileStore } from "../../data/files/file_store.ts";
import { type JobRecord, listJobs } from "../jobs/jobs.ts";

/** What was copied. */
export interface CopiedFiles {
  /** Files that are in the other store now, or were there before. */
  readonly copied: number;
  /** Files that a job names and that are not there, such as those that expired meanwhile. */
  readonly missing: readonly string[];
  /** Files that are not what their job says. They are not copied. */
  readonly damaged: readonly string[];
}

/** A file that a job names. */
export interface NamedFile {
  /** Its name in the store. */
  readonly name: string;
  /** What its job says of it; null for a file that goes with another one. */
  readonly expected: { readonly sizeBytes: number; readonly sha256: string } | null;
}

/** The files that the record of a job names, as long as they are kept. */
export function namedFiles(
  { state, artifact }: Pick<JobRecord, "state" | "artifact">,
): NamedFile[] {
  if (state !== "completed" || artifact === null) return [];
  const { name, sizeBytes, sha256, sides = [] } = artifact;
  return [
    { name, expected: { sizeBytes, sha256 } },
    ...sides.map((side) => ({ name: `${name}.${side}`, expected: null })),
  ];
}

/** The names of all files that jobs name. */
export async function namesOfFiles(kv: Pick<Deno.Kv, "list">): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for await (const job of listJobs(kv)) for (const { name } of namedFiles(job)) names.add(name);
  return names;
}

/** Copies the files of all jobs from one store to another. Files that are there already stay. */
export async function copyFiles(
  kv: Pick<Deno.Kv, "list">,
  { from, to, onProgress }: {
    from: Pick<FileStore, "read">;
    to: Pick<FileStore, "write" | "list" | "remove">;
    onProgress: (text: string) => void;
  },
): Promise<CopiedFiles> {
  const there = new Set<string>();
  for await (const { name, isWhole } of to.list()) if (isWhole) there.add(name);
  const missing: string[] = [], damaged: string[] = [];
  let copied = 0;
  // Never aborted: a copy that is killed goes on with the same command.
  const { signal } = new AbortController();
  for await (const job of listJobs(kv)) {
    for (const { name, expected } of namedFiles(job)) {
      if (there.has(name)) {
        copied++;
        continue;
      }
      const body = await from.read(name);
      if (body === null) {
        missing.push(name);
        continue;
      }
      const written = await to.write(name, body, signal);
      const isSound = expected === null ||
        (written.sha256 === expected.sha256 && written.sizeBytes === expected.sizeBytes);
      if (isSound) copied++;
      else {
        damaged.push(name);
        await to.remove(name);
      }
      onProgress(`Copied ${copied} files`);
    }
  }
  return { copied, missing, damaged };
}

/**
 * Deletes from the folder of a backup what no job of it names, such as files of an older backup of the same
 * name, and what an interrupted copy has left. Returns how many files that were.
 */
export async function removeOtherFiles(
  kv: Pick<Deno.Kv, "list">,
  files: Pick<FileStore, "list" | "remove" | "discard">,
): Promise<number> {
  const named = await namesOfFiles(kv);
  let removed = 0;
  for (const { name, isWhole } of await Array.fromAsync(files.list())) {
    if (isWhole && named.has(name)) continue;
    await (isWhole ? files.remove(name) : files.discard(name));
    removed++;
  }
  return removed;
}
