/**
 * What a request says about its body: media type, charset and content coding.
 *
 * @module
 */

import { AppError, type FieldError } from "../../data/app_error.ts";
import { QUOTED_VALUE_MAX } from "../../data/limits.ts";

/** A content coding. */
export type Coding = "identity" | "gzip";

/** How to read a body. */
export interface BodyForm<T extends string> {
  /** Its media type, one of the accepted ones. */
  readonly mediaType: T;
  /** Whether it is compressed with gzip. */
  readonly isGzip: boolean;
}

/** UTF-8, and ASCII, which is part of it. */
const CHARSETS = ["utf-8", "utf8", "us-ascii", "ascii"];

/**
 * The form that a request declares for its body. Of the parameters of the media type only the charset
 * counts; it must be UTF-8.
 *
 * @throws {AppError} UNSUPPORTED_MEDIA_TYPE with everything that is wrong.
 */
export function bodyForm<T extends string>(
  { headers }: Request,
  mediaTypes: readonly T[],
  codings: readonly Coding[],
): BodyForm<T> {
  const contentType = headers.get("content-type") ?? "";
  const given = contentType.split(";")[0].trim().toLowerCase();
  const mediaType = mediaTypes.find((type) => type === given);
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(contentType)?.[1].toLowerCase();
  const { coding, known } = codingOf(headers, codings);
  const errors: FieldError[] = [];
  const wrong = (header: string, detail: string, value: string) =>
    errors.push({ pointer: `#${header}`, detail, value: value.slice(0, QUOTED_VALUE_MAX) });
  if (mediaType === undefined) {
    wrong("content-type", `Content-Type must be ${oneOf(mediaTypes)}`, given);
  }
  if (charset !== undefined && !CHARSETS.includes(charset)) {
    wrong("content-type", "The charset of Content-Type must be utf-8", charset);
  }
  if (known === undefined) {
    wrong("content-encoding", `Content-Encoding must be ${oneOf(codings)}`, coding);
  }
  if (mediaType !== undefined && errors.length === 0) {
    return { mediaType, isGzip: known === "gzip" };
  }
  const message = errors.map(({ detail }) => detail).join("; ");
  throw new AppError("UNSUPPORTED_MEDIA_TYPE", message, { errors });
}

/**
 * The content coding that a request declares for a body of any media type.
 *
 * @throws {AppError} UNSUPPORTED_MEDIA_TYPE if it is another one.
 */
export function requestCoding({ headers }: Request, codings: readonly Coding[]): Coding {
  const { coding, known } = codingOf(headers, codings);
  if (known !== undefined) return known;
  const detail = `Content-Encoding must be ${oneOf(codings)}`;
  const value = coding.slice(0, QUOTED_VALUE_MAX);
  const errors = [{ pointer: "#content-encoding", detail, value }];
  throw new AppError("UNSUPPORTED_MEDIA_TYPE", detail, { errors });
}

function codingOf(
  headers: Headers,
  codings: readonly Coding[],
): { coding: string; known: Coding | undefined } {
  const coding = (headers.get("content-encoding") ?? "identity").trim().toLowerCase();
  return { coding, known: codings.find((one) => one === coding || `x-${one}` === coding) };
}

function oneOf(names: readonly string[]): string {
  const last = names[names.length - 1];
  return names.length === 1 ? last : `${names.slice(0, -1).join(", ")} or ${last}`;
}
