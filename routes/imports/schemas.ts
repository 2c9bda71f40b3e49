/**
 * What the answers of all imports share, as schemas.
 *
 * @module
 */

import { z } from "zod";
import { METER_ID_PATTERN } from "../../data/limits.ts";
import { count, instant } from "../openapi/schema_parts.ts";

const line = z.int().min(1).meta({
  description: "Its line in CSV or NDJSON. The first line is 1; in CSV that is the header.",
  examples: [5],
});

const index = z.int().min(0).meta({
  description: "Its place in a JSON array. The first is 0.",
  examples: [3],
});

const problemOfRecord = {
  field: z.string().nullable().meta({
    description: "The column or property that is wrong; null if the whole record is.",
    examples: ["voltage_v"],
  }),
  value: z.string().max(100).meta({
    description: "Its value, at most 100 characters of it.",
    examples: ["-1"],
  }),
  rule: z.string().meta({ description: "The rule it breaks.", examples: ["0 to 1000000 V"] }),
};

/** A record that was rejected. */
export const rejectSchema = z.union([
  z.strictObject({ line, ...problemOfRecord })
    .meta({ id: "RejectedLine", description: "A line of CSV or NDJSON that was rejected." }),
  z.strictObject({ index, ...problemOfRecord })
    .meta({ id: "RejectedElement", description: "An element of a JSON array that was rejected." }),
]).meta({ description: "A record that was rejected." });

const ofMeter = z.string().regex(METER_ID_PATTERN)
  .meta({ description: "The meter.", examples: ["123"] });

/** A record of one of many meters that was rejected. */
export const meterRejectSchema = z.union([
  z.strictObject({ line, smart_meter_id: ofMeter.nullable(), ...problemOfRecord })
    .meta({ description: "A line of CSV or NDJSON that was rejected." }),
  z.strictObject({ index, smart_meter_id: ofMeter.nullable(), ...problemOfRecord })
    .meta({ description: "An element of a JSON array that was rejected." }),
]).meta({
  description: "A record that was rejected. Its meter is null if it names none that can be.",
});

const time = instant("The time that occurred before.", "2024-05-01T12:00:00Z");

/** A record whose time the upload already had. */
export const repeatSchema = z.union([
  z.strictObject({ line, timestamp: time })
    .meta({ id: "RepeatedLine", description: "A line of CSV or NDJSON with a repeated time." }),
  z.strictObject({ index, timestamp: time })
    .meta({ id: "RepeatedElement", description: "An element of a JSON array, likewise." }),
]).meta({ description: "A record whose time occurred earlier in the same upload." });

const registerBreak = {
  kind: z.enum(["gap", "reset", "rollover", "jump"]).meta({
    description:
      "Why there is no energy: the next reading is missing; the register fell; it began " +
      "at 0 again; it rose as no load does.",
    examples: ["gap"],
  }),
  timestamp: instant("The start of the interval.", "2024-05-01T12:00:00Z"),
};

/** An interval for which a register has no energy. */
export const breakSchema = z.union([
  z.strictObject({ line, ...registerBreak })
    .meta({ description: "A line of CSV or NDJSON after which a register has no energy." }),
  z.strictObject({ index, ...registerBreak })
    .meta({ description: "An element of a JSON array, likewise." }),
]).meta({ description: "An interval for which a register has no energy." });

/** An interval for which a register of one of many meters has no energy. */
export const meterBreakSchema = z.union([
  z.strictObject({ line, smart_meter_id: ofMeter, ...registerBreak })
    .meta({ description: "A line of CSV or NDJSON after which a register has no energy." }),
  z.strictObject({ index, smart_meter_id: ofMeter, ...registerBreak })
    .meta({ description: "An element of a JSON array, likewise." }),
]).meta({ description: "An interval for which a register has no energy." });

/** A record of one of many meters whose time the upload already had. */
export const meterRepeatSchema = z.union([
  z.strictObject({ line, smart_meter_id: ofMeter, timestamp: time })
    .meta({ description: "A line of CSV or NDJSON with a repeated time." }),
  z.strictObject({ index, smart_meter_id: ofMeter, timestamp: time })
    .meta({ description: "An element of a JSON array, likewise." }),
]).meta({ description: "A record whose time occurred earlier in the same upload." });

/** The counts of an import. */
export const importCounts = {
  received: count(
    "Records in the upload: `inserted` + `updated` + `unchanged` + `repeated` + `rejected`, and " +
      "those that an import of readings leaves out.",
    5,
  ),
  inserted: count("Times that were new.", 1),
  updated: count("Times that were stored with other values.", 1),
  unchanged: count("Times that were stored with the same values.", 1),
  repeated: count("Records whose time occurred earlier in the same upload.", 1),
  rejected: count("Records that were rejected.", 1),
};

/** Whether an import writes. */
export const isDryRun = z.boolean().meta({
  description: "Whether nothing is written: the counts are what an import would do.",
  examples: [false],
});

/** An import that is running. */
export const runningImport = z.strictObject({
  started_at: instant("When it began.", "2024-05-01T12:00:00Z"),
  dry_run: isDryRun,
  ...importCounts,
  bytes_received: count("Bytes of the body that arrived so far, before decompression.", 1_048_576),
  bytes_total: count("Bytes of the whole body; null if the request has no length.", 26_323_485)
    .nullable(),
  percent: z.int().min(0).max(99).nullable().meta({
    description: "How much of the body arrived; null if its length is unknown.",
    examples: [3],
  }),
}).meta({
  description: "A running import. What it counts as inserted, updated, unchanged and repeated is " +
    "durable, except in a dry run.",
});

/** {@link runningImport} as a type. */
export type RunningImport = z.infer<typeof runningImport>;
