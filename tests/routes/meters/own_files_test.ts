/**
 * Files that this service exports come back in by their inspection alone, equal.
 *
 * @module
 */

import fc from "fast-check";
import { CSV_DIALECTS, type CsvDialectName } from "../../../data/encoders/csv_dialect.ts";
import { createEspiEncoder } from "../../../data/encoders/espi.ts";
import type { FileHead, SourcePage, TextEncoding } from "../../../data/encoders/encoder.ts";
import { formatNamed } from "../../../data/encoders/formats.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { amount } from "../../support/thorough.ts";
import { assertEquals } from "../../support/assert.ts";
import { encodedParts, encodedText, fileHead, metricColumns } from "../../support/encoded.ts";
import { pageOf, type Row } from "../../support/pages.ts";
import { importAsInspected } from "./inspected_import.ts";

const DIALECTS = Object.keys(CSV_DIALECTS) as CsvDialectName[];

interface OwnFile {
  readonly dialect: CsvDialectName;
  readonly dateFormat: string | null;
  readonly format: "csv" | "json" | "ndjson";
  readonly zone: string;
  readonly rows: readonly (readonly Row[])[];
}

/** Values as a meter has them: some missing, with up to six decimals. */
const value = fc.oneof(
  { arbitrary: fc.constant(""), weight: 1 },
  {
    arbitrary: fc.tuple(fc.nat(999_999), fc.nat(6)).map(([digits, scale]) =>
      (digits / 10 ** scale).toFixed(scale)
    ),
    weight: 4,
  },
);

/** Rows of one meter at a step, from a day above the 12th on, so that no month can be meant. */
const meterRows = fc.record({
  day: fc.integer({ min: 13, max: 27 }),
  month: fc.nat(11),
  minute: fc.nat(1_439),
  step: fc.constantFrom(1, 15, 30, 60),
  values: fc.array(fc.tuple(value, value, value, value), { minLength: 1, maxLength: 40 }),
}).map(({ day, month, minute, step, values }) =>
  values.map((
    texts,
    index,
  ): Row => [Date.UTC(2023, month, day, 0, minute + index * step), ...texts])
);

/** A file with at least one value: in a file without any, inspection finds nothing to import. */
const ownFile: fc.Arbitrary<OwnFile> = fc.record({
  dialect: fc.constantFrom(...DIALECTS),
  dateFormat: fc.constantFrom(
    null,
    null,
    null,
    "yyyy-MM-dd HH:mm",
    "dd-MMM-yy HH:mm",
    "yyyyMMdd HHmmss",
    "iso",
  ),
  format: fc.constantFrom("csv", "csv", "csv", "json", "ndjson"),
  zone: fc.constantFrom("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"),
  rows: fc.array(meterRows, { minLength: 1, maxLength: 3 }),
}).filter(({ rows }) => rows.flat().some(([, ...texts]) => texts.some((text) => text !== "")));

async function encoded(
  { dialect, dateFormat, format, zone, rows }: OwnFile,
): Promise<string> {
  const csv = { ...CSV_DIALECTS[dialect], ...dateFormat === null ? {} : { dateFormat } };
  const sources = rows.map((_, index) => `m${index + 1}`);
  const isLocal = zone !== "UTC" && csv.dateFormat !== "iso";
  const parts: Partial<FileHead> = { sources, zone, csv, hasUtc: isLocal };
  const pages = rows.map((own, source): SourcePage => ({ source, page: pageOf(own) }));
  const head = fileHead(parts);
  return encodedText(await encoderOf(format, head), pages);
}

async function encoderOf(
  format: OwnFile["format"],
  head: FileHead,
): Promise<TextEncoding> {
  const found = formatNamed(format);
  if (found.parts !== "text") throw new Error(`${format} is no text`);
  return await found.open(head);
}

Deno.test("any file in any dialect comes back in by its inspection alone, equal", async () => {
  const property = fc.asyncProperty(ownFile, async (file) => {
    const bytes = new TextEncoder().encode(await encoded(file));
    const { stored, report } = await importAsInspected(bytes);
    const expected = Object.fromEntries(
      file.rows.map((rows, index) => [`m${index + 1}`, rows.map(lineOf)]),
    );
    assertEquals(stored, expected);
    assertEquals(report.rejected, 0);
  });
  await fc.assert(property, { numRuns: amount({ quick: 25, thorough: 300 }) });
});

function lineOf([timeMs, ...texts]: Row): string {
  const values = texts.map((text) => text === "" ? "" : String(Number(text))).join();
  const time = new Date(timeMs).toISOString().replace(".000Z", "Z");
  return `${time} ${values.replace(/,+$/, "")}`.trim();
}

Deno.test("a Green Button file of two meters comes back in by its inspection alone, equal", async () => {
  const rows: Row[] = [[Date.UTC(2024, 4, 1), "0.25", "1.5"], [
    Date.UTC(2024, 4, 1, 1),
    "0.5",
    "2",
  ]];
  const columns = metricColumns({ metrics: PROFILES.meter.metrics.slice(0, 2) })
    .map((column, index) => ({ ...column, decimals: index === 0 ? 2 : 1 }));
  const head = fileHead({ sources: ["m1", "m2"], columns, intervalMs: 3_600_000 });
  const pages = [0, 1].map((source): SourcePage => ({ source, page: pageOf(rows) }));
  const parts = encodedParts(createEspiEncoder(head), pages);
  const bytes = new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
  const { found, stored } = await importAsInspected(bytes);
  assertEquals([found.format, found.import?.path], ["espi", "/api/readings"]);
  const lines = ["2024-05-01T00:00:00Z 0.25,1.5", "2024-05-01T01:00:00Z 0.5,2"];
  assertEquals(stored, { m1: lines, m2: lines });
});
