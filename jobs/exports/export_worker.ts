/**
 * What workers do to write an export: they read and decode what is stored (`worker_series.ts`), and encode,
 * compress, hash and write the file.
 *
 * @module
 */

import { ChangedBytes } from "../../data/encoders/file_cut.ts";
import { inlineDeflater } from "../../data/encoders/deflate.ts";
import { openDiskWriter } from "../../data/files/disk_writer.ts";
import type { FileWriter, WriterOptions } from "../../data/files/file_store.ts";
import type { TaskContext } from "../engine/serve_tasks.ts";
import { type Sent, sentError } from "../engine/thread_messages.ts";
import { planExport } from "./export_file.ts";
import { createExportTally } from "./export_tally.ts";
import type { ThreadExport, ThreadOutcome } from "./thread_contract.ts";
import { type Ask, openWorkerSeries } from "./worker_series.ts";
import { type FileParts, writeFile } from "./write_file.ts";

/** After so many pages without an answer, the other thread is asked whether a checkpoint is due. */
const LOOK_PAGES = 16;

/** Writes the file of an export: a `ThreadExport` becomes a `ThreadOutcome`. */
export async function runExport(input: unknown, context: TaskContext): Promise<Sent> {
  // The other thread is of this version, so it sends what the contract says.
  return { value: await writeExport(input as ThreadExport, context) };
}

async function writeExport(
  { spec, profile, cadencesMs, tally: saved, from, name, folder, database }: ThreadExport,
  { signal, ask: send }: TaskContext,
): Promise<ThreadOutcome> {
  const ask: Ask = async (call, value, moves) =>
    await send(call, { value, moves } satisfies Sent) as never;
  const tally = createExportTally(spec, cadencesMs, saved);
  let isCutDue = false, share = 0, pagesSinceAnswer = 0;
  const progress = () => ({ done: tally.rows(), share });
  const onAnswer = (isDue: boolean) => {
    isCutDue = isDue;
    pagesSinceAnswer = 0;
  };
  using series = openWorkerSeries({ ask, signal, database, progress, onAnswer });
  const parts: FileParts = {
    series,
    openWriter: (options) =>
      folder === null ? openAskedWriter(ask, options) : openDiskWriter(folder, name, options),
    deflater: inlineDeflater,
    signal,
    onShare: (reached) => share = reached,
    isCutDue() {
      // The answer comes while the next pages are made.
      if (++pagesSinceAnswer === LOOK_PAGES) void ask("look", progress()).then(onAnswer, () => {});
      return isCutDue;
    },
    async saveCut(cut, kept) {
      await ask("save", { cut, kept });
      // Answers that came meanwhile are from before it was saved.
      isCutDue = false;
    },
    onUnkept: (error) => void ask("unkept", sentError(error)).catch(() => {}),
  };
  try {
    const plan = planExport(spec, profile, cadencesMs);
    const file = await writeFile(parts, { plan, tally, from });
    return file === null ? { kind: "gone" } : { kind: "written", file, tally: tally.save() };
  } catch (error) {
    if (error instanceof ChangedBytes) return { kind: "changed" };
    throw error;
  }
}

/** Shorter chunks are copied: whoever made them may still look at them, or use their memory. */
const MOVED_BYTES = 16_384;

function isMovable({ byteLength, buffer }: Uint8Array): boolean {
  return byteLength >= MOVED_BYTES && byteLength === buffer.byteLength;
}

/** A writer of the other thread. */
async function openAskedWriter(
  ask: Ask,
  { signal, release }: WriterOptions,
): Promise<FileWriter | null> {
  const opened = await ask("open", null);
  if (opened === null) return null;
  let writing: Promise<unknown> = Promise.resolve();

  return {
    name: opened.name,
    async write(chunk) {
      signal.throwIfAborted();
      // Bytes are written while the next ones are made.
      await writing;
      const bytes = isMovable(chunk) ? chunk : chunk.slice();
      writing = ask("write", bytes, [bytes.buffer]);
      // Awaited later. Until then a rejection must not count as unhandled.
      writing.catch(() => {});
      if (bytes !== chunk) release?.(chunk);
    },
    keep: () => ask("keep", null),
    async finish() {
      await writing;
      return await ask("finish", null);
    },
    async close() {
      await ask("close", null);
    },
  };
}
