/**
 * The answers about files and presets, as their schemas have them.
 *
 * @module
 */

import type { Preset } from "../../data/imports/preset.ts";
import { PRESETS } from "../../data/imports/presets.ts";
import type { FileSample, Inspection } from "../../data/inspect/inspection.ts";
import type { Parameters } from "../../data/inspect/table_plan.ts";
import { MEDIA_TYPES, ownIdOf } from "./inspect_media.ts";
import type { InspectionBody, PresetListBody } from "./inspect_schemas.ts";
import type { Preview } from "./preview.ts";

/** The answer about a file. */
export function inspectionBody(
  found: Inspection,
  { sample, preview }: { sample: FileSample; preview: Preview },
): InspectionBody {
  const { kind, table, time, presets } = found;
  return {
    format: kind.format,
    title: kind.title,
    importable: found.isImportable,
    advice: kind.advice,
    compression: sample.compression,
    bytes_read: sample.bytes.length,
    is_whole: sample.isWhole,
    encoding: found.encoding?.name ?? null,
    delimiter: table === null ? null : table.delimiter === "\t" ? "tab" : table.delimiter,
    decimal: table?.decimal ?? null,
    thousands: table?.thousands ?? null,
    header_line: table?.headerLine ?? null,
    preamble: [...table?.preamble ?? []],
    columns: found.columns.map((column) => ({ ...column, samples: [...column.samples] })),
    meters: found.meter === null ? null : { ...found.meter, ids: [...found.meter.ids] },
    time: time === null ? null : {
      columns: [...time.columns],
      format: time.format,
      formats: [...time.formats],
      has_offset: time.hasOffset,
      sample: time.sample.slice(0, 100),
    },
    interval: found.interval,
    stamp: found.stamp,
    values: found.values,
    layout: found.layout,
    zone_needed: found.isZoneNeeded,
    preset: presets[0]?.name ?? null,
    presets: presets.map(({ name }) => name),
    import: found.isImportable ? importOf(found, sample) : null,
    readings: preview.readings.map((reading) => ({ ...reading })),
    reading_lines: [...preview.places],
    rejected: preview.rejected,
    rejects: preview.rejects.map((reject) => ({ ...reject })),
    doubts: [...found.doubts, ...preview.doubts].map((doubt) => ({ ...doubt })),
  };
}

function importOf(found: Inspection, { compression }: FileSample): InspectionBody["import"] {
  const { kind, hasManyMeters, parameters } = found;
  const isZip = compression === "zip";
  const id = ownIdOf(found) ?? "{id}";
  return {
    path: hasManyMeters ? "/api/readings" : `/api/meters/${id}/readings`,
    headers: {
      "content-type": isZip ? "application/zip" : MEDIA_TYPES[kind.format],
      ...compression === "gzip" ? { "content-encoding": "gzip" } : {},
    },
    parameters: listed(parameters),
    query: queryOf(parameters),
  };
}

/** Parameters as a query string. */
export function queryOf(parameters: Parameters): string {
  const pairs = Object.entries(parameters).flatMap(([name, values]) =>
    values.map((value): [string, string] => [name, value])
  );
  return new URLSearchParams(pairs).toString();
}

/** The list of presets. */
export function presetListBody(): PresetListBody {
  return { presets: PRESETS.map(presetBody) };
}

function presetBody(preset: Preset): PresetListBody["presets"][number] {
  const { name, title, source, format, columns, cells, preamble, options, meter } = preset;
  return {
    name,
    title,
    source: { ...source },
    format,
    signature: { columns: [...columns], cells: { ...cells }, preamble },
    options: listed(options),
    meter,
    variant_of: preset.variantOf,
  };
}

function listed(
  options: Readonly<Record<string, string | readonly string[]>>,
): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(options).map((
      [name, value],
    ) => [name, typeof value === "string" ? [value] : [...value]]),
  );
}
