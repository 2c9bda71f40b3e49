/**
 * The encoder of exported files, chosen by the name of a format.
 *
 * @module
 */

import { createCsvEncoder, streamWindowsCsv } from "./csv.ts";
import type { KeyStyle } from "./object_key.ts";
import type { ExportWindow } from "./rows.ts";
import type { SourcePart } from "./telemetry_source.ts";

/** Encodes windows as files. */
export interface WindowEncoder {
  /** The media type of the files. */
  readonly contentType: string;
  /**
   * Encodes a window as a whole file. The same readings give the same bytes. It does not yield to
   * the event loop; callers that encode many windows must.
   */
  encode(window: ExportWindow): Uint8Array<ArrayBuffer>;
  /**
   * Encodes windows of one profile, at least one, as one file with a column `device_id`, whatever the
   * layout. One window at a time is in memory.
   */
  stream(windows: AsyncIterable<ExportWindow>): AsyncGenerator<Uint8Array<ArrayBuffer>>;
}

/** Loads the encoder of a format, for files in a layout. */
export async function openWindowEncoder(
  { format, layout }: Pick<KeyStyle, "format" | "layout">,
): Promise<WindowEncoder> {
  if (format === "csv") {
    const csv = createCsvEncoder();
    const encode = (window: ExportWindow) => csv.encode(window, layout);
    return { contentType: "text/csv; charset=utf-8", encode, stream: streamWindowsCsv };
  }
  const { createParquetEncoder } = await import("./parquet.ts");
  const parquet = createParquetEncoder();
  return {
    // The type that IANA registered.
    contentType: "application/vnd.apache.parquet",
    encode: (window) => parquet.encode(window, layout),
    stream: parquet.stream,
  };
}

/** The window of the parts that a source returned for a device: one or more, all of one profile. */
export function exportWindow(deviceId: string, parts: readonly SourcePart[]): ExportWindow {
  return { deviceId, profile: parts[0].profile, parts };
}
