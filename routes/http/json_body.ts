/**
 * Reads JSON bodies up to a maximum size, and words what a schema finds wrong.
 *
 * @module
 */

import type { z } from "zod";
import { AppError, type FieldError } from "../../data/app_error.ts";
import { QUOTED_VALUE_MAX } from "../../data/limits.ts";
import { pointerPart, quoted } from "../../data/quoted.ts";
import { bodyForm } from "./body_form.ts";
import { bodyChunks } from "./request_body.ts";

/**
 * The JSON body of a request.
 *
 * @throws {AppError} UNSUPPORTED_MEDIA_TYPE, BODY_TOO_LARGE or MALFORMED_BODY.
 */
export async function readJson(request: Request, maxBytes: number): Promise<unknown> {
  bodyForm(request, ["application/json"], ["identity"]);
  return parseJson(await readBytes(request, maxBytes));
}

/** The same for a request whose body is optional: undefined without a body, for any media type. */
export async function readOptionalJson(request: Request, maxBytes: number): Promise<unknown> {
  const bytes = await readBytes(request, maxBytes);
  if (bytes.length === 0) return undefined;
  bodyForm(request, ["application/json"], ["identity"]);
  return parseJson(bytes);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new AppError("MALFORMED_BODY", "The body is not valid JSON in UTF-8", { cause });
  }
}

/** The errors that a schema finds in a body, and each unknown property. */
export function fieldErrors(error: z.ZodError, body: unknown): FieldError[] {
  return issuesOf(error, "property").map(({ path, detail }) => {
    const pointer = path.map((part) => `/${pointerPart(String(part))}`).join("");
    return { pointer, detail, ...valueAt(body, path) };
  });
}

/** The errors that a schema finds in a query, and each unknown parameter. */
export function parameterErrors(error: z.ZodError, query: unknown): FieldError[] {
  return issuesOf(error, "parameter").map(({ path, detail }) => {
    const pointer = `#${shortened(path.map(String).join("."))}`;
    return { pointer, detail, ...valueAt(query, path) };
  });
}

/** Where each error is, and its text. Unknown names get a text of their own. */
function issuesOf(error: z.ZodError, word: string): { path: PropertyKey[]; detail: string }[] {
  return error.issues.flatMap((issue) => {
    if (issue.code !== "unrecognized_keys") return [{ path: issue.path, detail: issue.message }];
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      detail: `Unknown ${word} '${shortened(key)}'`,
    }));
  });
}

function shortened(text: string): string {
  return text.slice(0, QUOTED_VALUE_MAX);
}

/** The value at a path, shortened; empty if there is none. */
function valueAt(body: unknown, path: PropertyKey[]): { value?: unknown } {
  let value = body;
  for (const part of path) {
    if (typeof value !== "object" || value === null) return {};
    value = Reflect.get(value, part);
  }
  return value === undefined ? {} : { value: quoted(value) };
}

/** The body of a request. Throws AppError BODY_TOO_LARGE. */
export async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = new AppError("BODY_TOO_LARGE", `The body must be at most ${maxBytes} bytes`);
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bodyChunks(request)) {
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
