/**
 * Which records of a journal cannot be decoded. A journal with such a record cannot be opened.
 *
 * @module
 */

import { JOURNAL_SPACE } from "./log.ts";
import { decodeStoredRecord, doneUpTo } from "./stored_record.ts";

/** The records that cannot be decoded, as they are stored. Nobody decodes those that a mark says are done. */
export async function listDamagedRecords(
  database: Pick<Deno.Kv, "list">,
): Promise<Deno.KvEntry<Uint8Array>[]> {
  const damaged: Deno.KvEntry<Uint8Array>[] = [];
  let doneNumber = 0;
  for await (const entry of database.list<Uint8Array>({ prefix: [JOURNAL_SPACE] })) {
    try {
      const mark = doneUpTo(entry.value);
      if (mark !== null) doneNumber = mark;
      else if (Number(entry.key[1]) > doneNumber) decodeStoredRecord(entry.value);
    } catch {
      damaged.push(entry);
    }
  }
  return damaged;
}
