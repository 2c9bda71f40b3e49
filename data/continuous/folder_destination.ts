/**
 * Exported objects in a folder: a `.part` is written and synced in a folder of its own, which a sweep
 * can list however much was exported, then renamed to its place, and the folder there is synced, as
 * are the folders that are made for it.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { AppError } from "../app_error.ts";
import { onDisk, removeFile, storageError, syncFolder, writeAll } from "../files/disk_calls.ts";
import { PART } from "../files/file_name.ts";
import type { WrittenFile } from "../files/file_store.ts";
import type { ExportDestination } from "./destination.ts";

/** Folders that are known to be there; so many are a day of 10,000 devices. */
const KNOWN_FOLDERS = 10_000;
const PROBE = ".probe";
/** Where objects are that are not whole; no device's folder is called so. */
const UNFINISHED = ".unfinished";

/** A folder that is there. */
interface MadeFolder {
  /** Settles when it and the folders above it outlive a crash of the machine. */
  readonly listed: Promise<void>;
}

/** Syncs of one folder. */
interface FolderSync {
  readonly running: Promise<void>;
  /** What begins when the running one ends, where somebody asked meanwhile. */
  next: Promise<void> | null;
}

/** Objects below a folder, which is made when the first one comes. */
export function openFolderDestination(root: string): ExportDestination {
  const known = new Map<string, Promise<MadeFolder>>();
  const syncing = new Map<string, FolderSync>();
  const unfinished = `${root}/${UNFINISHED}`;

  /**
   * Makes a folder once, and the ones above it. That they are listed for good is waited for apart, as
   * files can be written meanwhile.
   */
  function ensureFolder(path: string): Promise<MadeFolder> {
    const made = known.get(path);
    if (made !== undefined) return made;
    if (known.size >= KNOWN_FOLDERS) known.clear();
    const making = makeFolder(path);
    known.set(path, making);
    // Tried again by whoever comes next; the one that asked gets the error.
    making.then(({ listed }) => listed).catch(() => known.delete(path));
    return making;
  }

  async function makeFolder(path: string): Promise<MadeFolder> {
    if (path === root) {
      await onDisk(Deno.mkdir(root, { recursive: true }));
      return { listed: Promise.resolve() };
    }
    const above = path.slice(0, path.lastIndexOf("/"));
    const upper = await ensureFolder(above);
    try {
      await Deno.mkdir(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw storageError(error);
    }
    const listed = Promise.all([upper.listed, syncShared(above)]).then(() => {});
    // Whoever awaits it gets its error; until then it is not one that nobody handles.
    listed.catch(() => {});
    return { listed };
  }

  /** Syncs a folder. While one sync runs, all who ask share the next one. */
  function syncShared(path: string): Promise<void> {
    const sync = syncing.get(path);
    if (sync === undefined) return startSync(path);
    return sync.next ??= sync.running.catch(() => {}).then(() => startSync(path));
  }

  function startSync(path: string): Promise<void> {
    const sync: FolderSync = { running: syncFolder(path), next: null };
    syncing.set(path, sync);
    const onEnd = () => {
      if (sync.next === null) syncing.delete(path);
    };
    sync.running.then(onEnd, onEnd);
    return sync.running;
  }

  return {
    kind: "folder",
    async put(key, { bytes }, signal) {
      const path = `${root}/${key}`;
      const folder = path.slice(0, path.lastIndexOf("/"));
      const part = `${unfinished}/${crypto.randomUUID()}${PART}`;
      try {
        await ensureFolder(unfinished);
        const [written, { listed }] = await Promise.all([
          writePart(part, bytes),
          ensureFolder(folder),
        ]);
        signal.throwIfAborted();
        await onDisk(Deno.rename(part, path));
        await Promise.all([listed, syncShared(folder)]);
        return written;
      } catch (error) {
        // Somebody may have taken folders away.
        known.clear();
        await removeFile(part).catch(() => {});
        throw error;
      }
    },
    async remove(key) {
      const path = `${root}/${key}`;
      await removeFile(path);
      // A folder that is not there lists nothing.
      await syncShared(path.slice(0, path.lastIndexOf("/"))).catch((error) => {
        if (!isNotFound(error)) throw error;
      });
    },
    async probe() {
      await onDisk(Deno.mkdir(root, { recursive: true }));
      try {
        await onDisk(Deno.writeFile(`${root}/${PROBE}`, new Uint8Array(4096)));
      } finally {
        await removeFile(`${root}/${PROBE}`).catch(() => {});
      }
    },
    sweep: (signal) => sweepParts(unfinished, signal),
  };
}

async function writePart(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<WrittenFile> {
  using file = await onDisk(Deno.open(path, { write: true, create: true, truncate: true }));
  await onDisk(writeAll(file, bytes));
  await onDisk(file.sync());
  const { size } = await onDisk(file.stat());
  if (size !== bytes.length) {
    throw new AppError("STORAGE_UNAVAILABLE", "The file has another length than what was written");
  }
  return { sizeBytes: size, sha256: createHash("sha256").update(bytes).digest("hex") };
}

async function sweepParts(folder: string, signal: AbortSignal): Promise<number> {
  let count = 0;
  try {
    for await (const { name } of Deno.readDir(folder)) {
      signal.throwIfAborted();
      if (!name.endsWith(PART)) continue;
      await removeFile(`${folder}/${name}`);
      count++;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw storageError(error);
  }
  return count;
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof Deno.errors.NotFound;
}
