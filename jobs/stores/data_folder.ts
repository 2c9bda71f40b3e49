/**
 * Loading the files of stores from a folder, once at start, if they changed since they were last
 * loaded. The service runs meanwhile, and a file that is missing or wrong does not stop it.
 *
 * A file counts as loaded once it has been read to its end without changing. A file that a stop or a
 * dead process cut short is loaded again at the next start, which completes it.
 *
 * @module
 */

import { fileVersion, readFileBytes } from "../../data/files/source_file.ts";
import type { Log } from "../../data/log.ts";
import { getLoadedFile, setLoadedFile } from "../../kv/stores/loaded_files.ts";
import {
  importStores,
  type StoreImportDeps,
  type StoreUploadKind,
} from "../../kv/stores/import.ts";

/** The files, in the order in which they are loaded. */
const FILES: readonly { readonly kind: StoreUploadKind; readonly name: string }[] = [
  { kind: "timezones", name: "timezones.csv" },
  { kind: "hours", name: "menu_hours.csv" },
  { kind: "status", name: "store_status.csv" },
];
/** How many rejected rows the log lists. The rest are only counted. */
const REJECTS_LOGGED = 10;

/** What loading needs. */
export interface StoreDataDeps extends StoreImportDeps {
  /** The database. */
  readonly kv: StoreImportDeps["kv"] & Pick<Deno.Kv, "get" | "set">;
  /** The folder of the files. */
  readonly folder: string;
  /** The log. */
  readonly log: Log;
}

/** Starts to load. Stopping waits for writes that have begun. */
export function startStoreData(deps: StoreDataDeps): { stop(): Promise<void> } {
  const controller = new AbortController();
  const loading = loadStoreData(deps, controller.signal);
  return {
    async stop() {
      controller.abort();
      await loading;
    },
  };
}

/** Loads the files that changed, one after another. An error in one of them is logged. */
export async function loadStoreData(deps: StoreDataDeps, signal: AbortSignal): Promise<void> {
  for (const { kind, name } of FILES) {
    const path = `${deps.folder}/${name}`;
    try {
      await loadFile(deps, { kind, name, path }, signal);
    } catch (error) {
      if (signal.aborted) return;
      deps.log("error", "store file not loaded", { path, error });
    }
  }
}

async function loadFile(
  { kv, log, ...deps }: StoreDataDeps,
  { kind, name, path }: { kind: StoreUploadKind; name: string; path: string },
  signal: AbortSignal,
): Promise<void> {
  const before = await fileVersion(path);
  if (before === null) return log("warn", "store file missing", { path });
  const { sizeBytes, modifiedMs } = before;
  const loaded = await getLoadedFile(kv, name);
  const isLoaded = loaded !== null && loaded.path === path && loaded.sizeBytes === sizeBytes &&
    loaded.modifiedMs === modifiedMs;
  if (isLoaded) return log("info", "store file unchanged", { path });
  const startedMs = deps.now();
  const progress = { inserted: 0, updated: 0, unchanged: 0, repeated: 0, rejected: 0 };
  const chunks = readFileBytes(path, signal);
  const result = await importStores({ ...deps, kv }, { kind, chunks, progress });
  const { counts, rejects } = result;
  log(counts.rejected > 0 ? "warn" : "info", "store file loaded", {
    path,
    ...counts,
    ...(result.kind === "hours" ? { storesWithoutHours: result.withoutHours.length } : {}),
    rejects: rejects.slice(0, REJECTS_LOGGED),
    ms: deps.now() - startedMs,
  });
  const after = await fileVersion(path);
  const isSame = after?.sizeBytes === sizeBytes && after.modifiedMs === modifiedMs;
  if (isSame && modifiedMs !== null) await setLoadedFile(kv, name, { path, sizeBytes, modifiedMs });
}
