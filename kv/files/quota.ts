/**
 * How many bytes files in the database may have together.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { type FilesKv, usedBytes } from "./generations.ts";

/** After writing this many bytes, a process looks again at what others wrote and erased. */
const LOOK_BYTES = 8_388_608;

/** The quota. */
export interface Quota {
  /**
   * Takes room for bytes that are about to be stored. Processes that write at the same time may together
   * take more than there is: each up to 8 MiB.
   *
   * @throws {AppError} STORAGE_FULL if there is not so much room.
   */
  take(sizeBytes: number): Promise<void>;
}

/** Creates the quota of this process. */
export function createQuota(kv: Pick<FilesKv, "list">, maxBytes: number): Quota {
  let usedThen = 0, takenSince = Infinity;
  async function look(): Promise<void> {
    takenSince = 0;
    usedThen = await usedBytes(kv);
  }
  const hasRoom = (sizeBytes: number) => usedThen + takenSince + sizeBytes <= maxBytes;
  return {
    async take(sizeBytes) {
      // What was erased meanwhile may have made room.
      if (takenSince > LOOK_BYTES || !hasRoom(sizeBytes)) await look();
      if (!hasRoom(sizeBytes)) throw fullError(usedThen, maxBytes);
      takenSince += sizeBytes;
    },
  };
}

function fullError(used: number, maxBytes: number): AppError {
  return new AppError("STORAGE_FULL", "The file store has no room left", {
    details: `Files take ${used} of the ${maxBytes} bytes that KV_FILES_MAX_BYTES allows; ` +
      "delete exports, or set FILE_RETENTION_HOURS lower or KV_FILES_MAX_BYTES higher",
  });
}
