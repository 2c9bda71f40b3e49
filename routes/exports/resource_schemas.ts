/**
 * What the routes under `/api/exports` answer.
 *
 * @module
 */

import { z } from "zod";
import { count, instant } from "../openapi/schema_parts.ts";
import { deliveryStates } from "../notify/target_schemas.ts";
import { exportBody } from "./request_schemas.ts";
import { jobError } from "./schemas.ts";

/** The states of an export. */
export const EXPORT_STATES = [
  "pending",
  "running",
  "completed",
  "failed",
  "cancelled",
  "expired",
] as const;

/** A stretch without readings. */
export const exportGap = z.strictObject({
  source: z.string().meta({ description: "The meter or device.", examples: ["123"] }),
  from: instant("The first time that is missing.", "2024-01-05T10:00:00Z"),
  to: instant("Where readings go on, or would.", "2024-01-05T12:00:00Z"),
  missing: count("How many readings are missing.", 120),
}).meta({ id: "ExportGap", description: "A stretch without readings." });

const gaps = z.strictObject({
  count: count("How many gaps there are.", 1),
  missing: count("How many readings they lack.", 120),
  listed: z.array(exportGap).meta({ description: "The first 100 of them." }),
  download_url: z.string().nullable().meta({
    description:
      "The path of the list of all gaps, as CSV. Null if the file is an archive, which " +
      "has the list.",
    format: "uri-reference",
    examples: ["/api/exports/4a9c7a4e-8f0e-4c57-9d3f-2b6f0c1d5e7a/gaps"],
  }),
}).meta({ id: "ExportGaps", description: "Where readings are missing, at the source's cadence." });

const resourceProgress = z.strictObject({
  rows: count("Rows written so far.", 20_000),
  rows_total: z.int().min(0).nullable().meta({
    description: "Estimated number of rows; null until there is an estimate.",
    examples: [44_640],
  }),
  percent: z.int().min(0).max(100).meta({
    description: "How much is done.",
    examples: [44],
  }),
  seconds_left: z.int().min(0).nullable().meta({
    description: "Estimated seconds until the end; null while nobody can tell.",
    examples: [2],
  }),
  attempt: z.int().min(1).meta({ description: "The number of this attempt.", examples: [1] }),
}).meta({ id: "ExportResourceProgress", description: "How far the export is." });

const file = z.strictObject({
  filename: z.string().meta({
    description: "The name under which the download is saved.",
    examples: ["smart_meter_123_20240101_20240131.csv"],
  }),
  download_url: z.string().meta({
    description: "The path of the download.",
    format: "uri-reference",
    examples: ["/api/export/download/4a9c7a4e-8f0e-4c57-9d3f-2b6f0c1d5e7a"],
  }),
  content_type: z.string().meta({ description: "Its media type.", examples: ["text/csv"] }),
  size_bytes: count("Its size, bytes.", 2_235_873),
  sha256: z.string().regex(/^[0-9a-f]{64}$/).meta({
    description: "SHA-256 of the file, hexadecimal.",
    examples: ["e8d187bca989bbb2fea893532aa95ddc2008269e9d5618d513e3f731dcea730d"],
  }),
  rows: count("Its number of rows.", 44_640),
  expires_at: instant("When it will be deleted.", "2024-02-08T08:00:01Z"),
}).meta({ id: "ExportResourceFile", description: "The file of an export." });

const range = z.strictObject({
  start: instant("First time, inclusive.", "2024-01-01T00:00:00Z"),
  end: instant("Last time, inclusive.", "2024-01-31T23:59:59.999Z"),
}).meta({ id: "ExportRange", description: "The range of the export in UTC." });

/** An export. */
export const exportResource = z.strictObject({
  id: z.uuid().meta({
    description: "Its id, which is also the `job_id`.",
    examples: ["4a9c7a4e-8f0e-4c57-9d3f-2b6f0c1d5e7a"],
  }),
  status: z.enum(EXPORT_STATES).meta({
    description: "`expired` when its file was deleted after its retention time.",
    examples: ["completed"],
  }),
  request: exportBody.meta({
    description: "What it exports, with every option that is not the default.",
  }),
  range,
  created_at: instant("When it was created.", "2024-02-01T08:00:00Z"),
  started_at: instant("When it began to run last.", "2024-02-01T08:00:00.100Z").nullable(),
  updated_at: instant("When it last changed.", "2024-02-01T08:00:01Z"),
  ended_at: instant("When it ended.", "2024-02-01T08:00:01Z").nullable(),
  progress: resourceProgress,
  file: file.nullable(),
  missing_intervals: z.int().min(0).nullable().meta({
    description: "Steps of the source's usual interval without a reading; null until the export " +
      "is completed, or with fewer than two readings.",
    examples: [0],
  }),
  gaps: gaps.nullable().meta({ description: "The gaps, with `gaps: report`." }),
  error: jobError.nullable(),
  deliveries: deliveryStates.optional(),
}).meta({ description: "An export: its request, times, progress and file." });

/** An export. */
export type ExportResource = z.infer<typeof exportResource>;

/** What an export will be. */
export const exportPreview = z.strictObject({
  rows: count("Rows of the file.", 44_640),
  readings: count("Readings that the rows are made of.", 44_640),
  is_exact: z.boolean().meta({
    description: "Whether both numbers are exact, not estimated.",
    examples: [true],
  }),
  size_bytes: count("The size of the file, estimated.", 2_235_873),
  sources: count("The sources of the request.", 1),
  sources_with_readings: count("How many of them have readings in the range.", 1),
  missing_intervals: z.int().min(0).nullable().meta({
    description:
      "How many readings are missing at the cadence of the sources, estimated; null if " +
      "there is no common cadence.",
    examples: [0],
  }),
  range,
  filename: z.string().meta({
    description: "The name of the file.",
    examples: ["smart_meter_123_20240101_20240131.csv"],
  }),
  content_type: z.string().meta({ description: "Its media type.", examples: ["text/csv"] }),
  columns: z.array(z.string()).meta({
    description: "The names of its columns.",
    examples: [["timestamp", "power_kw"]],
  }),
  first_rows: z.string().meta({
    description:
      "A file of the first rows, at most ten, as they will be written. For Parquet and " +
      "XLSX the rows are NDJSON.",
    examples: ["timestamp,power_kw\n2024-01-01T00:00:00Z,2.63\n"],
  }),
  first_row_count: z.int().min(0).max(10).meta({
    description:
      "How many rows that are. There may be fewer than ten although the file has more, " +
      "where the range begins with gaps.",
    examples: [1],
  }),
}).meta({ description: "What an export will be: its size, gaps and first rows." });

/** What an export will be. */
export type ExportPreviewBody = z.infer<typeof exportPreview>;

/** Some exports. */
export const exportList = z.strictObject({
  exports: z.array(exportResource).meta({ description: "The exports, the newest first." }),
  next: z.string().regex(/^\/api\/exports\?/).nullable().meta({
    description: "The path of the next page; null at the end.",
    examples: ["/api/exports?limit=20&cursor=1706774400000_4a9c7a4e-8f0e-4c57-9d3f-2b6f0c1d5e7a"],
  }),
}).meta({ description: "A page of the history of exports." });

/** Some exports. */
export type ExportList = z.infer<typeof exportList>;

/** What an export has written, and from what. */
export const exportManifest = z.strictObject({
  id: exportResource.shape.id,
  version: z.string().nullable().meta({
    description: "The version of the service that wrote the file.",
    examples: ["0.9.0"],
  }),
  created_at: instant("When the export was created.", "2024-02-01T08:00:00Z"),
  completed_at: instant("When it was completed.", "2024-02-01T08:00:01Z").nullable(),
  request: exportResource.shape.request,
  range,
  profile: z.string().meta({ description: "The profile of the sources.", examples: ["meter"] }),
  data_revision: z.int().min(0).nullable().meta({
    description: "The sum of the revisions of the sources. It grows whenever readings of one of " +
      "them change.",
    examples: [7],
  }),
  rows: count("Rows of the file.", 44_640),
  readings: z.int().min(0).nullable().meta({
    description: "Readings that the rows are made of.",
    examples: [44_640],
  }),
  first: instant("The first reading; null without readings.", "2024-01-01T00:00:00Z").nullable(),
  last: instant("The last reading.", "2024-01-31T23:59:00Z").nullable(),
  missing_intervals: exportResource.shape.missing_intervals,
  gaps: exportResource.shape.gaps,
  filename: file.shape.filename,
  content_type: file.shape.content_type,
  size_bytes: file.shape.size_bytes,
  sha256: file.shape.sha256,
}).meta({
  description: "The manifest of a completed export. The same request over the same data revision " +
    "gives the same bytes.",
});

/** What an export has written, and from what. */
export type ExportManifest = z.infer<typeof exportManifest>;
