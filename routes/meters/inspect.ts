/**
 * Inspecting files of readings over HTTP, and the list of presets.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { officeKind } from "../../data/inspect/content_kind.ts";
import { inspectFile } from "../../data/inspect/inspect_file.ts";
import type { Inspection } from "../../data/inspect/inspection.ts";
import { isGzip, isZip, unpackSample } from "../../data/inspect/unpack_sample.ts";
import { INSPECTED_MAX_BYTES } from "../../data/limits.ts";
import type { AcceptedTimes } from "../../data/time/accepted_times.ts";
import { requireReadableZip } from "../../data/unpack/zip_bytes.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { readBodySample } from "../http/body_sample.ts";
import { enterUpload } from "../http/request_body.ts";
import { requestCoding } from "../http/body_form.ts";
import { parameterErrors } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { inspectQuery } from "./inspect_schemas.ts";
import { inspectionBody, presetListBody } from "./inspect_body.ts";
import { type Preview, previewImport } from "./preview.ts";
import { withSavedPreset } from "./saved_preset.ts";

/** How many ids of meters are listed. */
const METERS_LISTED = 20;

/** What the routes need. */
export interface InspectDeps {
  /** Which times readings may have; an import only has the oldest one. */
  readonly acceptedTimes: AcceptedTimes;
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get">;
}

/** The routes that look at files and store nothing. */
export function inspectRoutes({ kv, acceptedTimes: { oldestMs } }: InspectDeps): GuardedRoutes {
  return guardedRoutes()
    .get("/api/presets", (c) => c.json(presetListBody()))
    .post("/api/readings/inspect", async (c) => {
      const query = inspectQuery.safeParse(c.req.query());
      if (!query.success) throw invalidRequest(parameterErrors(query.error, c.req.query()));
      const isCoded = requestCoding(c.req.raw, ["gzip", "identity"]) === "gzip";
      using _place = enterUpload(c.req.raw);
      const raw = await readBodySample(c.req.raw, INSPECTED_MAX_BYTES);
      if (isCoded && !isGzip(raw.bytes)) {
        throw new AppError("MALFORMED_BODY", "The body is not valid gzip");
      }
      // The parts of a workbook are not uploads.
      if (isZip(raw.bytes) && officeKind(raw.bytes) === null) {
        requireReadableZip(raw.bytes, raw.isWhole);
      }
      const sample = unpackSample(raw, INSPECTED_MAX_BYTES);
      if ("fault" in sample) throw new AppError("MALFORMED_BODY", sample.fault);
      const found = inspectFile(sample);
      const { import: chosen, into, rows } = query.data;
      const options = { sample, oldestMs, rows: Number(rows), into };
      const isOfMany = into === undefined ? found.hasManyMeters : into === "many";
      const given = chosen === undefined ? found : {
        ...found,
        parameters: await withSavedPreset(kv, c.get("caller"), parametersOf(chosen), isOfMany),
      };
      const { preview, inspection } = checked(given, options);
      return c.json(inspectionBody(inspection, { sample, preview }));
    });
}

type PreviewOptions = Parameters<typeof previewImport>[1];

/** The parameters of an import, given as a query string. */
function parametersOf(text: string): Record<string, string[]> {
  const query = new URLSearchParams(text);
  const names = [...new Set(query.keys())];
  return Object.fromEntries(names.map((name) => [name, query.getAll(name)]));
}

/** The inspection of an import into one meter or into many. */
function intoChosen(found: Inspection, into: "one" | "many" | undefined): Inspection {
  return into === undefined ? found : { ...found, hasManyMeters: into === "many" };
}

/** The proposed import tried on the sample. One that is refused is none. */
function checked(
  found: Inspection,
  { into, ...options }: PreviewOptions & { into: "one" | "many" | undefined },
): { preview: Preview; inspection: Inspection } {
  const given = intoChosen(withMeters(found, options), into);
  const preview = previewImport(given, options);
  if (preview.refusal === null) return { preview, inspection: given };
  const kind = { ...given.kind, advice: preview.refusal };
  return { preview, inspection: { ...given, kind, isImportable: false } };
}

/** The meters of a file in a format of meters, which only its reader knows. */
function withMeters(found: Inspection, options: PreviewOptions): Inspection {
  const { kind, isImportable } = found;
  if (!isImportable || (kind.format !== "nem12" && kind.format !== "espi")) return found;
  const { meterIds } = previewImport({ ...found, hasManyMeters: true }, options);
  const ids = meterIds.slice(0, METERS_LISTED);
  return {
    ...found,
    hasManyMeters: meterIds.length > 1,
    meter: ids.length === 0 ? null : { column: null, ids, count: meterIds.length },
  };
}
