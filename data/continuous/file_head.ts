/**
 * Windows of continuous export as rows for the encoders of files.
 *
 * @module
 */

import { CSV_DIALECTS } from "../encoders/csv_dialect.ts";
import type { FileColumn, FileHead, SourcePage } from "../encoders/encoder.ts";
import type { KeyLayout } from "./object_key.ts";
import type { Profile } from "../readings/profile.ts";
import { exportColumns, exportPage, type ExportWindow, valueColumns } from "./rows.ts";

/** The head of files with windows of a profile. Add each device to `sources` before its rows. */
export function windowHead(
  profile: Profile,
  { layout, sources }: { layout: KeyLayout; sources: readonly string[] },
): FileHead {
  const columns = exportColumns(profile, layout);
  return {
    profile: profile.name,
    sources,
    idColumn: columns.find(({ kind }) => kind === "id")?.name ?? null,
    labels: columns.filter(({ kind }) => kind === "text").map(({ name }) => name),
    columns: fileColumns(profile),
    zone: "UTC",
    hasUtc: false,
    // A file has the rows of one window or of many, whose spans nobody asks for here.
    span: { fromMs: 0, toMs: 0 },
    interval: "raw",
    intervalMs: null,
    // Readers get exactly what devices sent.
    csv: { ...CSV_DIALECTS.rfc4180, guardsFormulas: false },
  };
}

function fileColumns(profile: Profile): FileColumn[] {
  return valueColumns(profile).map(({ name, kind }) => {
    const metric = profile.metrics.find((one) => one.name === name);
    return {
      name,
      unit: metric?.unit ?? null,
      kind: kind === "integer" || kind === "boolean" ? kind : "double",
      isRequired: kind !== "double",
      metric: metric?.name ?? null,
      aggregate: null,
      source: null,
      decimals: null,
    };
  });
}

/** The rows of a window. */
export function windowRows({ profile, parts }: ExportWindow, source: number): SourcePage[] {
  return parts.map(({ page, deviceType, location }) => ({
    source,
    page: exportPage(profile, page),
    labels: [deviceType, location],
  }));
}
