/**
 * Writes the file of an export, from its beginning or from its checkpoint, and saves checkpoints.
 *
 * A worker does it if it is worth that (`write_in_thread.ts`), else this thread.
 *
 * @module
 */

import { DAY_MS } from "../../data/limits.ts";
import type { FileStore } from "../../data/files/file_store.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import type { Deflaters } from "../engine/deflaters.ts";
import type { JobContext } from "../engine/job_kind.ts";
import type { Threads } from "../engine/threads.ts";
import { createCutSaver } from "./cut_saver.ts";
import type { ExportCheckpoint } from "./export_checkpoint.ts";
import type { ExportPlan } from "./export_file.ts";
import type { ExportTally } from "./export_tally.ts";
import { type NamedFile, writeFile } from "./write_file.ts";
import { writeInThread } from "./write_in_thread.ts";

/** What writing needs. */
export interface WriteExportDeps {
  /** The readings. */
  readonly series: Pick<SeriesStore, "read" | "readPacked" | "lives">;
  /** The database. */
  readonly kv: Pick<Deno.Kv, "getMany">;
  /** Its path, if it is a file that a worker can read; null or absent if it is not. */
  readonly databasePath?: string | null;
  /** Where the file goes. */
  readonly files: Pick<FileStore, "openWriter" | "folder" | "discard">;
  /** Open what compresses. */
  readonly deflaters: Deflaters;
  /** Workers that write files; none by default. */
  readonly threads?: Threads;
}

/** An export that is ready to be written. */
export interface ReadyExport {
  /** What is written. */
  readonly plan: ExportPlan;
  /** Counts the rows; of what is written already as well. */
  readonly tally: ExportTally;
  /** What a checkpoint says besides the place and the file. */
  readonly made: Pick<ExportCheckpoint, "made" | "revision">;
  /** From where it goes on; null for its beginning. */
  readonly from: ExportCheckpoint | null;
}

/** A file, and what was counted. */
export interface WrittenExport {
  /** The file. */
  readonly file: NamedFile;
  /** The counts of all rows. */
  readonly tally: ExportTally;
}

/** Exports of fewer days of sources are written sooner than a worker is asked: about 10 ms of work. */
const THREAD_MIN_DAYS = 8;

/** Writes the file. Null if what a checkpoint has kept of it is not there any more. */
export async function writeExport(
  deps: WriteExportDeps,
  context: JobContext,
  ready: ReadyExport,
): Promise<WrittenExport | null> {
  const saver = createCutSaver(deps.series, context, ready);
  const { threads } = deps;
  if (threads !== undefined && isForThread(ready.plan)) {
    const written = await writeInThread({ ...deps, threads }, context, { ...ready, saver });
    if (written !== "no threads") return written;
  }
  const { plan, tally, from } = ready;
  const { signal } = context;
  using deflater = deps.deflaters.open();
  const file = await writeFile({
    series: deps.series,
    openWriter: (options) => deps.files.openWriter(context.artifactName, options),
    deflater,
    signal,
    onShare: (share) => context.progress({ done: tally.rows(), share }),
    isCutDue: () => context.checkpoints.isDue(),
    saveCut: saver.save,
    onUnkept: saver.warn,
  }, { plan, tally, from });
  return file && { file, tally };
}

function isForThread({ spec: { ids, fromMs, toMs } }: ExportPlan): boolean {
  return (toMs - fromMs) / DAY_MS * ids.length >= THREAD_MIN_DAYS;
}
