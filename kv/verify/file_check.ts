/**
 * Checking the files of jobs and the objects of continuous export.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { ExportDestination } from "../../data/continuous/destination.ts";
import { type KeyStyle, possibleKeys, profileDayKey } from "../../data/continuous/object_key.ts";
import type { WrittenWindow } from "../../data/continuous/manifest.ts";
import type { FileStore } from "../../data/files/file_store.ts";
import { dayStartMs } from "../../data/limits.ts";
import { type NamedFile, namedFiles } from "../backup/artifact_files.ts";
import { listAllManifests } from "../continuous/manifests.ts";
import { getJob, listJobs } from "../jobs/jobs.ts";
import { dayText, type Verifying } from "./findings.ts";

/** Folders whose keys are remembered: those of one device and the days around each other. */
const FOLDERS_KEPT = 64;
const MISSING = "is missing";

/**
 * Checks that every file that a job names is there, with the bytes that its job says. A file whose time is
 * over need not be there any more.
 */
export async function checkFiles(
  { kv, checked, add, onProgress }: Verifying,
  files: Pick<FileStore, "read">,
  nowMs: number,
): Promise<void> {
  for await (const job of listJobs(kv)) {
    for (const file of namedFiles(job)) {
      checked.files++;
      onProgress(`Checked ${checked.files} files`);
      const fault = await fileFault(files, file);
      if (fault === null) continue;
      if (fault === MISSING && (job.fileExpiresMs ?? Infinity) <= nowMs) continue;
      // Somebody may have deleted it meanwhile.
      const now = await getJob(kv, job.id);
      if (now === null || namedFiles(now.value).length === 0) continue;
      const detail = `The file of job ${job.id} ${fault}: ${file.name}`;
      add({ check: "file", detail, name: file.name, isRepaired: false });
    }
  }
}

async function fileFault(
  files: Pick<FileStore, "read">,
  { name, expected }: NamedFile,
): Promise<string | null> {
  const body = await files.read(name);
  if (body === null) return MISSING;
  const hash = createHash("sha256");
  let sizeBytes = 0;
  try {
    for await (const chunk of body) {
      hash.update(chunk);
      sizeBytes += chunk.length;
    }
  } catch {
    return "cannot be read";
  }
  if (expected === null) return null;
  if (sizeBytes !== expected.sizeBytes) {
    return `has ${sizeBytes} bytes instead of ${expected.sizeBytes}`;
  }
  return hash.digest("hex") === expected.sha256 ? null : "has other bytes than its digest says";
}

/** Checks that every object that continuous export has written and not replaced is there. */
export async function checkObjects(
  { kv, checked, add, onProgress }: Verifying,
  { destination, style }: { destination: Pick<ExportDestination, "list">; style: KeyStyle },
): Promise<void> {
  const folders = createFolders(destination);
  const shared = new Set<string>();
  for await (const { id, windows } of listAllManifests(kv)) {
    for (const window of windows) {
      const keys = keysOf(style, id, window);
      if (window.object?.isShared) {
        if (shared.has(keys[0])) continue;
        shared.add(keys[0]);
      }
      checked.objects++;
      onProgress(`Checked ${checked.objects} objects of continuous export`);
      const found = await Promise.all(keys.map((key) => folders.has(key)));
      if (found.includes(true)) continue;
      const day = dayText(dayStartMs(window.fromMs));
      const detail = `An object of continuous export of '${id}' is missing: ${keys[0]}`;
      add({ check: "object", detail, id, day, name: keys[0], isRepaired: false });
    }
  }
}

/** The keys under which the object of a window may be. */
function keysOf(style: KeyStyle, deviceId: string, { fromMs, object }: WrittenWindow): string[] {
  if (object?.isShared) {
    const { layout, format, profile } = object;
    return [profileDayKey({ ...style, layout, format }, { profile, dayMs: dayStartMs(fromMs) })];
  }
  return possibleKeys(style, { deviceId, fromMs }, object);
}

/** The keys of folders, each listed once as long as it is remembered. */
function createFolders(destination: Pick<ExportDestination, "list">) {
  const known = new Map<string, Promise<Set<string>>>();
  const { signal } = new AbortController();
  async function list(folder: string): Promise<Set<string>> {
    const keys = new Set<string>();
    for await (const key of destination.list(folder, signal)) keys.add(key);
    return keys;
  }
  return {
    async has(key: string): Promise<boolean> {
      const folder = key.slice(0, key.lastIndexOf("/"));
      let listed = known.get(folder);
      if (listed === undefined) {
        if (known.size === FOLDERS_KEPT) known.clear();
        known.set(folder, listed = list(folder));
      }
      return (await listed).has(key);
    },
  };
}
