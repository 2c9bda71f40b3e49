/**
 * The lock that keeps a second process from a database file.
 *
 * @module
 */

/** How long {@link lockWithin} waits for a process that has the lock, milliseconds. */
const LOCK_TIMEOUT_MS = 2_000;

/**
 * Locks a file, which is created, until it is disposed of or the process ends; null if another process,
 * or this one, has it locked.
 */
export async function lockFile(path: string): Promise<Disposable | null> {
  const file = await openLock(path);
  // Deno 2.5 has no tryLock().
  const isLocked = "tryLock" in file
    ? await file.tryLock(true)
    : await lockWithin(file, LOCK_TIMEOUT_MS);
  if (isLocked) return file;
  // If lock() still waits, the lock that it may get later ends with it, as nothing else has the file.
  file.close();
  return null;
}

/**
 * Whether a file was locked within a time. A call of `lock` cannot be given up: it waits on, and the
 * process cannot end by itself, only by `Deno.exit`, until the other one unlocks the file.
 */
export async function lockWithin(
  file: Pick<Deno.FsFile, "lock">,
  timeoutMs: number,
): Promise<boolean> {
  const { promise: over, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), timeoutMs);
  try {
    return await Promise.race([over, file.lock(true).then(() => true)]);
  } finally {
    clearTimeout(timer);
  }
}

async function openLock(path: string): Promise<Deno.FsFile> {
  const open = () => Deno.open(path, { create: true, write: true });
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    // Only then: the service may not be permitted to create the folder that holds its code.
    await Deno.mkdir(folderOf(path), { recursive: true });
    return await open();
  }
}

function folderOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) || "/" : ".";
}
