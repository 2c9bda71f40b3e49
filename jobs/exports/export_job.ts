/**
 * The kinds of jobs that write exports.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { ChangedBytes } from "../../data/encoders/file_cut.ts";
import { exportFileName, isArchive } from "../../data/exports/file_name.ts";
import { contentTypeOf } from "../../data/exports/file_type.ts";
import { exportProfile } from "../../data/exports/outputs.ts";
import { FILLED_MAX_ROWS, REQUEST_WITH_GAPS_MAX_BYTES } from "../../data/exports/limits.ts";
import type { FileGap } from "../../data/encoders/encoder.ts";
import type { ExportSpec } from "../../data/exports/spec.ts";
import { gapsCsv } from "../../data/exports/gaps_csv.ts";
import { type FileStore, KeptFileLost, type WrittenFile } from "../../data/files/file_store.ts";
import type { Profile } from "../../data/readings/profile.ts";
import type { ProfileStore } from "../../kv/profiles/profiles.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import type { Deflaters } from "../engine/deflaters.ts";
import { type JobContext, type JobKind, type JobOutcome, sideName } from "../engine/job_kind.ts";
import type { Threads } from "../engine/threads.ts";
import { limitLarge } from "./large_exports.ts";
import { EXPORT, type ExportResult, exportSpecOf, GAPS_FILE } from "./export_contract.ts";
import { type ExportCheckpoint, makerOf, usableCheckpoint } from "./export_checkpoint.ts";
import { type ExportPlan, planExport } from "./export_file.ts";
import { needsCadence } from "./export_rows.ts";
import { createExportTally, type ExportTally } from "./export_tally.ts";
import { METER_EXPORT } from "./meter_export_contract.ts";
import { sampleCadence } from "../../kv/series/sampled_cadence.ts";
import { wideSamples } from "./wide_rows.ts";
import { type ReadyExport, writeExport, type WrittenExport } from "./write_export.ts";

/** The most gaps that the record of a job lists. */
const GAPS_LISTED = 100;
/** Of how many sources something is asked at once. */
const SOURCES_AT_ONCE = 8;

/** What an export needs. */
export interface ExportJobDeps {
  /** The store of readings. */
  readonly series: Pick<SeriesStore, "describe" | "read" | "readPacked" | "revision" | "lives">;
  /** The database. */
  readonly kv: Pick<Deno.Kv, "getMany">;
  /** Its path, if it is a file that a worker can read; null or absent if it is not. */
  readonly databasePath?: string | null;
  /** The profiles. */
  readonly profiles: Pick<ProfileStore, "current">;
  /** The store of artifacts. */
  readonly files: Pick<FileStore, "folder" | "write" | "openWriter" | "discard" | "remove">;
  /** Open what compresses files. */
  readonly deflaters: Deflaters;
  /** Workers that write long exports; none by default. */
  readonly threads?: Threads;
  /** The version of the service, which the record of an export names. */
  readonly version: string;
}

/**
 * The kinds: one for exports, one for those that version 0.6 stored. A run fails with
 * SMART_METER_NOT_FOUND, DEVICE_NOT_FOUND or with an error of the file store.
 */
export function exportKinds(all: ExportJobDeps): JobKind[] {
  const deps = { ...all, threads: all.threads && limitLarge(all.threads) };
  return [METER_EXPORT, EXPORT].map((name) => ({
    name,
    failure: {
      code: "EXPORT_FAILED",
      message: "The export could not be completed",
      details: "An unexpected error occurred; the log of the service names the cause",
    },
    run: (context) => runExport(deps, context),
  }));
}

async function runExport(deps: ExportJobDeps, context: JobContext): Promise<JobOutcome> {
  const spec = exportSpecOf(context.params);
  const profile = await profileOf(deps, spec);
  await requireSource(deps, spec, profile);
  try {
    return await exportFile(deps, context, { spec, profile });
  } catch (error) {
    const isRemoved = error instanceof AppError && error.code === "SERIES_REMOVED";
    throw isRemoved ? notFound(spec) : error;
  }
}

async function exportFile(
  deps: ExportJobDeps,
  context: JobContext,
  { spec, profile }: { spec: ExportSpec; profile: Profile },
): Promise<JobOutcome> {
  const { files, version } = deps;
  const { made: { revision }, tally, file } = await goOn(deps, context, { spec, profile }) ??
    await begin(deps, context, { spec, profile });
  const gaps = isArchive(spec) ? null : tally.gaps();
  const gapsFile = gaps === null
    ? null
    : await writeGaps(files, context, { name: file.name, gaps });
  return {
    artifact: {
      filename: exportFileName(spec),
      contentType: contentTypeOf(spec),
      ...file,
      ...(gapsFile === null ? {} : { sides: [GAPS_FILE], sidesBytes: gapsFile.sizeBytes }),
    },
    result: resultOf(tally, {
      revision,
      version,
      gapsFile,
      listed: listedGaps(tally, context.params),
    }),
  };
}

/** What was written. */
type Written = WrittenExport & Pick<ReadyExport, "made">;

/** Writes the rest of a file that an earlier run has begun. Null if it must begin anew. */
async function goOn(
  deps: ExportJobDeps,
  context: JobContext,
  { spec, profile }: { spec: ExportSpec; profile: Profile },
): Promise<Written | null> {
  const { checkpoints, jobId, log } = context;
  const stored = await checkpoints.last();
  if (stored === null) return null;
  const maker = makerOf(deps.version, profile);
  const from = await usableCheckpoint(stored, deps.series, { spec, maker });
  const written = from && await writeRest(deps, context, { spec, profile, from });
  if (written === null) {
    log("info", "export begins anew", { jobId });
    checkpoints.drop();
  }
  return written;
}

async function writeRest(
  deps: ExportJobDeps,
  context: JobContext,
  { spec, profile, from }: { spec: ExportSpec; profile: Profile; from: ExportCheckpoint },
): Promise<Written | null> {
  const { made, revision, cadencesMs, place } = from;
  const plan = planExport(spec, profile, cadencesMs);
  const tally = createExportTally(spec, cadencesMs, place.before.tally);
  const ready = { plan, tally, made: { made, revision }, from };
  const { sizeBytes } = from.kept;
  context.log("info", "export goes on", { jobId: context.jobId, rows: tally.rows(), sizeBytes });
  try {
    const written = await writeExport(deps, context, ready);
    return written && { ...written, made: ready.made };
  } catch (error) {
    if (error instanceof ChangedBytes || error instanceof KeptFileLost) return null;
    throw error;
  }
}

async function begin(
  deps: ExportJobDeps,
  context: JobContext,
  { spec, profile }: { spec: ExportSpec; profile: Profile },
): Promise<Written> {
  const { signal } = context;
  const revision = await revisionOf(deps, spec, signal);
  const plan = await cadencedPlan(deps, { spec, profile, signal });
  requireFillable(plan);
  const tally = createExportTally(spec, plan.cadencesMs);
  const made = { made: makerOf(deps.version, profile), revision };
  const ready = { plan, tally, made, from: null };
  const written = await writeExport(deps, context, ready);
  if (written === null) throw new TypeError("Cannot write an export as its file does not begin");
  return { ...written, made };
}

/**
 * Writes the list of gaps. If that fails, the file that it goes with is removed as well, unless the run has
 * been aborted: another one may have taken the file over.
 */
async function writeGaps(
  files: ExportJobDeps["files"],
  { signal }: JobContext,
  { name, gaps }: { name: string; gaps: readonly FileGap[] },
): Promise<WrittenFile> {
  try {
    const bytes = ReadableStream.from(gapsCsv(gaps));
    return await files.write(sideName(name, GAPS_FILE), bytes, signal);
  } catch (error) {
    if (!signal.aborted) await files.remove(name).catch(() => {});
    throw error;
  }
}

async function profileOf({ profiles }: ExportJobDeps, spec: ExportSpec): Promise<Profile> {
  const profile = await profiles.current(spec.profile);
  if (profile !== undefined) return exportProfile(profile, spec.sourceKind);
  throw new AppError("EXPORT_FAILED", `The profile '${spec.profile}' is not there any more`);
}

/** A plan with how often each source measures, if its rows depend on it. */
async function cadencedPlan(
  { series }: ExportJobDeps,
  { spec, profile, signal }: { spec: ExportSpec; profile: Profile; signal: AbortSignal },
): Promise<ExportPlan> {
  const plan = planExport(spec, profile, spec.ids.map(() => null));
  const { fromMs, toMs, ids } = spec;
  const sampled = needsCadence(spec, plan.outputs) ? ids.length : wideSamples(spec);
  const cadencesMs = await ofEach(ids.slice(0, sampled), signal, (id) => {
    const ref = { profile: profile.name, id };
    return sampleCadence(series, ref, { fromMs, toMs, signal });
  });
  return { ...plan, cadencesMs: [...cadencesMs, ...plan.cadencesMs.slice(sampled)] };
}

/** Refuses rows for gaps of raw readings that would fill the disk: a source may measure every ms. */
function requireFillable({ spec, cadencesMs }: ExportPlan): void {
  const { fromMs, toMs, interval, gaps, layout } = spec;
  if (gaps !== "null" || interval !== "raw") return;
  const counts = cadencesMs.map((cadenceMs) =>
    cadenceMs === null ? 0 : Math.ceil((toMs - fromMs) / cadenceMs)
  );
  const rows = layout === "wide"
    ? Math.max(...counts)
    : counts.reduce((sum, count) => sum + count, 0);
  if (rows <= FILLED_MAX_ROWS) return;
  throw new AppError(
    "EXPORT_FAILED",
    `The file would have ${rows} rows, most of them for gaps; the most is ${FILLED_MAX_ROWS}`,
    { details: "Ask for gaps=report, for an interval such as 1m, or for a shorter range" },
  );
}

/** The sum of the revisions of all sources: it grows whenever readings of one of them change. */
async function revisionOf(
  { series }: ExportJobDeps,
  { ids, profile }: ExportSpec,
  signal: AbortSignal,
): Promise<number> {
  const revisions = await ofEach(ids, signal, (id) => series.revision({ profile, id }));
  return revisions.reduce((sum, revision) => sum + revision, 0);
}

/** What is asked of each source, a few at a time: over a network each takes some round trips. */
async function ofEach<T>(
  ids: readonly string[],
  signal: AbortSignal,
  ask: (id: string) => Promise<T>,
): Promise<T[]> {
  const answers: T[] = [];
  while (answers.length < ids.length) {
    signal.throwIfAborted();
    const next = ids.slice(answers.length, answers.length + SOURCES_AT_ONCE);
    answers.push(...await Promise.all(next.map(ask)));
  }
  return answers;
}

/** One source with readings is enough: the others have no rows. */
async function requireSource(
  { series }: ExportJobDeps,
  spec: ExportSpec,
  { name }: Profile,
): Promise<void> {
  for (const id of spec.ids) {
    if (await series.describe({ profile: name, id }) !== null) return;
  }
  throw notFound(spec);
}

function notFound({ sourceKind, ids: [id] }: ExportSpec): AppError {
  return sourceKind === "meter"
    ? new AppError("SMART_METER_NOT_FOUND", `Smart meter with ID '${id}' not found`, {
      details: "The specified smart meter does not exist in the system",
    })
    : new AppError("DEVICE_NOT_FOUND", `Device with ID '${id}' not found`, {
      details: "The specified device has no readings",
    });
}

/** The first gaps, as many as the record of a job has room for besides the request. */
function listedGaps(tally: ExportTally, params: unknown): FileGap[] {
  let room = REQUEST_WITH_GAPS_MAX_BYTES - JSON.stringify(params).length;
  const listed: FileGap[] = [];
  for (const gap of (tally.gaps() ?? []).slice(0, GAPS_LISTED)) {
    room -= JSON.stringify(gap).length;
    if (room < 0) break;
    listed.push(gap);
  }
  return listed;
}

function resultOf(
  tally: ExportTally,
  { revision, version, gapsFile, listed }: {
    revision: number;
    version: string;
    gapsFile: WrittenFile | null;
    listed: FileGap[];
  },
): ExportResult {
  const { rows, readings, firstMs, lastMs, missingIntervals, gaps } = tally.counts();
  return {
    recordCount: rows,
    missingIntervals,
    readings,
    firstMs,
    lastMs,
    revision,
    version,
    gaps: gaps === null ? null : { ...gaps, listed, file: gapsFile },
  };
}
