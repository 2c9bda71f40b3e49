/**
 * How much room is left on a disk.
 *
 * @module
 */

import { statfs } from "node:fs";
import { promisify } from "node:util";
import { KV_PLACE } from "./kv_place.ts";

/** The function of `node:fs/promises` is missing in Deno 2.5. */
const lookAtDisk = promisify(statfs);

/** The room on a disk. */
export interface DiskSpace {
  /** Bytes that this process may still write. */
  readonly freeBytes: number;
  /** Bytes of the disk. */
  readonly totalBytes: number;
}

/** The room on the disk of a path; null if there is no such path, or looking is not allowed. */
export async function diskSpace(path: string | null): Promise<DiskSpace | null> {
  if (path === null) return null;
  try {
    const { bavail, blocks, bsize } = await lookAtDisk(path);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  } catch {
    return null;
  }
}

/** A path on the disk that fills up first: that of the database, else of the files; null for none. */
export function diskPath(
  { kvPath, fileStore }: { readonly kvPath: string | null; readonly fileStore: string },
): string | null {
  if (kvPath !== null && kvPath !== ":memory:" && !/^https?:/.test(kvPath)) return kvPath;
  return fileStore.startsWith("s3:") || fileStore === KV_PLACE ? null : fileStore;
}
