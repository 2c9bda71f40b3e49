/**
 * Uploads of readings over HTTP: of one meter, and of many.
 *
 * @module
 */

import { type Context, Hono } from "hono";
import type { ManyMetersReader } from "../../data/imports/upload_reader.ts";
import type { AcceptedTimes } from "../../data/time/accepted_times.ts";
import { bodyForm } from "../http/body_form.ts";
import { UPLOAD_TYPES } from "./import_query.ts";
import { type ImportDeps, importReadings, type ImportResult } from "./import_readings.ts";
import { manyReport, oneReport } from "./import_report.ts";
import { meterId } from "./meter_id.ts";
import { createProfilesOfUpload, meterSource, type MeterSourceDeps } from "./meter_source.ts";
import { openReader } from "./open_reader.ts";

/** What the routes need. */
export interface ImportRouteDeps extends Omit<ImportDeps, "profileOf">, MeterSourceDeps {
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
    const queries = c.req.queries();
    const source = id === null ? {} : await meterSource(deps, id);
    const { reader, isDryRun } = openReader({ queries, mediaType, id, oldestMs, ...source });
    const totalBytes = contentLength(c.req.header("content-length"));
    const { body } = c.req.raw;
    const upload = { meterId: id, reader, body, isGzip, totalBytes, isDryRun };
    const profileOf = await createProfilesOfUpload(deps);
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
