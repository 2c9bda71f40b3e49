/**
 * Heads of files and whole encoded files, for tests of encoders.
 *
 * @module
 */

import { CSV_DIALECTS } from "../../data/encoders/csv_dialect.ts";
import type { FileColumn, FileEncoder, FileHead, SourcePage } from "../../data/encoders/encoder.ts";
import type { Profile } from "../../data/readings/profile.ts";
import { PROFILES } from "../../data/readings/profile.ts";

/** The head of a file with all metrics of one meter, raw and in UTC, with some parts replaced. */
export function fileHead(parts: Partial<FileHead> = {}): FileHead {
  return {
    profile: "meter",
    sources: ["123"],
    idColumn: "smart_meter_id",
    labels: [],
    columns: metricColumns(PROFILES.meter),
    zone: "UTC",
    hasUtc: false,
    span: { fromMs: Date.UTC(2024, 0, 1), toMs: Date.UTC(2024, 0, 2) },
    interval: "raw",
    intervalMs: 60_000,
    csv: CSV_DIALECTS.rfc4180,
    ...parts,
  };
}

/** A column for each metric of a profile, with some parts replaced. */
export function metricColumns(
  { metrics }: Pick<Profile, "metrics">,
  parts: Partial<FileColumn> = {},
): FileColumn[] {
  return metrics.map(({ name, unit }) => ({
    name,
    unit,
    kind: "double",
    metric: name,
    aggregate: null,
    source: null,
    decimals: null,
    ...parts,
  }));
}

/** All parts of a file, one after the other. */
export function encodedParts<Part>(
  encoder: FileEncoder<Part>,
  pages: readonly SourcePage[],
): Part[] {
  return [
    encoder.start(),
    ...pages.map((page) => encoder.rows(page)),
    encoder.end({ gaps: null }),
  ];
}

/** A text file. */
export function encodedText(encoder: FileEncoder<string>, pages: readonly SourcePage[]): string {
  return encodedParts(encoder, pages).join("");
}
