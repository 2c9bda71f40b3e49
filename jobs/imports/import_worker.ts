/**
 * What workers do to read an upload: they unpack and parse what the other thread receives, and hand back
 * pages.
 *
 * @module
 */

import { freeMemory } from "../../data/encoders/chunk_memory.ts";
import {
  type CountedReader,
  type NotesChange,
  watchNotes,
} from "../../data/imports/notes_change.ts";
import { packBatches } from "../../data/imports/packed_batches.ts";
import { type PackedUpload, readUpload } from "../../data/meter_files/read_upload.ts";
import type { TaskContext } from "../engine/serve_tasks.ts";
import type { Sent } from "../engine/thread_messages.ts";
import type { ReadingCalls, ReadingOutcome } from "./thread_contract.ts";

/** With more meters, their counts are said only with readings: finding out what changed takes time. */
const WATCHED_METERS = 1_000;

/** Asks the other thread. */
type Ask = <Name extends keyof ReadingCalls>(
  name: Name,
  ask: ReadingCalls[Name]["ask"],
  moves?: Transferable[],
) => Promise<ReadingCalls[Name]["answer"]>;

/** Reads an upload: a `PackedUpload` becomes a `ReadingOutcome`. */
export async function runImport(input: unknown, { signal, ask: send }: TaskContext): Promise<Sent> {
  // The other thread is of this version, so it sends what the contract says.
  const upload = input as PackedUpload;
  const ask: Ask = async (name, value, moves) => {
    signal.throwIfAborted();
    return await send(name, { value, moves } satisfies Sent) as never;
  };
  let reader: CountedReader = { meters: () => [], rejected: () => ({ count: 0, first: [] }) };
  const watch = watchNotes(() => reader);
  const received = new WeakSet<Uint8Array>();

  async function nextBytes(): Promise<Uint8Array | null> {
    const bytes = await ask("bytes", quickChange());
    if (bytes !== null) received.add(bytes);
    return bytes;
  }

  function quickChange(): NotesChange | null {
    return reader.meters().length > WATCHED_METERS ? null : watch.changed();
  }

  try {
    const summary = await readUpload(upload, {
      chunks: askedBytes(nextBytes),
      planOf: (head) => ask("plan", head),
      begin(begun) {
        reader = begun;
      },
      profilesOf: (ids) => ask("profiles", ids),
      met() {},
      // What is unpacked, and parts of what is packed, are others.
      release: (chunk) => received.has(chunk) && freeMemory(chunk.buffer),
      async store(batches) {
        const packed = packBatches(batches);
        await ask("store", { batches: packed, change: watch.changed() }, [packed.memory.buffer]);
      },
    });
    return { value: { summary, change: watch.all() } satisfies ReadingOutcome };
  } catch (error) {
    if (!signal.aborted) await ask("counts", watch.all());
    throw error;
  }
}

/** The bytes of the upload; the next ones are on their way while these are read. */
async function* askedBytes(ask: () => Promise<Uint8Array | null>): AsyncGenerator<Uint8Array> {
  function request(): Promise<Uint8Array | null> {
    const answer = ask();
    // Awaited later. Until then a rejection must not count as unhandled.
    answer.catch(() => {});
    return answer;
  }

  for (let next = request();;) {
    const bytes = await next;
    if (bytes === null) return;
    next = request();
    yield bytes;
  }
}
