/**
 * The operations that preview an export, as the OpenAPI document describes them.
 *
 * @module
 */

import { z } from "zod";
import type { Answer, Examples, Operation, Parameter } from "../openapi/operation.ts";
import { exampleOf } from "../openapi/schema_example.ts";
import { targetFields } from "../notify/target_schemas.ts";
import { exportBody, exportFields } from "./request_schemas.ts";
import { exportPreview } from "./resource_schemas.ts";

/** Requests that show what an export can do. */
export const EXPORT_EXAMPLES: Examples = {
  local_month: {
    summary: "A month in local time, for Excel in Germany",
    value: {
      smart_meter_id: "123",
      start_datetime: "2024-01-01",
      end_datetime: "2024-01-31",
      timezone: "Europe/Berlin",
      csv: "excel-de",
    },
  },
  quarter_hours: {
    summary: "Totals of 15 minutes, with the highest power",
    value: {
      smart_meter_id: "123",
      period: "last_month",
      timezone: "Europe/Berlin",
      interval: "15m",
      aggregates: { power_kw: ["mean", "max"] },
      gaps: "report",
    },
  },
  months_side_by_side: {
    summary: "Ten years of two meters, a column for each",
    value: {
      smart_meter_ids: ["123", "124"],
      start_datetime: "2014-01-01",
      end_datetime: "2023-12-31",
      interval: "1mo",
      columns: ["timestamp", "energy_kwh"],
      layout: "wide",
    },
  },
};

const previewAnswer: Answer = {
  status: 200,
  description: "The preview.",
  headers: ["Cache-Control"],
  content: [{ mediaType: "application/json", schema: exportPreview }],
};

const PREVIEW =
  "Rows, bytes and gaps, estimated from few reads, and the first ten rows as they will " +
  "be written. Of a `wide` file they have the columns of at most 100 sources. Nothing is created.";

const preview: Operation = {
  method: "get",
  path: "/api/exports/preview",
  id: "previewExport",
  tag: "Exports",
  summary: "Preview an export",
  description: `${PREVIEW} The fields are those of \`POST /api/exports\`: lists are separated by ` +
    "commas, and `aggregates` and an object `csv` are JSON.",
  parameters: previewParameters(),
  answers: [previewAnswer],
  problems: ["INVALID_REQUEST", "SERIES_BUSY"],
};

const previewBody: Operation = {
  method: "post",
  path: "/api/exports/preview",
  id: "previewExportOf",
  tag: "Exports",
  summary: "Preview an export by its body",
  description: `${PREVIEW} The body is that of \`POST /api/exports\`.`,
  body: [{ mediaType: "application/json", schema: exportBody, examples: EXPORT_EXAMPLES }],
  answers: [previewAnswer],
  problems: [
    "INVALID_REQUEST",
    "MALFORMED_BODY",
    "BODY_TOO_LARGE",
    "UNSUPPORTED_MEDIA_TYPE",
    "SERIES_BUSY",
  ],
};

/** The query of a preview: the fields of its body, but lists and objects as text. */
function previewParameters(): Parameter[] {
  const texts: Readonly<Record<string, string>> = {
    smart_meter_ids: "123,124",
    device_ids: "battery-7,battery-8",
    aggregates: '{"power_kw":["mean","max"]}',
    columns: "timestamp,power_kw",
    csv: "excel-de",
  };
  // A preview makes no file, so nothing is delivered.
  const shown = Object.entries(exportFields).filter(([name]) => !Object.hasOwn(targetFields, name));
  return shown.map(([name, schema]) => ({
    in: "query",
    name,
    description: `As \`${name}\` of \`POST /api/exports\`.`,
    schema: name in texts ? z.string() : schema,
    example: texts[name] ?? exampleOf(schema),
  }));
}

/** The operations that preview an export. */
export const previewOperations: readonly Operation[] = [preview, previewBody];
