/**
 * The schemas of requests and answers about continuous export.
 *
 * @module
 */

import { z } from "zod";
import { rangeStartMs } from "../../data/time/range_text.ts";
import { deviceIdText } from "../openapi/device_id.ts";
import { cursorText, limitText } from "../openapi/list_query.ts";
import { rangeTimeMeta, rangeTimeRule } from "../openapi/range_time.ts";
import { count, instant } from "../openapi/schema_parts.ts";

const STATES = ["off", "paused", "failing", "waiting", "catching_up", "up_to_date"] as const;

/** A state of the export of a device. */
export type ExportState = typeof STATES[number];

const STATE_TEXTS: Readonly<Record<ExportState, string>> = {
  off: "this service does not export continuously, or not this device",
  paused: "paused until you resume it",
  failing: "the last attempt failed; `last_error` says why, and the service keeps trying",
  waiting: "the device has no reading yet",
  catching_up: "some windows have ended and are not exported yet",
  up_to_date: "every window that has ended is exported",
};

/** The query of the list. */
export const exportListQuery = z.strictObject({
  limit: limitText,
  cursor: cursorText.optional(),
});

const bound = (name: string, day: string) => {
  const rule = rangeTimeRule(name);
  const description = `ISO 8601; UTC without an offset. A bare date is ${day}.`;
  return z.string(rule).refine((text) => rangeStartMs(text) !== null, rule)
    .meta(rangeTimeMeta(description, "2026-02-07T12:00:00Z"));
};

/** The body of a replay request. */
export const replayRequest = z.strictObject({
  from: bound("from", "its midnight"),
  to: bound("to", "the midnight after it, so that day is included"),
}, {
  error: (issue) => issue.code === "invalid_type" ? "The body must be a JSON object" : undefined,
}).meta({ description: "Selects the windows of all readings at or after `from` and before `to`." });

const span = z.strictObject({
  from: instant("Start of the span.", "2026-02-07T00:00:00Z"),
  to: instant("End of the span, exclusive.", "2026-02-08T00:00:00Z"),
}).meta({ id: "ReplaySpan", description: "A span that is still to be replayed." });

const lastObject = z.strictObject({
  key: z.string().meta({
    description: "The path of the object below the folder or in the bucket.",
    examples: ["device_id=test-001/date=2026/02/07/export_120000.parquet"],
  }),
  window_start: instant("Start of the window.", "2026-02-07T12:00:00Z"),
  window_end: instant("End of the window, exclusive.", "2026-02-07T12:01:00Z"),
  rows: count("Number of readings in the object.", 60),
  size_bytes: count("Size of the object.", 4_211),
  sha256: z.string().regex(/^[0-9a-f]{64}$/).meta({
    description: "SHA-256 of the object, lower-case hexadecimal.",
    examples: ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
  }),
  revision: count("1, plus 1 for each time it was rewritten with different readings.", 1),
  written_at: instant("When the destination confirmed the object.", "2026-02-07T12:01:03.120Z"),
}).meta({ id: "ExportedObject", description: "An object that the destination confirmed." });

/** The export of a device. */
export const continuousExport = z.strictObject({
  device_id: deviceIdText,
  state: z.enum(STATES).meta({
    description: `${STATES.map((state) => `\`${state}\`: ${STATE_TEXTS[state]}`).join("; ")}.`,
    examples: ["up_to_date"],
  }),
  checkpoint: instant(
    "Every window before this time is exported; null before the first one. If a device sends " +
      "nothing, its checkpoint moves on about every ten minutes.",
    "2026-02-07T12:01:00Z",
  ).nullable(),
  compacted_until: instant(
    "Each day before this time is one object of the device (`EXPORT_COMPACT=daily`) or of its profile " +
      "(`daily-by-profile`); null if no day is.",
    "2026-02-07T00:00:00Z",
  ).nullable(),
  window_seconds: count("Length of today's windows.", 60),
  lag_seconds: z.number().min(0).meta({
    description: "Time since the end of the oldest window that has ended and is not exported; 0 " +
      "if every such window is. It may be too long just after a device resumes sending.",
    examples: [0],
  }),
  exported_revision: count(
    "The revision of the device's readings that is exported, including all readings that came " +
      "late up to then. Always 0 for readings from InfluxDB.",
    86,
  ),
  revision: count(
    "The current revision of the device's readings. It grows whenever they change.",
    86,
  ),
  last_object: lastObject.nullable().meta({
    description: "The object confirmed most recently; null before the first one.",
  }),
  last_error: z.strictObject({
    message: z.string().meta({
      description: "What is wrong.",
      examples: ["The file store has no room left"],
    }),
    since: instant("When it first failed.", "2026-02-07T12:01:03Z"),
    at: instant("When it last failed.", "2026-02-07T12:05:11Z"),
    attempts: count("Number of failures since then.", 5),
  }).meta({ id: "ContinuousExportError", description: "Why an export is failing." }).nullable()
    .meta({
      description: "Why the export is failing; null if it is not.",
    }),
  totals: z.strictObject({
    objects: count("Objects written, including rewrites.", 1_440),
    rows: count("Readings in these objects.", 86_400),
    size_bytes: count("Size of these objects.", 6_063_840),
    rewrites: count("Objects that replaced an older version.", 3),
    deletions: count("Objects deleted because their readings were removed.", 0),
  }).meta({
    id: "ContinuousExportTotals",
    description: "Everything written since the export of the device began.",
  }),
  replays: z.array(span).meta({ description: "Spans still to be replayed." }),
}).meta({ description: "The continuous export of a device." });

/** The export of a device. */
export type ContinuousExport = z.infer<typeof continuousExport>;

/** A page of exports. */
export const continuousExportList = z.strictObject({
  exports: z.array(continuousExport).meta({ description: "Exports, ordered by device id." }),
  next: z.string().regex(/^\/api\/continuous-exports\?limit=\d+&cursor=[A-Za-z0-9_.%-]+$/)
    .nullable()
    .meta({
      description: "The path of the next page; null on the last page.",
      examples: ["/api/continuous-exports?limit=100&cursor=test-001"],
    }),
}).meta({ description: "A page of continuous exports." });

/** A page of exports. */
export type ContinuousExportList = z.infer<typeof continuousExportList>;
