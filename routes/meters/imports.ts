/**
 * Uploads of readings over HTTP: of one meter, and of many.
 *
 * @module
 */

import { type Context, Hono } from "hono";
import { createCsvReader } from "../../data/imports/csv_read.ts";
import { createJsonArrayReader, createNdjsonReader } from "../../data/imports/json_read.ts";
import type { UploadOptions } from "../../data/imports/upload_options.ts";
import type { ManyMetersReader } from "../../data/imports/upload_reader.ts";
import { PROFILES } from "../../data/readings/profile.ts";
import type { AcceptedTimes } from "../../data/time/accepted_times.ts";
import { bodyForm } from "../http/body_form.ts";
import { readImportQuery, UPLOAD_TYPES, type UploadType } from "./import_query.ts";
import { type ImportDeps, importReadings, type ImportResult } from "./import_readings.ts";
import { manyReport, oneReport } from "./import_report.ts";
import { meterId } from "./meter_id.ts";

/** The reader of uploads of each media type. */
const UPLOAD_READERS: Readonly<Record<UploadType, (options: UploadOptions) => ManyMetersReader>> = {
  "text/csv": createCsvReader,
  "application/x-ndjson": createNdjsonReader,
  "application/json": createJsonArrayReader,
};

/** What the routes need. */
export interface ImportRouteDeps extends Omit<ImportDeps, "profileOf"> {
  /** Which times readings may have; an import only has the oldest one. */
  readonly acceptedTimes: AcceptedTimes;
}

/** An import, and what may be asked of its reader. */
interface Imported {
  readonly result: ImportResult;
  readonly reader: ManyMetersReader;
  readonly isDryRun: boolean;
}

/** The routes that import readings. */
export function importRoutes(deps: ImportRouteDeps): Hono {
  const { acceptedTimes: { oldestMs } } = deps;

  async function importBody(c: Context, id: string | null): Promise<Imported> {
    const { mediaType, isGzip } = bodyForm(c.req.raw, UPLOAD_TYPES, ["gzip", "identity"]);
    const query = readImportQuery(c.req.queries(), { mediaType, isOfManyMeters: id === null });
    const { dialect, isDryRun } = query;
    const profile = PROFILES.meter;
    const reading = { profile, id, dialect, dialectOf: () => dialect, oldestMs };
    const reader = UPLOAD_READERS[mediaType](reading);
    const totalBytes = contentLength(c.req.header("content-length"));
    const { body } = c.req.raw;
    const upload = { meterId: id, reader, body, isGzip, totalBytes, isDryRun };
    const profileOf = () => Promise.resolve(profile);
    return { result: await importReadings({ ...deps, profileOf }, upload), reader, isDryRun };
  }

  return new Hono()
    .post("/api/meters/:id/readings", async (c) => {
      const id = meterId(c.req.param("id"));
      return c.json(oneReport(id, await importBody(c, id)));
    })
    .post("/api/readings", async (c) => c.json(manyReport(await importBody(c, null))));
}

function contentLength(header: string | undefined): number | null {
  return header === undefined ? null : Number(header);
}
