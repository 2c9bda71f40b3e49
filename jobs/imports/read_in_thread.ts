/**
 * Reading an upload: a long one in a worker, which unpacks and parses it, while this thread receives the
 * bytes and stores the pages.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { freeMemory } from "../../data/encoders/chunk_memory.ts";
import { createNotesMirror, type NotesMirror } from "../../data/imports/notes_change.ts";
import { unpackBatches } from "../../data/imports/packed_batches.ts";
import { type PackedUpload, readUpload } from "../../data/meter_files/read_upload.ts";
import type { Sent } from "../engine/thread_messages.ts";
import { DeadWorkerError } from "../engine/thread.ts";
import { NO_THREADS, type Threads } from "../engine/threads.ts";
import { type ByteGroups, groupBytes } from "./byte_groups.ts";
import type { UploadReading, UploadSide, UploadToRead } from "./reading_contract.ts";
import type { ReadingCalls, ReadingOutcome } from "./thread_contract.ts";

/** Shorter uploads are read here: that takes 5 ms, and a worker takes 60 to 100 ms to start. */
const LEAST_BYTES = 524_288;
/** The same for gzip, which is often 5 times as long when it is unpacked. */
const LEAST_GZIP_BYTES = 131_072;

/** Reads uploads in these workers, or here if they are short. */
export function createUploadReading(threads: Threads): UploadReading {
  return {
    async read(upload, side) {
      const { totalBytes, isGzip } = upload;
      const leastBytes = isGzip ? LEAST_GZIP_BYTES : LEAST_BYTES;
      const isShort = totalBytes !== null && totalBytes < leastBytes;
      if (isShort || threads === NO_THREADS) return await readUpload(upload, side);
      const groups = groupBytes(side.chunks, side.freeCopied);
      try {
        const isLong = totalBytes !== null || await groups.hasAtLeast(leastBytes);
        const ended = isLong ? await readInThread(threads, upload, { ...side, groups }) : null;
        if (ended !== null) return ended.summary;
        return await readUpload(upload, { ...side, chunks: groups.rest() });
      } finally {
        groups.close();
      }
    },
  };
}

async function readInThread(
  threads: Threads,
  { name, isGzip, opening, maxBytes }: UploadToRead,
  side: UploadSide & { readonly groups: ByteGroups },
): Promise<ReadingOutcome | null> {
  const mirror = createNotesMirror();
  const { answer, stored } = answersOf(side, mirror);
  try {
    const ended = await threads.run({
      kind: "import",
      id: `import ${name}`,
      input: { isGzip, opening, maxBytes } satisfies PackedUpload,
      // A client that is gone ends the bytes, which ends the task.
      signal: new AbortController().signal,
      answer,
    });
    if (ended === null) return null;
    // The worker is of this version, so it returns what the contract says.
    const outcome = ended.value as ReadingOutcome;
    mirror.apply(outcome.change);
    side.met();
    return outcome;
  } catch (error) {
    throw error instanceof DeadWorkerError ? lostUpload(error) : error;
  } finally {
    await stored();
  }
}

function lostUpload(cause: DeadWorkerError): AppError {
  return new AppError("INTERNAL_ERROR", "The worker that read the upload ended before it", {
    details: "What was stored stays stored; send the same upload again to complete it",
    cause,
  });
}

type Answers = {
  readonly [Name in keyof ReadingCalls]: (ask: ReadingCalls[Name]["ask"]) => Promise<
    Sent<ReadingCalls[Name]["answer"]>
  >;
};

/** Answers what the worker asks. `stored` waits until nothing is being stored. */
function answersOf(
  { groups, planOf, begin, profilesOf, met, store }: UploadSide & { readonly groups: ByteGroups },
  mirror: NotesMirror,
): { answer(name: string, value: unknown): Promise<Sent>; stored(): Promise<void> } {
  let storing: Promise<void> = Promise.resolve();

  function take(change: Parameters<NotesMirror["apply"]>[0] | null): void {
    if (change === null) return;
    mirror.apply(change);
    met();
  }

  const answers: Answers = {
    async bytes(change) {
      take(change);
      const bytes = await groups.next();
      return { value: bytes, moves: bytes === null ? [] : [bytes.buffer] };
    },
    async plan(head) {
      const plan = await planOf(head);
      begin(mirror);
      return { value: plan };
    },
    profiles: async (ids) => ({ value: await profilesOf(ids) }),
    async store({ batches, change }) {
      take(change);
      storing = store(unpackBatches(batches));
      await storing;
      freeMemory(batches.memory.buffer);
      return { value: null };
    },
    counts(change) {
      take(change);
      return Promise.resolve({ value: null });
    },
  };

  return {
    // The worker is of this version, so it asks what the contract says.
    answer: (name, value) => answers[name as keyof ReadingCalls](value as never),
    stored: () => storing.catch(() => {}),
  };
}
