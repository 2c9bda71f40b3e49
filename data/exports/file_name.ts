/**
 * Names of files as users see them.
 *
 * @module
 */

import { formatNamed } from "../encoders/formats.ts";
import { localDate } from "../time/zone.ts";
import type { ExportSpec } from "./spec.ts";

/** What decides the name of a file. */
export type NamedExport = Pick<
  ExportSpec,
  "sourceKind" | "ids" | "fromMs" | "toMs" | "zone" | "format" | "compression" | "layout"
>;

const KIND_NAMES = {
  meter: { one: "smart_meter", many: "smart_meters" },
  device: { one: "device", many: "devices" },
} as const;

/**
 * The name of the file: the sources and the first and last day on the clock of the zone, such as
 * `smart_meter_123_20240101_20240131.csv.gz`. A colon of an id becomes `_`, because not every system
 * allows colons.
 */
export function exportFileName(spec: NamedExport): string {
  const ending = isArchive(spec) ? "zip" : `${formatNamed(spec.format).extension}${gzEnding(spec)}`;
  const { one, many } = KIND_NAMES[spec.sourceKind];
  const who = spec.ids.length === 1
    ? `${one}_${plainId(spec.ids[0])}`
    : `${many}_${spec.ids.length}`;
  return `${who}_${days(spec)}.${ending}`;
}

/** The name of a file in an archive: of one source, or of all if `id` is null. */
export function entryName(spec: NamedExport, id: string | null): string {
  const ids = id === null ? spec.ids : [id];
  return exportFileName({ ...spec, ids, compression: "none", layout: "long" });
}

/**
 * The names of the files of each source in an archive. Two ids may make the same name, such as `a:b`
 * and `a_b`; the later one gets a number.
 */
export function entryNames(spec: NamedExport): string[] {
  const seen = new Map<string, number>();
  return spec.ids.map((id) => {
    const name = entryName(spec, id);
    const before = seen.get(name) ?? 0;
    seen.set(name, before + 1);
    return before === 0 ? name : name.replace(/(\.[^.]+)$/, `_${before + 1}$1`);
  });
}

/** The name of the list of gaps that goes with a file. */
export function gapsFileName(spec: NamedExport): string {
  return exportFileName({ ...spec, format: "csv", compression: "none", layout: "long" })
    .replace(/\.csv$/, "_gaps.csv");
}

/** Whether the file is an archive. */
export function isArchive(
  { compression, layout }: Pick<ExportSpec, "compression" | "layout">,
): boolean {
  return compression === "zip" || layout === "per_source";
}

function gzEnding({ compression }: NamedExport): string {
  return compression === "gzip" ? ".gz" : "";
}

function plainId(id: string): string {
  return id.replaceAll(":", "_");
}

function days({ zone, fromMs, toMs }: NamedExport): string {
  const compact = (timeMs: number) => localDate(zone, timeMs).replaceAll("-", "");
  return `${compact(fromMs)}_${compact(toMs - 1)}`;
}
