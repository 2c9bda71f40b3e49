/**
 * The media type of the file of an export.
 *
 * @module
 */

import { formatNamed } from "../encoders/formats.ts";
import { isArchive } from "./file_name.ts";
import type { ExportSpec } from "./spec.ts";

/** The media type, with its parameters. */
export function contentTypeOf(spec: Pick<ExportSpec, "format" | "compression" | "layout">): string {
  if (isArchive(spec)) return "application/zip";
  return spec.compression === "gzip" ? "application/gzip" : formatNamed(spec.format).contentType;
}
