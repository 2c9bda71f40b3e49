/**
 * Reading JSON bodies of bounded length.
 *
 * @module
 */

import type { z } from "zod";
import { AppError, type FieldError } from "../data/app_error.ts";
import { QUOTED_VALUE_MAX } from "../data/limits.ts";

/**
 * The JSON value that a request carries.
 *
 * @throws {AppError} UNSUPPORTED_MEDIA_TYPE, BODY_TOO_LARGE or MALFORMED_BODY.
 */
export async function readJson(request: Request, maxBytes: number): Promise<unknown> {
  requireMediaType(request, "application/json");
  const bytes = await readBytes(request, maxBytes);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new AppError("MALFORMED_BODY", "The body is not valid JSON in UTF-8", { cause });
  }
}

/**
 * Sees to it that a body has a media type, whatever its parameters, and no content coding.
 *
 * @throws {AppError} UNSUPPORTED_MEDIA_TYPE.
 */
export function requireMediaType({ headers }: Request, wanted: string): void {
  const mediaType = (headers.get("content-type") ?? "").split(";")[0].trim().toLowerCase();
  if (mediaType !== wanted) {
    throw new AppError("UNSUPPORTED_MEDIA_TYPE", `Content-Type must be ${wanted}`, {
      errors: [{ pointer: "#content-type", detail: `must be ${wanted}`, value: mediaType }],
    });
  }
  const coding = (headers.get("content-encoding") ?? "identity").toLowerCase();
  if (coding !== "identity") {
    throw new AppError("UNSUPPORTED_MEDIA_TYPE", "Content-Encoding must be identity", {
      errors: [{ pointer: "#content-encoding", detail: "must be identity", value: coding }],
    });
  }
}

/** What a schema says about a value, as field errors: each wrong one, each unknown property. */
export function fieldErrors(error: z.ZodError, body: unknown): FieldError[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => fieldError([...issue.path, key], body, "Unknown property"));
    }
    return [fieldError(issue.path, body, issue.message)];
  });
}

/** One field error; an unknown property is named, everything else says so itself. */
function fieldError(path: PropertyKey[], body: unknown, message: string): FieldError {
  const pointer = path.map((part) => `/${pointerPart(String(part))}`).join("");
  const detail = message === "Unknown property" ? `${message} '${String(path.at(-1))}'` : message;
  const value = quoted(valueAt(body, path));
  return value === undefined ? { pointer, detail } : { pointer, detail, value };
}

/** A wrong value short enough to be sent back. */
export function quoted(value: unknown): unknown {
  if (typeof value === "string") return value.slice(0, QUOTED_VALUE_MAX);
  if (typeof value !== "object" || value === null) return value;
  const text = JSON.stringify(value);
  return text.length <= QUOTED_VALUE_MAX ? value : text.slice(0, QUOTED_VALUE_MAX);
}

function valueAt(body: unknown, path: PropertyKey[]): unknown {
  let value = body;
  for (const part of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Reflect.get(value, part);
  }
  return value;
}

/** RFC 6901 §3. */
function pointerPart(text: string): string {
  return text.replaceAll("~", "~0").replaceAll("/", "~1");
}

async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = new AppError("BODY_TOO_LARGE", `The body must have at most ${maxBytes} bytes`);
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge;
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
