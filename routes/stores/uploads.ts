/**
 * Uploads about stores over HTTP: polls, business hours, time zones.
 *
 * @module
 */

import type { Log } from "../../data/log.ts";
import {
  importStores,
  type StoreImportDeps,
  type StoreUploadKind,
} from "../../kv/stores/import.ts";
import { bodyForm } from "../http/body_form.ts";
import type { ImportProgress, RunningImports } from "../imports/running_imports.ts";
import { uploadBytes } from "../http/upload_body.ts";

/** What there is to upload. */
export const STORE_UPLOADS: readonly StoreUploadKind[] = ["status", "hours", "timezones"];

/** What uploads need. */
export interface StoreUploadDeps extends StoreImportDeps {
  /** The uploads that run. */
  readonly imports: RunningImports;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
}

/**
 * Takes an upload to its end; the body of the answer, which tells what came of it.
 *
 * @throws {AppError} UNSUPPORTED_MEDIA_TYPE, INVALID_REQUEST where the header is wrong,
 * MALFORMED_BODY where the upload breaks off or is no gzip.
 */
export async function takeStoreUpload(
  { imports, now, log, ...deps }: StoreUploadDeps,
  kind: StoreUploadKind,
  request: Request,
): Promise<Record<string, unknown>> {
  const { isGzip } = bodyForm(request, ["text/csv"], ["gzip", "identity"]);
  const length = request.headers.get("content-length");
  const progress: ImportProgress = {
    startedMs: now(),
    isDryRun: false,
    totalBytes: length === null ? null : Number(length),
    receivedBytes: 0,
    inserted: 0,
    updated: 0,
    unchanged: 0,
    rejected: 0,
  };
  using _tracked = imports.track(kind, progress);
  const chunks = uploadBytes(request.body, isGzip, (count) => progress.receivedBytes += count);
  try {
    const { counts, rejects, ignored } = await importStores(deps, { kind, chunks, progress });
    const ms = now() - progress.startedMs;
    const perSecond = Math.round(counts.received / Math.max(ms, 1) * 1000);
    log("info", "store import ended", { upload: kind, ...counts, ms, perSecond });
    return { ...counts, rejects, ignored_columns: ignored };
  } catch (error) {
    const { startedMs: _started, isDryRun: _dry, totalBytes: _total, ...told } = progress;
    log("warn", "store import cut short", { upload: kind, ...told, error });
    throw error;
  }
}
