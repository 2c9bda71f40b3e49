/**
 * Which records of a journal cannot be decoded. A journal with such a record cannot be opened.
 *
 * @module
 */

import { JOURNAL_SPACE } from "./log.ts";
import { decodeStoredRecord } from "./stored_record.ts";

/** The records that cannot be decoded, as they are stored. */
export async function listDamagedRecords(
  database: Pick<Deno.Kv, "list">,
): Promise<Deno.KvEntry<Uint8Array>[]> {
  const damaged: Deno.KvEntry<Uint8Array>[] = [];
  for await (const entry of database.list<Uint8Array>({ prefix: [JOURNAL_SPACE] })) {
    try {
      decodeStoredRecord(entry.value);
    } catch {
      damaged.push(entry);
    }
  }
  return damaged;
}
