/**
 * The calls with which a folder destination makes files and folders.
 *
 * A thread that serves requests must not wait for the disk, so there another thread of the runtime makes
 * each call. To ask it costs more than many of the calls. So a worker asks only for those that may take
 * long: it syncs, creates and fills files, and creates folders in the background, and makes the others
 * itself.
 *
 * @module
 */

/** Calls that throw the errors of `Deno`. */
export interface FolderCalls {
  /** Creates a file with a content, or replaces the content. The file is open then. */
  writeNew(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<Deno.FsFile>;
  /** Opens a folder, so that it can be synced. */
  open(path: string): Promise<Deno.FsFile>;
  /** The length of an open file, bytes. */
  size(file: Deno.FsFile): Promise<number>;
  /** Renames a file, replacing any that has the name. */
  rename(from: string, to: string): Promise<void>;
}

/** For a thread that serves: no call blocks it. */
export const SERVING_CALLS: FolderCalls = {
  async writeNew(path, bytes) {
    await Deno.writeFile(path, bytes);
    return await Deno.open(path);
  },
  open: (path) => Deno.open(path),
  size: async (file) => (await file.stat()).size,
  rename: (from, to) => Deno.rename(from, to),
};

/** For a worker: it makes quick calls itself. */
export const WORKER_CALLS: FolderCalls = {
  async writeNew(path, bytes) {
    await Deno.writeFile(path, bytes);
    return Deno.openSync(path);
  },
  open: (path) => atOnce(() => Deno.openSync(path)),
  size: (file) => atOnce(() => file.statSync().size),
  rename: (from, to) => atOnce(() => Deno.renameSync(from, to)),
};

/** What a call returns or throws, as a promise that has settled. */
function atOnce<T>(call: () => T): Promise<T> {
  try {
    return Promise.resolve(call());
  } catch (error) {
    return Promise.reject(error);
  }
}
