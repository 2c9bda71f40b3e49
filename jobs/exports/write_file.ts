/**
 * Writes the file of an export with the parts that a thread has: this one or a worker.
 *
 * @module
 */

import { createChunkMemory } from "../../data/encoders/chunk_memory.ts";
import type { Deflater } from "../../data/encoders/deflate.ts";
import type {
  FileWriter,
  KeptFile,
  WriterOptions,
  WrittenFile,
} from "../../data/files/file_store.ts";
import { untilAborted } from "../../data/files/until_aborted.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import {
  exportBytes,
  type ExportCut,
  exportPieces,
  type ExportPlace,
  type ExportPlan,
  hasCuts,
  type RowsBefore,
  type RowsPlace,
} from "./export_file.ts";
import type { ExportTally } from "./export_tally.ts";

/** What writing needs. */
export interface FileParts {
  /** The readings. */
  readonly series: Pick<SeriesStore, "read">;
  /** Opens the file. Null if what was kept of it is not there any more. */
  openWriter(options: WriterOptions): Promise<FileWriter | null>;
  /** Compresses. */
  readonly deflater: Deflater;
  /** Aborts the writing. */
  readonly signal: AbortSignal;
  /** Called with the share of the work that is done, 0 to 1. */
  onShare(share: number): void;
  /** Whether a cut should be saved now. */
  isCutDue(): boolean;
  /** Saves a cut whose file is kept. Never rejects. */
  saveCut(cut: ExportCut, kept: KeptFile): Promise<void>;
  /** Called if the file could not be kept. */
  onUnkept(error: unknown): void;
}

/** What is written. */
export interface FileToWrite {
  /** The export. */
  readonly plan: ExportPlan;
  /** Counts the rows; of what is written already as well. */
  readonly tally: ExportTally;
  /** From where it goes on; null for its beginning. */
  readonly from: { readonly place: ExportPlace; readonly kept: KeptFile } | null;
}

/** A written file and its name. */
export interface NamedFile extends WrittenFile {
  /** The name in the store. */
  readonly name: string;
}

/**
 * Writes the file. Null if what was kept of it is not there any more.
 *
 * @throws {ChangedBytes} if rows have changed whose bytes are written already.
 */
export async function writeFile(
  parts: FileParts,
  { plan, tally, from }: FileToWrite,
): Promise<NamedFile | null> {
  const { series, signal, deflater, onShare } = parts;
  const memory = createChunkMemory();
  const writer = await parts.openWriter({ signal, release: memory.release, kept: from?.kept });
  if (writer === null) return null;
  const rows = { series, signal, deflater, memory };
  const keeper = createKeeper(parts, { tally, writer });
  const pieces: AsyncIterable<Uint8Array<ArrayBuffer> | ExportCut> = hasCuts(plan.spec)
    ? exportPieces(rows, plan, {
      tally,
      onShare,
      nextCut: keeper.nextCut,
      after: from?.place ?? null,
    })
    : exportBytes(rows, plan, { tally, onShare });
  const body = ReadableStream.from(pieces);
  try {
    for await (const piece of untilAborted(body, signal)) {
      if (piece instanceof Uint8Array) await writer.write(piece);
      else keeper.onCut(piece);
    }
    await keeper.ended();
    return { name: writer.name, ...await writer.finish() };
  } catch (error) {
    await body.cancel(error).catch(() => {});
    throw error;
  } finally {
    await keeper.ended();
    await writer.close();
  }
}

/** Keeps a file at its cuts while it is written. */
interface Keeper {
  /** What to say about a cut at a place; null if none is wanted. */
  nextCut(place: RowsPlace): RowsBefore | null;
  /** Everything before the cut has been passed to the writer, and nothing else. */
  onCut(cut: ExportCut): void;
  /** Settles when nothing is being saved. Never rejects. */
  ended(): Promise<void>;
}

function createKeeper(
  { isCutDue, saveCut, onUnkept }: FileParts,
  { tally, writer }: { tally: ExportTally; writer: FileWriter },
): Keeper {
  let saving = Promise.resolve();
  /** Whether a cut is on its way, or none can be used. */
  let isBusy = false;

  async function keep(cut: ExportCut): Promise<void> {
    // A writer that fails once keeps nothing more, so no further cut can be used.
    const kept = await writer.keep();
    if (kept === null) return;
    await saveCut(cut, kept);
    isBusy = false;
  }

  return {
    nextCut(place) {
      if (isBusy || !isCutDue()) return null;
      isBusy = true;
      return { place, tally: tally.save() };
    },
    onCut(cut) {
      saving = keep(cut).catch(onUnkept);
    },
    ended: () => saving,
  };
}
