/**
 * Disk calls that throw the storage errors with which a job or an export may fail.
 *
 * @module
 */

import { AppError } from "../app_error.ts";

const FULL_CODES = ["ENOSPC", "EDQUOT", "EFBIG"];

/** Writes a chunk completely. */
export async function writeAll(file: Deno.FsFile, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length;) at += await file.write(chunk.subarray(at));
}

/** Awaits a disk call and converts its error with {@link storageError}. */
export async function onDisk<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw storageError(error);
  }
}

/** Deletes a file; does nothing if there is none. */
export async function removeFile(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw storageError(error);
  }
}

/** Waits until the entries of a folder are on the disk. */
export async function syncFolder(folder: string): Promise<void> {
  using handle = await onDisk(Deno.open(folder));
  await onDisk(handle.sync());
}

/** Converts an error of the operating system to an AppError; returns any other error unchanged. */
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
