/**
 * Creating an export from a body, and the answer to it.
 *
 * @module
 */

import type { Context } from "hono";
import type { Caller } from "../../data/access/caller.ts";
import type { FieldError } from "../../data/app_error.ts";
import { REQUEST_MAX_BYTES, XLSX_MAX_ROWS } from "../../data/exports/limits.ts";
import { createRefusals } from "../../data/exports/rules.ts";
import type { ExportSpec } from "../../data/exports/spec.ts";
import type { DeliveryAbilities } from "../../data/delivery_settings.ts";
import type { JobTargets } from "../../data/notify/targets.ts";
import type { Profile } from "../../data/readings/profile.ts";
import type { JobRecord, Jobs } from "../../jobs/engine/jobs.ts";
import {
  EXPORT,
  type ExportParams,
  exportParamsOf,
  isSameExport,
} from "../../jobs/exports/export_contract.ts";
import type { WebhookStore } from "../../kv/webhooks/webhooks.ts";
import type { ProfileStore } from "../../kv/profiles/profiles.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import type { ExportPreviewer } from "../../jobs/exports/preview_contract.ts";
import { invalidRequest } from "../http/problem.ts";
import { readIdempotencyKey } from "../http/idempotency_key.ts";
import { askerOf } from "../jobs/asker.ts";
import { nameApplied, waitAsPreferred } from "../jobs/preferred_wait.ts";
import {
  draftTargets,
  findWrongTargets,
  type ReadRequest,
  rightRequest,
} from "../notify/targets.ts";
import { readExportRequest } from "./parse_request.ts";
import type { ExportAccepted } from "./schemas.ts";
import { createFindProfile } from "./sources.ts";
import { exportStatus } from "./status.ts";

/** How many seconds a client should wait before it reads the status again. */
export const RETRY_AFTER_SECONDS = 1;
/** How many sources without readings the warnings name. */
const WARNINGS_MAX = 10;

/** What creation needs. */
export interface CreateDeps {
  /** The jobs. */
  readonly jobs: Pick<Jobs, "create" | "waitForEnd">;
  /** The database, for the profiles of devices and for deliveries. */
  readonly kv: Pick<Deno.Kv, "list" | "get">;
  /** The profiles. */
  readonly profiles: Pick<ProfileStore, "current">;
  /** The readings. */
  readonly series: Pick<SeriesStore, "describe">;
  /** Estimates how large exports are. */
  readonly previewer: ExportPreviewer;
  /** What can be delivered to. */
  readonly abilities: DeliveryAbilities;
  /** The webhooks. */
  readonly webhooks: Pick<WebhookStore, "get">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** An export that may be created. */
export interface AskedExport {
  /** What it exports. */
  readonly spec: ExportSpec;
  /** The same as it is stored. */
  readonly params: ExportParams;
  /** Who hears of its end, and where the file goes. */
  readonly targets?: JobTargets;
}

/**
 * The export that a body asks for.
 *
 * @throws {AppError} INVALID_REQUEST with everything that is wrong; DELIVERY_NOT_CONFIGURED if a setting
 * is missing.
 */
export async function askedExport(
  deps: Omit<CreateDeps, "jobs" | "series">,
  caller: Caller,
  body: unknown,
): Promise<AskedExport> {
  return rightRequest(await readAskedExport(deps, caller, body));
}

/** The export that a body asks for, with everything that is wrong. */
export async function readAskedExport(
  deps: Omit<CreateDeps, "jobs" | "series">,
  caller: Caller,
  body: unknown,
): Promise<ReadRequest<AskedExport>> {
  const read = await readExportRequest(body, {
    nowMs: deps.now(),
    findProfile: createFindProfile(deps, caller),
  });
  const wrong = await findWrongTargets(deps, caller, draftTargets(body));
  const large = read.sized === null ? [] : await sizeErrors(deps.previewer, read.sized);
  const errors = [...read.errors, ...wrong.errors, ...large];
  const { missing } = wrong;
  if (read.asked === null || errors.length > 0) return { asked: null, errors, missing };
  const { spec, targets } = read.asked;
  const params = exportParamsOf(spec);
  return {
    asked: { spec, params, ...(targets === undefined ? {} : { targets }) },
    errors: lengthErrors({ ...params, ...targets }),
    missing,
  };
}

/** Creates the export that a body asks for. */
export async function createExport(
  c: Context,
  deps: CreateDeps,
  { body, statusPath }: { body: unknown; statusPath: string },
): Promise<Response> {
  const { spec, params, targets } = await askedExport(deps, c.get("caller"), body);
  const slot = readIdempotencyKey(c.req.header("idempotency-key"));
  const warnings = await warningsOf(deps.series, spec);
  const job = await deps.jobs.create({
    kind: EXPORT,
    params,
    ...askerOf(c),
    slot,
    ...(targets === undefined ? {} : { targets }),
    isSame: (stored) => isSameExport(stored, params),
  });
  return await answerCreated(c, deps, { job, warnings, statusPath });
}

/**
 * Refuses a request that is too long for the record of a job.
 *
 * @throws {AppError} INVALID_REQUEST.
 */
export function requireShort(params: ExportParams & JobTargets): void {
  const errors = lengthErrors(params);
  if (errors.length > 0) throw invalidRequest(errors);
}

function lengthErrors(params: ExportParams & JobTargets): FieldError[] {
  const sizeBytes = JSON.stringify(params).length;
  if (sizeBytes <= REQUEST_MAX_BYTES) return [];
  const detail =
    `The request must be at most ${REQUEST_MAX_BYTES} bytes in the record of its job, ` +
    `where it has ${sizeBytes}: name fewer sources or columns in one export`;
  return [{ pointer: "", detail }];
}

/** Refuses a workbook with more rows than spreadsheets open. */
async function sizeErrors(
  previewer: ExportPreviewer,
  { spec, profile }: { spec: ExportSpec; profile: Profile },
): Promise<FieldError[]> {
  if (spec.format !== "xlsx") return [];
  const { rows } = await previewer.estimate(spec, profile);
  const files = spec.layout === "per_source" ? spec.ids.length : 1;
  if (rows / files <= XLSX_MAX_ROWS) return [];
  const { errors, refuse } = createRefusals();
  refuse(
    "format",
    spec.format,
    `must be parquet or csv for about ${rows} rows, as xlsx has at most ${XLSX_MAX_ROWS}; or name a ` +
      "longer interval",
  );
  return errors;
}

/** Reasons why an export may fail. The job decides: readings may arrive before it runs. */
export async function warningsOf(
  series: CreateDeps["series"],
  { profile, sourceKind, ids }: Pick<ExportSpec, "profile" | "sourceKind" | "ids">,
): Promise<string[]> {
  const warnings: string[] = [];
  for (const id of ids) {
    if (await series.describe({ profile, id }) !== null) continue;
    const who = sourceKind === "meter" ? "Smart meter" : "Device";
    if (warnings.length === WARNINGS_MAX) return [...warnings, "More sources have no readings"];
    warnings.push(`${who} '${id}' has no readings`);
  }
  return warnings;
}

/** Answers a request that created a job, after the wait that it prefers. */
export async function answerCreated(
  c: Context,
  { jobs, now }: CreateDeps,
  { job, warnings, statusPath }: { job: JobRecord; warnings: string[]; statusPath: string },
): Promise<Response> {
  const { job: waitedJob, preferences } = await waitAsPreferred(c, jobs, job);
  const isWaited = preferences.waitSeconds !== null;
  const { job_id, status, message, ...rest }: ExportAccepted = isWaited
    ? exportStatus(waitedJob ?? job, now())
    : { job_id: job.id, status: "pending", message: "Export job created successfully" };
  const isAsync = preferences.isAsync && status === "pending";
  c.header("location", statusPath + job.id);
  nameApplied(c, { ...preferences, isAsync });
  if (isAsync || (isWaited && status === "pending")) {
    c.header("retry-after", String(RETRY_AFTER_SECONDS));
  }
  const answer: ExportAccepted = {
    job_id,
    status,
    message,
    ...(warnings.length === 0 ? {} : { warnings }),
    ...rest,
  };
  return c.json(answer, isAsync ? 202 : 200);
}
