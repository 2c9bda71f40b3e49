/**
 * What answers to uploads of readings look like.
 *
 * @module
 */

import { z } from "zod";
import { HEADER_LINES } from "../../data/imports/csv_head.ts";
import {
  IGNORED_LISTED,
  METER_REJECTS_LISTED,
  METERS_PER_UPLOAD_MAX,
  REJECTS_LISTED,
} from "../../data/limits.ts";
import {
  breakSchema,
  importCounts,
  isDryRun,
  meterBreakSchema,
  meterRejectSchema,
  meterRepeatSchema,
  rejectSchema,
  repeatSchema,
} from "../imports/schemas.ts";
import { count } from "../openapi/schema_parts.ts";
import { meterIdText } from "./schemas.ts";

const ignoredColumns = z.array(z.string()).max(IGNORED_LISTED).meta({
  description: `Columns or properties that were ignored, the first ${IGNORED_LISTED}.`,
  examples: [["note"]],
});

const ambiguous = count(
  "Readings at a time that the clock shows twice, where the order of the rows did not tell which of " +
    "the two it was. They took the first.",
  0,
);

/** How often a register has no energy for an interval. */
const breakCounts = {
  gaps: count("Intervals without energy because the next reading of the register is missing.", 0),
  resets: count("Intervals in which the register fell: a reset, or another meter.", 0),
  rollovers: count("Intervals in which the register began at 0 again, as `rollover` says.", 0),
  jumps: count("Intervals in which the register rose as no load does: another meter.", 0),
};

/** Records of a meter without a reading. */
const recordsLeftOut = z.strictObject({
  records: z.int().min(1).meta({ description: "How many there are.", examples: [1] }),
  reason: z.string().meta({
    description: "Why they give no reading.",
    examples: ["the last reading of a register only ends an interval"],
  }),
}).meta({ id: "RecordsLeftOut", description: "Records that give no reading." });

/** What an upload has besides its readings. */
const uploadNotes = {
  ignored_columns: ignoredColumns,
  left_out: z.array(z.union([
    recordsLeftOut,
    z.strictObject({
      column: z.string().meta({ description: "The column.", examples: ["Q (kvarh)"] }),
      reason: z.string().meta({
        description: "Why it is left out.",
        examples: ["kvarh is reactive energy, which the profile meter does not have"],
      }),
    }).meta({ id: "ColumnLeftOut", description: "A column that no metric takes." }),
    z.strictObject({
      series: z.string().meta({ description: "Its id in the file.", examples: ["VABD000163_Q1"] }),
      reason: z.string().meta({
        description: "Why it is left out.",
        examples: ["no metric has the unit KVARH; the meter has kWh, kW, V, A"],
      }),
      readings: z.int().min(1)
        .meta({ description: "How many readings of it the file has.", examples: [48] }),
    }).meta({ id: "SeriesLeftOut", description: "A series of a file that no meter takes." }),
  ])).meta({
    description:
      "Columns that are ignored because of their unit, series of NEM12 and ESPI that no " +
      "meter takes, and records without a reading.",
  }),
  preamble: z.array(z.string()).max(HEADER_LINES).meta({
    description: "The lines with text before the header of CSV, each cut to 100 characters.",
    examples: [["Account Number,0000000000"]],
  }),
  quality: z.record(z.string(), z.int().min(0)).optional().meta({
    description: "How many readings the file marks with each quality, by the name of the " +
      "quality; only if it marks any.",
    examples: [{ actual: 116, estimated: 28 }],
  }),
  doubts: z.array(z.string()).optional().meta({
    description: "What is doubtful about the file, in words; only if something is.",
    examples: [["The days begin at 00:00 UTC although the clocks are -18000 s from UTC."]],
  }),
};

/** {@link uploadNotes} as a type. */
export type UploadNotes = z.infer<z.ZodObject<typeof uploadNotes>>;

/** What an import into one meter did. */
export const importReport = z.strictObject({
  smart_meter_id: meterIdText,
  dry_run: isDryRun,
  ...importCounts,
  rejects: z.array(rejectSchema).max(REJECTS_LISTED)
    .meta({ description: `The first ${REJECTS_LISTED} rejected records.` }),
  repeats: z.array(repeatSchema).max(REJECTS_LISTED)
    .meta({ description: `The first ${REJECTS_LISTED} repeated records.` }),
  ambiguous,
  ...breakCounts,
  breaks: z.array(breakSchema).max(REJECTS_LISTED).meta({
    description: `The first ${REJECTS_LISTED} intervals for which a register has no energy.`,
  }),
  ...uploadNotes,
}).meta({ description: "What an import did, or what it would do in a dry run." });

/** {@link importReport} as a type. */
export type ImportReport = z.infer<typeof importReport>;

/** What an import did with one of many meters. */
export const importedMeter = z.strictObject({
  smart_meter_id: meterIdText,
  ...importCounts,
  ambiguous,
  ...breakCounts,
  left_out: z.array(recordsLeftOut).meta({ description: "Its records that give no reading." }),
  problem: z.string().nullable().meta({
    description: "The rule that the meter breaks, so that all its records are rejected; else null.",
    examples: [null],
  }),
  rejects: z.array(rejectSchema).max(METER_REJECTS_LISTED)
    .meta({ description: `The first ${METER_REJECTS_LISTED} of its records that were rejected.` }),
}).meta({ description: "What an import did with a meter." });

/** What an import of many meters did. */
export const manyImportReport = z.strictObject({
  dry_run: isDryRun,
  ...importCounts,
  meters: z.array(importedMeter).max(METERS_PER_UPLOAD_MAX)
    .meta({ description: "Every meter of the upload, in the order of their first records." }),
  rejects: z.array(meterRejectSchema)
    .max(REJECTS_LISTED).meta({
      description:
        `The first ${REJECTS_LISTED} rejected records of all meters. The meter is null ` +
        "if the record names none, or one that no meter can have.",
    }),
  repeats: z.array(meterRepeatSchema).max(REJECTS_LISTED)
    .meta({ description: `The first ${REJECTS_LISTED} repeated records of all meters.` }),
  breaks: z.array(meterBreakSchema).max(REJECTS_LISTED).meta({
    description: `The first ${REJECTS_LISTED} intervals for which a register has no energy.`,
  }),
  ...uploadNotes,
}).meta({ description: "What an import of many meters did, or would do in a dry run." });

/** {@link manyImportReport} as a type. */
export type ManyImportReport = z.infer<typeof manyImportReport>;
