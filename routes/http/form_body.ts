/**
 * Reads the forms that pages send.
 *
 * @module
 */

import { bodyForm } from "./body_form.ts";
import { readBytes } from "./json_body.ts";

/** The longest form, bytes: a key or token is the longest field. */
const FORM_MAX_BYTES = 16_384;

/**
 * The fields of a form.
 *
 * @throws {AppError} UNSUPPORTED_MEDIA_TYPE or BODY_TOO_LARGE.
 */
export async function readForm(request: Request): Promise<URLSearchParams> {
  bodyForm(request, ["application/x-www-form-urlencoded"], ["identity"]);
  return new URLSearchParams(new TextDecoder().decode(await readBytes(request, FORM_MAX_BYTES)));
}
