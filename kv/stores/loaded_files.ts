/**
 * Which files were loaded, so that they are not loaded again at every start.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["loaded_file", name]` | `{ v: 1, path, sizeBytes, modifiedMs }`: the file as it was | whoever loaded it, to its end |
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

/** A file as it was when it was loaded. */
export interface LoadedFile {
  /** Where it was. */
  readonly path: string;
  /** Its length. */
  readonly sizeBytes: number;
  /** When it was last written, epoch milliseconds. */
  readonly modifiedMs: number;
}

/** The file that was loaded last under a name, or null. */
export async function getLoadedFile(
  kv: Pick<Deno.Kv, "get">,
  name: string,
): Promise<LoadedFile | null> {
  const { value, versionstamp } = await kv.get([SPACE, name]);
  if (versionstamp === null) return null;
  const { v: _, ...file } = recordSchema.parse(value);
  return file;
}

/** Says that a file was loaded under a name. */
export async function setLoadedFile(
  kv: Pick<Deno.Kv, "set">,
  name: string,
  file: LoadedFile,
): Promise<void> {
  await kv.set([SPACE, name], { v: 1, ...file });
}
