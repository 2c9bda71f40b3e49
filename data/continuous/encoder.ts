/**
 * The form of exported files, chosen by name.
 *
 * @module
 */

import { encodeWindowCsv } from "./csv.ts";
import type { ExportFormat } from "./object_key.ts";
import { openParquetEncoder } from "./parquet.ts";
import type { ExportWindow } from "./rows.ts";
import { PROFILES } from "../readings/profile.ts";
import type { SourcePart } from "./source.ts";

/** Makes files of windows. */
export interface WindowEncoder {
  /** The media type of its files. */
  readonly contentType: string;
  /**
   * The file of a window, whole; the same readings give the same bytes. It does not yield to the
   * event loop: who encodes many has to.
   */
  encode(window: ExportWindow): Uint8Array<ArrayBuffer>;
}

/** Makes the encoder of a form ready. */
export async function openWindowEncoder(format: ExportFormat): Promise<WindowEncoder> {
  if (format === "csv") return { contentType: "text/csv; charset=utf-8", encode: encodeWindowCsv };
  // As registered with IANA.
  return { contentType: "application/vnd.apache.parquet", encode: await openParquetEncoder() };
}

/** The window of what a source gave of a device: at least one part, all of one profile. */
export function exportWindow(deviceId: string, parts: readonly SourcePart[]): ExportWindow {
  return { deviceId, profile: PROFILES[parts[0].profile], parts };
}
