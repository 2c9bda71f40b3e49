/**
 * Uploads about stores over HTTP: polls, business hours, time zones.
 *
 * @module
 */

import { accountOf } from "../../data/access/account.ts";
import type { Caller } from "../../data/access/caller.ts";
import { AppError, withStored } from "../../data/app_error.ts";
import { REJECTS_LISTED } from "../../data/limits.ts";
import type { Log } from "../../data/log.ts";
import { openUpload } from "../../data/unpack/open_upload.ts";
import {
  importStores,
  type StoreImportDeps,
  type StoreImportResult,
  type StoreUploadKind,
} from "../../kv/stores/import.ts";
import type { ReadingQuotas } from "../../kv/series/quotas.ts";
import { touchOf } from "../access/touch.ts";
import { bodyForm } from "../http/body_form.ts";
import { enterUpload, maxUploadBytes } from "../http/request_body.ts";
import { uploadBytes } from "../http/upload_body.ts";
import type { ImportProgress, RunningImports } from "../imports/running_imports.ts";
import type { StoreUploadBody } from "./schemas.ts";

/** The media types of uploads: CSV, alone or in a ZIP file. */
const UPLOAD_TYPES = ["text/csv", "application/zip", "application/x-zip-compressed"] as const;

/** The kinds of upload. */
export const STORE_UPLOADS: readonly StoreUploadKind[] = ["status", "hours", "timezones"];

/** What uploads need. */
export interface StoreUploadDeps extends StoreImportDeps {
  /** Limits on stored readings, of which a poll is one. */
  readonly quotas: ReadingQuotas;
  /** The running uploads. */
  readonly imports: RunningImports;
  /** The log. */
  readonly log: Log;
}

/**
 * Reads an upload to its end and returns the body of the answer: the result of the import.
 *
 * @throws {AppError} UNSUPPORTED_MEDIA_TYPE, INVALID_REQUEST if the header is wrong, MALFORMED_BODY
 * if the upload breaks off or is not gzip.
 */
export async function importStoreUpload(
  { imports, log, quotas, ...deps }: StoreUploadDeps,
  { kind, caller }: { readonly kind: StoreUploadKind; readonly caller: Caller },
  request: Request,
): Promise<StoreUploadBody> {
  const { now } = deps;
  const { isGzip } = bodyForm(request, UPLOAD_TYPES, ["gzip", "identity"]);
  using _place = enterUpload(request);
  const length = request.headers.get("content-length");
  const progress: ImportProgress = {
    owner: caller.owner,
    startedMs: now(),
    isDryRun: false,
    totalBytes: length === null ? null : Number(length),
    receivedBytes: 0,
    inserted: 0,
    updated: 0,
    unchanged: 0,
    repeated: 0,
    rejected: 0,
  };
  using _running = imports.track(kind, progress);
  const bytes = uploadBytes(request, isGzip, (count) => progress.receivedBytes += count);
  try {
    const opening = { mayBeZip: true, headBytes: 0 };
    const { chunks } = await openUpload(bytes, opening, maxUploadBytes(request));
    const account = { account: accountOf(caller), limits: caller.limits };
    const series = quotas.writersOf(account);
    const result = await importStores({ ...deps, series }, {
      kind,
      chunks,
      progress,
      mayTouch: touchOf(caller, "store"),
    });
    const { counts } = result;
    const without = result.kind === "hours"
      ? { storesWithoutHours: result.withoutHours.length }
      : {};
    const ms = now() - progress.startedMs;
    const perSecond = Math.round(counts.received / Math.max(ms, 1) * 1000);
    log("info", "store import ended", { upload: kind, ...counts, ...without, ms, perSecond });
    return uploadBody(result);
  } catch (error) {
    const { startedMs: _started, isDryRun: _dry, totalBytes: _total, owner: _owner, ...counts } =
      progress;
    log("warn", "store import cut short", { upload: kind, ...counts, error });
    throw kind === "status" && error instanceof AppError ? withPollCounts(error, progress) : error;
  }
}

function uploadBody(result: StoreImportResult): StoreUploadBody {
  const unused = { rejects: [...result.rejects], ignored_columns: [...result.ignored] };
  if (result.kind !== "hours") return { ...result.counts, ...unused };
  const { counts, withoutHours } = result;
  return {
    ...counts,
    stores_without_hours: withoutHours.slice(0, REJECTS_LISTED),
    stores_without_hours_count: withoutHours.length,
    ...unused,
  };
}

/** The error with the counts of the polls that are stored, if any rows were handled. */
function withPollCounts(error: AppError, progress: ImportProgress): AppError {
  const { inserted, updated, unchanged, rejected } = progress;
  const received = inserted + updated + unchanged + rejected;
  if (received === 0) return error;
  return withStored(error, { received, inserted, updated, unchanged, rejected });
}
