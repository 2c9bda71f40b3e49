/**
 * The form of exported files, chosen by name.
 *
 * @module
 */

import { encodeLakeCsv } from "./lake_csv.ts";
import type { ExportFormat } from "./lake_key.ts";
import { openLakeParquet } from "./lake_parquet.ts";
import type { LakeWindow } from "./lake_rows.ts";
import { PROFILES } from "./profile.ts";
import type { SourcePart } from "./telemetry_source.ts";

/** Makes files of windows. */
export interface LakeEncoder {
  /** The media type of its files. */
  readonly contentType: string;
  /**
   * The file of a window, whole; the same readings give the same bytes. It does not yield to the
   * event loop: who encodes many has to.
   */
  encode(window: LakeWindow): Uint8Array<ArrayBuffer>;
}

/** Makes the encoder of a form ready. */
export async function openLakeEncoder(format: ExportFormat): Promise<LakeEncoder> {
  if (format === "csv") return { contentType: "text/csv; charset=utf-8", encode: encodeLakeCsv };
  // As registered with IANA.
  return { contentType: "application/vnd.apache.parquet", encode: await openLakeParquet() };
}

/** The window of what a source gave of a device: at least one part, all of one profile. */
export function lakeWindow(deviceId: string, parts: readonly SourcePart[]): LakeWindow {
  return { deviceId, profile: PROFILES[parts[0].profile], parts };
}
