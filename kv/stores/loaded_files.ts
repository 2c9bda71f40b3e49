/**
 * Files that were loaded from a folder, so that a start does not load them again.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["loaded_file", name]` | `{ v: 1, path, sizeBytes, modifiedMs }`: the file as it was | the load of the folder, after the end of the file |
 *
 * @module
 */

import { z } from "zod";

const SPACE = "loaded_file";

const recordSchema = z.object({
  v: z.literal(1),
  path: z.string(),
  sizeBytes: z.number(),
  modifiedMs: z.number(),
});

/** A file at the time it was loaded. */
export interface LoadedFile {
  /** Its path. */
  readonly path: string;
  /** Its size in bytes. */
  readonly sizeBytes: number;
  /** When it was last modified, epoch milliseconds. */
  readonly modifiedMs: number;
}

/** The file last loaded under a name, or null. */
export async function getLoadedFile(
  kv: Pick<Deno.Kv, "get">,
  name: string,
): Promise<LoadedFile | null> {
  const { value, versionstamp } = await kv.get([SPACE, name]);
  if (versionstamp === null) return null;
  const { v: _, ...file } = recordSchema.parse(value);
  return file;
}

/** Records that a file was loaded under a name. */
export async function setLoadedFile(
  kv: Pick<Deno.Kv, "set">,
  name: string,
  file: LoadedFile,
): Promise<void> {
  await kv.set([SPACE, name], { v: 1, ...file });
}
