/**
 * Uploads of readings over HTTP: of one meter, and of many.
 *
 * @module
 */

import type { Context } from "hono";
import { accountOf } from "../../data/access/account.ts";
import type { DomainEvent } from "../../data/events/event.ts";
import type { AcceptedTimes } from "../../data/time/accepted_times.ts";
import { commitEvent } from "../../kv/events/outbox.ts";
import { type DeleteMeterDeps, keepMeter } from "../../kv/meters/delete.ts";
import type { ReadingQuotas } from "../../kv/series/quotas.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { requireTouch } from "../access/touch.ts";
import { bodyForm } from "../http/body_form.ts";
import { enterUpload } from "../http/request_body.ts";
import { type ImportDeps, importReadings, type ImportResult } from "./import_readings.ts";
import { manyReport, oneReport } from "./import_report.ts";
import { meterId } from "./meter_id.ts";
import { createProfilesOfUpload, meterSource, type MeterSourceDeps } from "./meter_source.ts";
import { planUpload } from "./plan_upload.ts";
import { withSavedPreset } from "./saved_preset.ts";
import { UPLOAD_TYPES } from "./upload_format.ts";

/** What the routes need. */
export interface ImportRouteDeps
  extends Omit<ImportDeps, "profileOf" | "keepMeter" | "announce">, MeterSourceDeps {
  /** The database. */
  readonly kv: MeterSourceDeps["kv"] & DeleteMeterDeps["kv"];
  /** Where readings go. */
  readonly series: ImportDeps["series"] & DeleteMeterDeps["series"];
  /** Limits on stored readings. */
  readonly quotas: ReadingQuotas;
  /** Which times readings may have; an import only has the oldest one. */
  readonly acceptedTimes: AcceptedTimes;
}

/** An import that has ended. */
interface Imported {
  readonly result: ImportResult;
  readonly isDryRun: boolean;
}

/** The routes that import readings. */
export function importRoutes(deps: ImportRouteDeps): GuardedRoutes {
  const { acceptedTimes: { oldestMs } } = deps;

  async function importBody(c: Context, id: string | null): Promise<Imported> {
    const caller = c.get("caller");
    if (id !== null) requireTouch(caller, "meter", id);
    const { mediaType, isGzip } = bodyForm(c.req.raw, UPLOAD_TYPES, ["gzip", "identity"]);
    using _place = enterUpload(c.req.raw);
    const source = id === null ? {} : await meterSource(deps, id, caller);
    const queries = await withSavedPreset(deps.kv, caller, c.req.queries(), id === null);
    const plan = planUpload(queries, { mediaType, id, oldestMs, ...source });
    const totalBytes = contentLength(c.req.header("content-length"));
    const { owner } = caller;
    const { url, raw: request } = c.req;
    const name = [owner, url, totalBytes].join(" ");
    const upload = { ...plan, name, owner, meterId: id, request, isGzip, totalBytes };
    const profileOf = await createProfilesOfUpload(deps, caller);
    const keep = (meterId: string, profile: string) => keepMeter(deps, meterId, profile);
    const account = { account: accountOf(caller), limits: caller.limits };
    const series = { ...deps.series, ...deps.quotas.writersOf(account) };
    const announce = (event: DomainEvent) => commitEvent(deps.kv, event);
    const parts = { ...deps, series, profileOf, keepMeter: keep, announce };
    const result = await importReadings(parts, upload);
    return { result, isDryRun: plan.isDryRun };
  }

  return guardedRoutes()
    .post("/api/meters/:id/readings", async (c) => {
      const id = meterId(c.req.param("id"));
      return c.json(oneReport(id, await importBody(c, id)));
    })
    .post("/api/readings", async (c) => c.json(manyReport(await importBody(c, null))));
}

function contentLength(header: string | undefined): number | null {
  return header === undefined ? null : Number(header);
}
