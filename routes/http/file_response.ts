/**
 * Serves a stored file.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import type { FileStore } from "../../data/files/file_store.ts";
import { decideAnswer, httpDate } from "./file_conditions.ts";
import { problemResponse } from "./problem.ts";

/** A file to serve. */
export interface ServedFile {
  /** Its name in the file store. */
  readonly name: string;
  /** Its name as users see it. */
  readonly filename: string;
  /** Its media type. */
  readonly contentType: string;
  /** Its size, bytes. */
  readonly sizeBytes: number;
  /** SHA-256 of its bytes, hexadecimal. */
  readonly sha256: string;
  /** When it was created, epoch milliseconds. */
  readonly modifiedMs: number;
}

/**
 * Answers GET and HEAD of a file, with preconditions and ranges (RFC 9110) and its digest
 * (RFC 9530). The body is streamed. The read ends if the client goes away.
 *
 * @throws {AppError} STORAGE_UNAVAILABLE if the file is missing.
 */
export async function fileResponse(
  request: Request,
  file: ServedFile,
  files: Pick<FileStore, "read">,
): Promise<Response> {
  const etag = `"${file.sha256}"`;
  const answer = decideAnswer(request, { ...file, etag });
  const headers = new Headers({
    "etag": etag,
    "last-modified": httpDate(file.modifiedMs),
    "accept-ranges": "bytes",
    "cache-control": "private, no-cache",
  });
  if (answer.status === 412) {
    return problemResponse(
      new AppError(
        "PRECONDITION_FAILED",
        "The file does not match If-Match or If-Unmodified-Since",
      ),
      headers,
    );
  }
  if (answer.status === 416) {
    headers.set("content-range", `bytes */${file.sizeBytes}`);
    return problemResponse(
      new AppError("RANGE_NOT_SATISFIABLE", `The file has ${file.sizeBytes} bytes`),
      headers,
    );
  }
  headers.set("repr-digest", `sha-256=:${base64OfHex(file.sha256)}:`);
  if (answer.status === 304) return new Response(null, { status: 304, headers });
  const range = answer.status === 206 ? answer.range : undefined;
  const length = range === undefined ? file.sizeBytes : range.end - range.start;
  headers.set("content-type", file.contentType);
  headers.set("content-disposition", `attachment; filename="${file.filename}"`);
  headers.set("content-length", String(length));
  if (range !== undefined) {
    headers.set("content-range", `bytes ${range.start}-${range.end - 1}/${file.sizeBytes}`);
  }
  // HEAD opens nothing: nobody would read or close the body.
  const body = request.method === "HEAD" ? null : await openBody(files, file.name, range);
  return new Response(body, { status: answer.status, headers });
}

async function openBody(
  files: Pick<FileStore, "read">,
  name: string,
  range?: { start: number; end: number },
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const body = await files.read(name, range);
  if (body !== null) return body;
  throw new AppError("STORAGE_UNAVAILABLE", "The file is missing from the file store");
}

function base64OfHex(hex: string): string {
  return Uint8Array.fromHex(hex).toBase64();
}
