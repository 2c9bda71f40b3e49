/**
 * Windows of continuous export as Parquet, with the encoder of all Parquet files
 * (`data/encoders/parquet_file.ts`).
 *
 * A file of many devices is made as a stream of row groups, each of a few devices. So only those are in
 * memory, and a reader of one device skips most of the file.
 *
 * @module
 */

import { createParquetFile, loadParquet, type ParquetFile } from "../encoders/parquet_file.ts";
import { unitsJson } from "../encoders/parquet.ts";
import { windowHead, windowRows } from "./file_head.ts";
import type { KeyLayout } from "./object_key.ts";
import type { ExportWindow } from "./rows.ts";
import type { Profile } from "../readings/profile.ts";

/** Encodes files. The same readings give the same bytes. */
export interface ParquetEncoder {
  /** Encodes a window as a file. */
  encode(window: ExportWindow, layout?: KeyLayout): Uint8Array<ArrayBuffer>;
  /**
   * Encodes windows of one profile, at least one, as one file with a column `device_id`, in chunks of
   * one or more row groups.
   */
  stream(windows: AsyncIterable<ExportWindow>): AsyncGenerator<Uint8Array<ArrayBuffer>>;
}

/**
 * Readings after which a stream ends a row group: a dozen devices of one reading a minute. More would
 * hold the event loop for longer, fewer would make the metadata at the end of the file long.
 */
const STREAM_GROUP_ROWS = 16_384;

/** A file that windows are added to. */
interface WindowFile {
  readonly file: ParquetFile;
  add(window: ExportWindow): void;
  end(): Uint8Array<ArrayBuffer>;
}

/** Loads the library. The encoder then needs nothing else. */
export async function openParquetEncoder(): Promise<ParquetEncoder> {
  const library = await loadParquet();

  function open(profile: Profile, layout: KeyLayout): WindowFile {
    const sources: string[] = [];
    const head = windowHead(profile, { layout, sources });
    const file = createParquetFile(library, head);
    return {
      file,
      add(window) {
        sources.push(window.deviceId);
        for (const rows of windowRows(window, sources.length - 1)) file.add(rows);
      },
      end: () =>
        file.end([
          { key: "openwatts.profile", value: profile.name },
          { key: "openwatts.units", value: unitsJson(head) },
        ]),
    };
  }

  return {
    encode(window, layout = "plain") {
      const { add, end } = open(window.profile, layout);
      add(window);
      return end();
    },
    async *stream(windows) {
      let target: WindowFile | null = null;
      for await (const window of windows) {
        target ??= open(window.profile, "plain");
        target.add(window);
        if (target.file.waiting() < STREAM_GROUP_ROWS) continue;
        target.file.cut();
        yield target.file.take();
      }
      if (target !== null) yield target.end();
    },
  };
}
