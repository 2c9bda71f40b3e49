/**
 * Writes the file of an export, from its beginning or from its checkpoint, and saves checkpoints.
 *
 * @module
 */

import { createChunkMemory } from "../../data/encoders/chunk_memory.ts";
import type { FileStore, FileWriter, KeptFile, WrittenFile } from "../../data/files/file_store.ts";
import { untilAborted } from "../../data/files/until_aborted.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import type { Deflaters } from "../engine/deflaters.ts";
import type { JobContext } from "../engine/job_kind.ts";
import { type ExportCheckpoint, livesSoFar } from "./export_checkpoint.ts";
import {
  exportBytes,
  type ExportCut,
  exportPieces,
  type ExportPlan,
  hasCuts,
  type RowsBefore,
  type RowsPlace,
} from "./export_file.ts";
import type { ExportTally } from "./export_tally.ts";

/** What writing needs. */
export interface WriteExportDeps {
  /** The readings. */
  readonly series: Pick<SeriesStore, "read" | "lives">;
  /** Where the file goes. */
  readonly files: Pick<FileStore, "openWriter">;
  /** Open what compresses. */
  readonly deflaters: Deflaters;
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

/** A written file and its name. */
export interface NamedFile extends WrittenFile {
  /** The name in the store. */
  readonly name: string;
}

/** Writes the file. Null if what a checkpoint has kept of it is not there any more. */
export async function writeExport(
  deps: WriteExportDeps,
  context: JobContext,
  ready: ReadyExport,
): Promise<NamedFile | null> {
  const { signal } = context;
  const memory = createChunkMemory();
  using deflater = deps.deflaters.open();
  const writer = await deps.files.openWriter(context.artifactName, {
    signal,
    release: memory.release,
    kept: ready.from?.kept,
  });
  if (writer === null) return null;
  const { plan, tally } = ready;
  const rows = { series: deps.series, signal, deflater, memory };
  const onShare = (share: number) => context.progress({ done: tally.rows(), share });
  const saver = createSaver(deps, context, { ...ready, writer });
  const pieces: AsyncIterable<Uint8Array<ArrayBuffer> | ExportCut> = hasCuts(plan.spec)
    ? exportPieces(rows, plan, {
      tally,
      onShare,
      nextCut: saver.nextCut,
      after: ready.from?.place ?? null,
    })
    : exportBytes(rows, plan, { tally, onShare });
  const body = ReadableStream.from(pieces);
  try {
    for await (const piece of untilAborted(body, signal)) {
      if (piece instanceof Uint8Array) await writer.write(piece);
      else saver.onCut(piece);
    }
    await saver.ended();
    return { name: writer.name, ...await writer.finish() };
  } catch (error) {
    await body.cancel(error).catch(() => {});
    throw error;
  } finally {
    await saver.ended();
    await writer.close();
  }
}

/** Saves checkpoints of a file while it is written. */
interface Saver {
  /** What to say about a cut at a place; null if none is wanted. */
  nextCut(place: RowsPlace): RowsBefore | null;
  /** Everything before the cut has been passed to the writer, and nothing else. */
  onCut(cut: ExportCut): void;
  /** Settles when nothing is being saved. Never rejects. */
  ended(): Promise<void>;
}

function createSaver(
  { series }: Pick<WriteExportDeps, "series">,
  { checkpoints, jobId, log }: JobContext,
  { plan, tally, made, writer }: ReadyExport & { writer: FileWriter },
): Saver {
  const { spec, cadencesMs } = plan;
  let saving = Promise.resolve();
  /** Whether a cut is on its way, or none can be used. */
  let isBusy = false;
  let isKnownTooLong = false;

  // Without a checkpoint the next run only has more to do.
  const warn = (error: unknown) => log("warn", "checkpoint not saved", { jobId, error });

  async function keep(cut: ExportCut): Promise<void> {
    // A writer that fails once keeps nothing more, so no further cut can be used.
    const kept = await writer.keep();
    if (kept === null) return;
    await save(cut, kept).catch((error) => {
      checkpoints.postpone();
      warn(error);
    });
    isBusy = false;
  }

  async function save(cut: ExportCut, kept: KeptFile): Promise<void> {
    const { place } = cut.state;
    const state: ExportCheckpoint = {
      v: 1,
      ...made,
      cadencesMs: [...cadencesMs],
      lives: await livesSoFar(series, spec, place.source),
      place: "packed" in cut
        ? {
          before: cut.state,
          sizeBytes: cut.before.sizeBytes,
          gzip: { before: cut.before, packed: cut.packed },
        }
        : { before: cut.state, sizeBytes: cut.sizeBytes, gzip: null },
      kept,
    };
    if (checkpoints.save({ state, file: kept.name }) || isKnownTooLong) return;
    isKnownTooLong = true;
    warn(new Error("Cannot save the checkpoint as it is too long to be stored"));
  }

  return {
    nextCut(place) {
      if (isBusy || !checkpoints.isDue()) return null;
      isBusy = true;
      return { place, tally: tally.save() };
    },
    onCut(cut) {
      saving = keep(cut).catch(warn);
    },
    ended: () => saving,
  };
}
