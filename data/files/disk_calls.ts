/**
 * Calls of the disk whose errors are those that a job or an export may end with.
 *
 * @module
 */

import { AppError } from "../app_error.ts";

const FULL_CODES = ["ENOSPC", "EDQUOT", "EFBIG"];

/** Writes all of some bytes. */
export async function writeAll(file: Deno.FsFile, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length;) at += await file.write(chunk.subarray(at));
}

/** Waits for the disk; what it says against it becomes an error a job may end with. */
export async function onDisk<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw storageError(error);
  }
}

/** Deletes a file; fine when there is none. */
export async function removeFile(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw storageError(error);
  }
}

/** Waits until what a folder lists is on the disk. */
export async function syncFolder(folder: string): Promise<void> {
  using handle = await onDisk(Deno.open(folder));
  await onDisk(handle.sync());
}

/** What the operating system says, as an error a job may end with; everything else as it is. */
export function storageError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = "code" in error ? error.code : undefined;
  if (typeof code !== "string" || !/^E[A-Z0-9]+$/.test(code)) return error;
  if (FULL_CODES.includes(code)) {
    return new AppError("STORAGE_FULL", "The file store has no room left", {
      details: "The file could not be written for lack of space",
      cause: error,
    });
  }
  return new AppError("STORAGE_UNAVAILABLE", "The file store cannot be used", {
    details: "The file store refused to read or write",
    cause: error,
  });
}
