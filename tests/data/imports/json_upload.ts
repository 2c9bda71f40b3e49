/**
 * Reading a JSON upload in tests, as one object a line or as an array.
 *
 * @module
 */

import { createJsonArrayReader, createNdjsonReader } from "../../../data/imports/json_read.ts";
import { readAll, type ReadUpload, type UploadOptions } from "./upload.ts";

/** Reads one object a line. */
export function readNdjson(body: string | Uint8Array, options?: UploadOptions): ReadUpload {
  return readAll(createNdjsonReader, body, options);
}

/** Reads an array. */
export function readArray(body: string | Uint8Array, options?: UploadOptions): ReadUpload {
  return readAll(createJsonArrayReader, body, options);
}
