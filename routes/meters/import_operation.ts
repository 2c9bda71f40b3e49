/**
 * The operations that import readings, as the OpenAPI document describes them.
 *
 * @module
 */

import { METERS_PER_UPLOAD_MAX } from "../../data/limits.ts";
import type { Operation } from "../openapi/operation.ts";
import { UPLOAD_PROBLEMS } from "../openapi/upload_parts.ts";
import { manyUploadBodies, uploadBodies } from "./import_bodies.ts";
import { uploadParameters } from "./import_parameters.ts";
import { importReport, manyImportReport } from "./import_report_schemas.ts";
import { meterId } from "./schemas.ts";

/** Importing readings of one meter. */
export const importOperation: Operation = {
  method: "post",
  path: "/api/meters/{id}/readings",
  id: "importReadings",
  tag: "Meters",
  summary: "Import readings",
  description:
    "Send an upload of any length: CSV with a header, NEM12, Green Button (ESPI), one JSON object a " +
    "line, or a JSON array of objects. Columns and properties go by name, in any order: `timestamp` " +
    "and at least one metric of the meter's profile, such as `energy_kwh` or `power_kw`. The " +
    "parameters describe uploads that look different; `POST /api/readings/inspect` finds them. An " +
    "empty field or null is a missing value. A `smart_meter_id` must be that of the " +
    "meter. `application/octet-stream` takes any of these, by its first bytes.\n\nA reading " +
    "replaces the whole stored " +
    "reading of the same time. If a time occurs twice in an upload, the last reading wins; the " +
    "others count as `repeated`. An upload's times are remembered within 8 MiB, which is enough " +
    "for a million at irregular times and for many more at a regular step. If one is forgotten and " +
    "comes again, it counts by what it does to the stored reading.\n\nGood records are stored as " +
    "they arrive, even if the upload breaks off. Send the same upload again to complete it. " +
    "`GET /api/meters/{id}` shows how far it is.",
  parameters: [meterId, ...uploadParameters],
  body: uploadBodies,
  answers: [{
    status: 200,
    description: "The upload was read to its end. `rejects` lists what was rejected, and why.",
    content: [{ mediaType: "application/json", schema: importReport }],
  }],
  problems: ["INVALID_REQUEST", ...UPLOAD_PROBLEMS, "SERIES_BUSY", "QUOTA_EXCEEDED"],
};

/** Importing readings of many meters. */
export const manyImportOperation: Operation = {
  method: "post",
  path: "/api/readings",
  id: "importReadingsOfMeters",
  tag: "Meters",
  summary: "Import readings of many meters",
  description: "Send an upload of any length with readings of up to " +
    `${METERS_PER_UPLOAD_MAX.toLocaleString("en")} meters, in any order. Each record names its ` +
    "meter in `smart_meter_id`, or in the column or property that `meter` says. Everything else is " +
    "as in an upload into one meter: forms, parameters, and what happens to good and bad records. " +
    "A meter that does not exist is created.\n\nThe answer has a report for each meter. A meter's " +
    "problem, such as an id that no meter can have, never harms the others. " +
    "`GET /api/meters/{id}` shows how far the upload is with a meter.",
  parameters: uploadParameters,
  body: manyUploadBodies,
  answers: [{
    status: 200,
    description: "The upload was read to its end. `meters` has what was done with each meter.",
    content: [{ mediaType: "application/json", schema: manyImportReport }],
  }],
  problems: ["INVALID_REQUEST", ...UPLOAD_PROBLEMS, "SERIES_BUSY", "QUOTA_EXCEEDED"],
};
