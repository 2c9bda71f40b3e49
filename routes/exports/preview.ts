/**
 * Previews of exports over HTTP.
 *
 * @module
 */

import { instantText } from "../../data/time/time_text.ts";
import type { ExportSpec } from "../../data/exports/spec.ts";
import type { Profile } from "../../data/readings/profile.ts";
import { restorePlus, restoreZonePlus } from "../../data/time/query_plus.ts";
import type { ExportPreviewer } from "../../jobs/exports/preview_contract.ts";
import { invalidRequest } from "../http/problem.ts";
import type { ExportPreviewBody } from "./resource_schemas.ts";

/** Fields of the query that are lists, separated by commas. */
const LISTS: readonly string[] = ["smart_meter_ids", "device_ids", "columns"];
/** Fields of the query that may be JSON. */
const OBJECTS: readonly string[] = ["aggregates", "csv"];

/** The body that a query spells: lists by commas, objects as JSON. */
export function bodyOfQuery(query: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(query).map(([name, text]) => [name, valueOf(name, text)]),
  );
}

function valueOf(name: string, text: string): unknown {
  if (LISTS.includes(name)) return text.split(",");
  if (OBJECTS.includes(name) && text.startsWith("{")) return parsed(name, text);
  if (name === "utc" && (text === "true" || text === "false")) return text === "true";
  if (name === "timezone") return restoreZonePlus(text);
  return name.endsWith("_datetime") ? restorePlus(text) : text;
}

function parsed(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalidRequest([{
      pointer: `#${name}`,
      detail: `${name} must be valid JSON`,
      value: text,
    }]);
  }
}

/** The answer with a preview. */
export async function previewBody(
  previewer: ExportPreviewer,
  { spec, profile, signal }: { spec: ExportSpec; profile: Profile; signal: AbortSignal },
): Promise<ExportPreviewBody> {
  const preview = await previewer.preview(spec, profile, signal);
  return {
    rows: preview.rows,
    readings: preview.readings,
    is_exact: preview.isExact,
    size_bytes: preview.sizeBytes,
    sources: spec.ids.length,
    sources_with_readings: preview.sourcesWithReadings,
    missing_intervals: preview.missing,
    range: { start: instantText(spec.fromMs), end: instantText(spec.toMs - 1) },
    filename: preview.filename,
    content_type: preview.contentType,
    columns: [...preview.columns],
    first_rows: preview.firstRows,
    first_row_count: preview.firstRowCount,
  };
}
