/**
 * Reading ZIP archives with a library, for tests of archives that we write.
 *
 * @module
 */

import { unzipSync } from "fflate";

/** The files of an archive by name. */
export function unzip(archive: Uint8Array<ArrayBuffer>): Record<string, Uint8Array> {
  return unzipSync(archive);
}
