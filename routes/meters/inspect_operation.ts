/**
 * The operations that inspect a file and list presets, as the OpenAPI document describes them.
 *
 * @module
 */

import { z } from "zod";
import { INSPECTED_MAX_BYTES } from "../../data/limits.ts";
import type { Content, Operation } from "../openapi/operation.ts";
import { contentEncoding, UPLOAD_PROBLEMS, uploadText } from "../openapi/upload_parts.ts";
import { reading } from "./import_bodies.ts";
import { inspectionSchema, inspectQuery, presetListSchema } from "./inspect_schemas.ts";

const file = uploadText("A file of readings, or the beginning of one.");

const bodies: readonly Content[] = [
  {
    mediaType: "text/csv",
    schema: file,
    examples: {
      quarter_hours: {
        summary: "A file of an Austrian grid operator",
        value: "Messzeitpunkt;Verbrauch (kWh);Qualität\n" +
          "31.01.2024 23:45;0,063;L1\n" +
          "01.02.2024 00:00;0,083;L1\n",
      },
      unknown_table: {
        summary: "A table of which nothing is known",
        value: "Time,Usage\n03/02/2024 10:00,1.5\n03/02/2024 10:15,2.5\n",
      },
    },
  },
  { mediaType: "application/xml", schema: file },
  { mediaType: "application/x-ndjson", schema: file },
  {
    mediaType: "application/json",
    schema: z.array(reading),
  },
];

/** Inspecting a file. */
export const inspectOperation: Operation = {
  method: "post",
  path: "/api/readings/inspect",
  id: "inspectReadings",
  tag: "Meters",
  summary: "Inspect a file of readings",
  description:
    "Says what a file is and proposes the request that imports it. Send the file or its beginning: " +
    `at most ${
      INSPECTED_MAX_BYTES / 1_048_576
    } MiB is read, 64 KiB are mostly enough. Nothing is ` +
    "stored, and `Content-Type` does not matter. A file packed with gzip or ZIP is unpacked.\n\n" +
    "What the file does not prove is listed in `doubts`, each with the parameter that settles it: " +
    "the zone of its times, the order of day and month, whether a time is the start or the end of " +
    "its interval, whether a number is a register. `readings` shows the first five readings as the " +
    "proposed import would store them, or as that of `import` would.\n\nA file that cannot be imported is answered too: " +
    "`advice` says what to do with an Excel workbook, a PDF or a web page.",
  parameters: [
    {
      in: "query",
      name: "import",
      description:
        "The parameters of an import as a query string. They are tried instead of those " +
        "that the inspection proposes, so that you see what another choice gives.",
      schema: inspectQuery.shape.import,
      example: "timezone=Europe/Vienna",
    },
    {
      in: "query",
      name: "into",
      description:
        "Whether that import goes into `one` meter or into `many`; by default as proposed.",
      schema: inspectQuery.shape.into,
      example: "one",
    },
    {
      in: "query",
      name: "rows",
      description: "How many readings and rejected records to show at most, 1 to 100.",
      schema: inspectQuery.shape.rows,
      example: "20",
    },
    contentEncoding,
  ],
  body: bodies,
  answers: [{
    status: 200,
    description: "What the file is.",
    content: [{ mediaType: "application/json", schema: inspectionSchema }],
  }],
  problems: UPLOAD_PROBLEMS,
};

/** Listing presets. */
export const presetsOperation: Operation = {
  method: "get",
  path: "/api/presets",
  id: "listPresets",
  tag: "Meters",
  summary: "List presets",
  description:
    "The known shapes of files: by what such a file is known, the options of its import, and where " +
    "the shape is documented or shown in public. Send `preset=NAME` with an import to use one.",
  answers: [{
    status: 200,
    description: "All presets.",
    content: [{ mediaType: "application/json", schema: presetListSchema }],
  }],
  problems: [],
};
