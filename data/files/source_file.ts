/**
 * Files that other programs put in place and the service reads from start to end.
 *
 * @module
 */

/** Size and time of a file. If they differ from before, the file has changed. */
export interface FileVersion {
  /** The length of the file. */
  readonly sizeBytes: number;
  /** When it was last written, epoch milliseconds; null if the system does not say. */
  readonly modifiedMs: number | null;
}

/** The version of a file; null if there is no such file. */
export async function fileVersion(path: string): Promise<FileVersion | null> {
  try {
    const { isFile, size, mtime } = await Deno.stat(path);
    return isFile ? { sizeBytes: size, modifiedMs: mtime?.getTime() ?? null } : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** The bytes of a file. Throws the reason of the signal when it aborts. */
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
