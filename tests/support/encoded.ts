/**
 * Heads of files and whole encoded files, for tests of encoders.
 *
 * @module
 */

import { CSV_DIALECTS } from "../../data/encoders/csv_dialect.ts";
import type {
  FileColumn,
  FileEncoder,
  FileHead,
  SourcePage,
  TextEncoding,
} from "../../data/encoders/encoder.ts";
import type { Profile } from "../../data/readings/profile.ts";
import { createAsciiText, writeText } from "../../data/text/ascii_text.ts";
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
export function encodedText(encoder: TextEncoding, pages: readonly SourcePage[]): string {
  const text = createAsciiText(0);
  let at = writeText(text, 0, encoder.start());
  for (const page of pages) at = encoder.write(page, { text, at });
  const end = writeText(text, at, encoder.end({ gaps: null }));
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(text.bytes.subarray(0, end));
}

/** Bytes in chunks of a length. */
export async function* chunksOf(
  bytes: Uint8Array<ArrayBuffer>,
  length: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

/** All chunks as one array. */
export async function joined(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk.slice());
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
