/**
 * Windows of continuous export as Parquet, with the encoder of all Parquet files
 * (`data/encoders/parquet_file.ts`).
 *
 * A file of many devices is made as a stream of row groups, each of a few devices. So only those are in
 * memory, and a reader of one device skips most of the file.
 *
 * @module
 */

import {
  createParquetFile,
  createParquetForm,
  type ParquetFile,
  type ParquetForm,
} from "../encoders/parquet_file.ts";
import { createParquetTools } from "../encoders/parquet_pages.ts";
import type { KeyValue } from "../encoders/parquet_schema.ts";
import { unitsJson } from "../encoders/parquet.ts";
import { windowHead, windowRows } from "./file_head.ts";
import { formName } from "./form_name.ts";
import type { KeyLayout } from "./object_key.ts";
import type { ExportWindow } from "./rows.ts";

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

/** What files of one profile and layout have in common. */
interface WindowForm {
  /** What the files contain. */
  readonly name: string;
  readonly form: ParquetForm;
  /** The devices of the file that is written. */
  readonly sources: string[];
  readonly metadata: readonly KeyValue[];
}

/** Creates an encoder, which prepares the form of a profile once for many files. */
export function createParquetEncoder(): ParquetEncoder {
  const tools = createParquetTools();
  let last: WindowForm | null = null;
  return {
    encode(window, layout = "plain") {
      const name = formName(window, layout);
      if (last?.name !== name) last = createForm(name, window, layout);
      const { form, sources, metadata } = last;
      const file = createParquetFile(form, { tools, keepsRows: true });
      sources[0] = window.deviceId;
      for (const rows of windowRows(window, 0)) file.add(rows);
      return file.end(metadata);
    },
    stream: streamWindows,
  };
}

async function* streamWindows(
  windows: AsyncIterable<ExportWindow>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let target: WindowForm & { file: ParquetFile } | null = null;
  for await (const window of windows) {
    if (target === null) {
      const form = createForm("", window, "plain");
      target = { ...form, file: createParquetFile(form.form) };
    }
    const { file, sources } = target;
    sources.push(window.deviceId);
    for (const rows of windowRows(window, sources.length - 1)) file.add(rows);
    if (file.waiting() < STREAM_GROUP_ROWS) continue;
    file.cut();
    yield file.take();
  }
  if (target !== null) yield target.file.end(target.metadata);
}

function createForm(name: string, { profile }: ExportWindow, layout: KeyLayout): WindowForm {
  const sources: string[] = [];
  const head = windowHead(profile, { layout, sources });
  const metadata = [
    { key: "openwatts.profile", value: profile.name },
    { key: "openwatts.units", value: unitsJson(head) },
  ];
  return { name, form: createParquetForm(head), sources, metadata };
}
