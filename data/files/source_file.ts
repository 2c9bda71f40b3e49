/**
 * Files that somebody else puts there, to be read from start to end.
 *
 * @module
 */

/** What tells that a file is another than it was. */
export interface FileMark {
  /** Its length. */
  readonly sizeBytes: number;
  /** When it was last written, epoch milliseconds; null where the system does not say. */
  readonly modifiedMs: number | null;
}

/** What tells a file from what it was; null where there is no file of that name. */
export async function markFile(path: string): Promise<FileMark | null> {
  try {
    const { isFile, size, mtime } = await Deno.stat(path);
    return isFile ? { sizeBytes: size, modifiedMs: mtime?.getTime() ?? null } : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** The bytes of a file. Throws the signal's reason once that is aborted. */
export async function* readFileBytes(
  path: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  signal.throwIfAborted();
  const file = await Deno.open(path);
  for await (const chunk of file.readable) {
    signal.throwIfAborted();
    yield chunk;
  }
}
