/**
 * Parquet: typed columns in row groups, with units, sources and the zone as metadata.
 *
 * A time is an instant, so a column with the time in UTC would repeat it; the zone is in the metadata.
 *
 * @module
 */

import type { FileEncoder, FileHead } from "./encoder.ts";
import { createParquetFile, createParquetForm } from "./parquet_file.ts";
import type { KeyValue } from "./parquet_schema.ts";
import { instantText } from "../time/time_text.ts";

/** An encoder of Parquet. */
export function createParquetEncoder(head: FileHead): FileEncoder<Uint8Array<ArrayBuffer>> {
  const file = createParquetFile(createParquetForm(head));
  return {
    start: file.take,
    rows(rows) {
      file.add(rows);
      file.step();
      return file.take();
    },
    end: () => file.end(metadataOf(head)),
  };
}

/** The metadata of a file: texts, or JSON where there are several values. */
function metadataOf(head: FileHead): KeyValue[] {
  return [
    { key: "openwatts.profile", value: head.profile },
    { key: "openwatts.units", value: unitsJson(head) },
    { key: "openwatts.sources", value: JSON.stringify(head.sources) },
    { key: "openwatts.from", value: instantText(head.span.fromMs) },
    { key: "openwatts.to", value: instantText(head.span.toMs) },
    { key: "openwatts.timezone", value: head.zone },
    { key: "openwatts.interval", value: head.interval },
  ];
}

/** The units of the columns that have one, as JSON. */
export function unitsJson({ columns }: Pick<FileHead, "columns">): string {
  const units = columns.filter(({ unit }) => unit !== null).map(({ name, unit }) => [name, unit]);
  return JSON.stringify(Object.fromEntries(units));
}
