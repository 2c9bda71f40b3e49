/**
 * Exported objects in a folder.
 *
 * An object is first written and synced as a `.part` file in `.unfinished`, which stays quick to list
 * however much was exported. Then it is renamed to its place. Its folder and any new folders above
 * it are synced, so that the name outlives a crash of the machine.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { AppError } from "../app_error.ts";
import { onDisk, removeFile, storageError, writeAll } from "../files/disk_calls.ts";
import { untilAborted } from "../files/until_aborted.ts";
import { PART } from "../files/file_name.ts";
import type { WrittenFile } from "../files/file_store.ts";
import type { ExportDestination } from "./destination.ts";
import { type FolderCalls, SERVING_CALLS } from "../files/folder_calls.ts";

/** How many existing folders to remember: enough for a day of 10,000 devices. */
const KNOWN_FOLDERS = 10_000;
const PROBE = ".probe";
/** The folder of unfinished objects. No object has a key that starts with it. */
const UNFINISHED = ".unfinished";

/** A folder that exists. */
interface MadeFolder {
  /** Resolves when the folder and those above it would outlive a crash of the machine. */
  readonly synced: Promise<void>;
}

/** Syncs of one folder. */
interface FolderSync {
  readonly running: Promise<void>;
  /** The sync that starts when the running one ends; null if nobody needs it. */
  next: Promise<void> | null;
}

/** A destination below a folder, which is created with the first object. */
export function openFolderDestination(
  root: string,
  { calls = SERVING_CALLS }: { calls?: FolderCalls } = {},
): ExportDestination {
  const known = new Map<string, Promise<MadeFolder>>();
  const syncing = new Map<string, FolderSync>();
  const unfinished = `${root}/${UNFINISHED}`;

  /**
   * Creates a folder and those above it, once. Callers wait for `synced` separately, as they can
   * write files meanwhile.
   */
  function ensureFolder(path: string): Promise<MadeFolder> {
    const made = known.get(path);
    if (made !== undefined) return made;
    if (known.size >= KNOWN_FOLDERS) known.clear();
    const making = makeFolder(path);
    known.set(path, making);
    // The caller gets the error, and the next caller tries again.
    making.then(({ synced }) => synced).catch(() => known.delete(path));
    return making;
  }

  async function makeFolder(path: string): Promise<MadeFolder> {
    if (path === root) {
      await onDisk(Deno.mkdir(root, { recursive: true }));
      return { synced: Promise.resolve() };
    }
    const above = path.slice(0, path.lastIndexOf("/"));
    const upper = await ensureFolder(above);
    try {
      await Deno.mkdir(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw storageError(error);
    }
    const synced = Promise.all([upper.synced, syncShared(above)]).then(() => {});
    // Awaited later. Until then a rejection must not count as unhandled.
    synced.catch(() => {});
    return { synced };
  }

  /** Syncs a folder. Everyone who needs a sync while one is running shares the next one. */
  function syncShared(path: string): Promise<void> {
    const sync = syncing.get(path);
    if (sync === undefined) return startSync(path);
    return sync.next ??= sync.running.catch(() => {}).then(() => startSync(path));
  }

  function startSync(path: string): Promise<void> {
    const sync: FolderSync = { running: syncFolder(calls, path), next: null };
    syncing.set(path, sync);
    const onEnd = () => {
      if (sync.next === null) syncing.delete(path);
    };
    sync.running.then(onEnd, onEnd);
    return sync.running;
  }

  async function store(
    key: string,
    write: (part: string) => Promise<WrittenFile>,
    { signal, mark = "" }: { signal: AbortSignal; mark?: string | undefined },
  ): Promise<WrittenFile> {
    const path = `${root}/${key}`;
    const folder = path.slice(0, path.lastIndexOf("/"));
    const part = `${unfinished}/${mark}${crypto.randomUUID()}${PART}`;
    const begun: Promise<unknown>[] = [];
    try {
      begun.push((await ensureFolder(unfinished)).synced);
      const writing = write(part);
      begun.push(writing);
      const [written, { synced }] = await Promise.all([writing, ensureFolder(folder)]);
      signal.throwIfAborted();
      await onDisk(calls.rename(part, path));
      await Promise.all([synced, syncShared(folder)]);
      return written;
    } catch (error) {
      // Someone may have deleted folders.
      known.clear();
      // What is still on its way would come after the removal.
      await Promise.allSettled(begun);
      await removeFile(part).catch(() => {});
      throw error;
    }
  }

  return {
    kind: "folder",
    folder: root,
    put: (key, { bytes, mark }, signal) =>
      store(key, (part) => writeWhole(calls, part, bytes), { signal, mark }),
    async putStream(key, { body }, signal) {
      try {
        const chunks = untilAborted(body, signal);
        // The folder first: nothing may read the stream any more once this call has failed.
        await ensureFolder(`${root}/${key}`.slice(0, `${root}/${key}`.lastIndexOf("/")));
        return await store(key, (part) => writeChunks(part, chunks), { signal });
      } finally {
        await body.cancel().catch(() => {});
      }
    },
    async remove(key) {
      const path = `${root}/${key}`;
      await removeFile(path);
      // A missing folder needs no sync.
      await syncShared(path.slice(0, path.lastIndexOf("/"))).catch((error) => {
        if (!isNotFound(error)) throw error;
      });
    },
    async *list(folder, signal) {
      try {
        for await (const { name, isFile } of Deno.readDir(`${root}/${folder}`)) {
          signal.throwIfAborted();
          if (isFile) yield `${folder}/${name}`;
        }
      } catch (error) {
        if (signal.aborted) throw error;
        if (!(error instanceof Deno.errors.NotFound)) throw storageError(error);
      }
    },
    async probe() {
      await onDisk(Deno.mkdir(root, { recursive: true }));
      try {
        await onDisk(Deno.writeFile(`${root}/${PROBE}`, new Uint8Array(4096)));
      } finally {
        await removeFile(`${root}/${PROBE}`).catch(() => {});
      }
    },
    sweep: (signal) => sweepParts(unfinished, { signal }),
    sweepMarked: async (mark) => void await sweepParts(unfinished, { mark }),
  };
}

async function syncFolder(calls: FolderCalls, path: string): Promise<void> {
  using handle = await onDisk(calls.open(path));
  await onDisk(handle.sync());
}

async function writeWhole(
  calls: FolderCalls,
  path: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<WrittenFile> {
  const writing = onDisk(calls.writeNew(path, bytes));
  // The bytes are hashed while they are written.
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  using file = await writing;
  await onDisk(file.sync());
  return confirmed({ sizeBytes: bytes.length, sha256 }, await onDisk(calls.size(file)));
}

async function writeChunks(
  path: string,
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
): Promise<WrittenFile> {
  using file = await onDisk(Deno.open(path, { write: true, create: true, truncate: true }));
  const hash = createHash("sha256");
  let sizeBytes = 0;
  for await (const chunk of chunks) {
    await onDisk(writeAll(file, chunk));
    hash.update(chunk);
    sizeBytes += chunk.length;
  }
  await onDisk(file.sync());
  const { size } = await onDisk(file.stat());
  return confirmed({ sizeBytes, sha256: hash.digest("hex") }, size);
}

/** What was written, if the file has that length. */
function confirmed(written: WrittenFile, sizeBytes: number): WrittenFile {
  if (written.sizeBytes === sizeBytes) return written;
  throw new AppError("STORAGE_UNAVAILABLE", "The file does not have the length that was written");
}

async function sweepParts(
  folder: string,
  { signal, mark = "" }: { signal?: AbortSignal; mark?: string },
): Promise<number> {
  let count = 0;
  try {
    for await (const { name } of Deno.readDir(folder)) {
      signal?.throwIfAborted();
      if (!name.startsWith(mark) || !name.endsWith(PART)) continue;
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
