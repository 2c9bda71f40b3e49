/**
 * What a reader says about meters while it reads, for another thread: what changed since it was last said.
 *
 * @module
 */

import type { MeterNotes } from "./meter_rows.ts";
import type { ManyMetersReader } from "./upload_reader.ts";

/** A change, as a value that a message can carry. */
export interface NotesChange {
  /** The meters that are new or have other counts: their numbers in the upload, ascending. */
  readonly numbers: readonly number[];
  /** What there is to say about each of them now. */
  readonly notes: readonly MeterNotes[];
  /** How many records were rejected so far. */
  readonly rejected: number;
}

/** What counts the records of an upload. */
export type CountedReader = Pick<ManyMetersReader, "meters" | "rejected">;

/** Finds out what changed. */
export interface NotesWatch {
  /** What changed since the last call. Counts of `ambiguous` and `breaks` alone are no change. */
  changed(): NotesChange;
  /** Everything, at the end. */
  all(): NotesChange;
}

/** A watch over an upload at its beginning. The reader may become another one before it meets a meter. */
export function watchNotes(reader: () => CountedReader): NotesWatch {
  /** What was said of each meter: its records without a reading. */
  const said: number[] = [];

  function changeOf(numbers: readonly number[]): NotesChange {
    const met = reader().meters();
    return {
      numbers,
      notes: numbers.map((number) => plainNotes(met[number])),
      rejected: reader().rejected().count,
    };
  }

  return {
    changed() {
      const numbers: number[] = [];
      const met = reader().meters();
      for (let number = 0; number < met.length; number++) {
        const { rejected, leftOut } = met[number];
        let count = rejected;
        if (leftOut.size > 0) { for (const records of leftOut.values()) count += records; }
        if (said[number] === count) continue;
        said[number] = count;
        numbers.push(number);
      }
      return changeOf(numbers);
    },
    all: () => changeOf(reader().meters().map((_, number) => number)),
  };
}

/** What another thread's reader has said so far. */
export interface NotesMirror extends CountedReader {
  /** Takes in a change. */
  apply(change: NotesChange): void;
}

/** A mirror of a reader at the beginning of an upload. */
export function createNotesMirror(): NotesMirror {
  const met: MeterNotes[] = [];
  let count = 0;
  return {
    meters: () => met,
    rejected: () => ({ count, first: [] }),
    apply({ numbers, notes, rejected }) {
      count = rejected;
      // Who asked for the meters earlier keeps them, so each stays the same object.
      numbers.forEach((number, index) =>
        met[number] = Object.assign(met[number] ?? {}, notes[index])
      );
    },
  };
}

/** Notes without what only their reader uses. */
function plainNotes(
  { meterId, refusal, rejected, rejects, ambiguous, breaks, leftOut }: MeterNotes,
): MeterNotes {
  return { meterId, refusal, rejected, rejects, ambiguous, breaks, leftOut };
}
