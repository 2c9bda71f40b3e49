/**
 * Smart meters over HTTP: list, look, import readings, remove.
 *
 * @module
 */

import { Hono } from "hono";
import { z } from "zod";
import { AppError } from "../../data/app_error.ts";
import { createCsvReader, type UploadOptions } from "../../data/imports/csv_read.ts";
import { createJsonArrayReader, createNdjsonReader } from "../../data/imports/json_read.ts";
import { METER_ID_PATTERN, METER_ID_RULE } from "../../data/limits.ts";
import type { Log } from "../../data/log.ts";
import { PROFILES } from "../../data/readings/profile.ts";
import { instantText } from "../../data/time/time_text.ts";
import type { UploadReader } from "../../data/text/upload_reader.ts";
import type { SeriesInfo, SeriesStore } from "../../kv/series/store.ts";
import { bodyForm } from "../http/body_form.ts";
import { readImportQuery, UPLOAD_TYPES, type UploadType } from "./import_query.ts";
import { importReadings } from "./import_readings.ts";
import { createRunningImports, importBody } from "../imports/running_imports.ts";
import { parameterErrors } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";

const LIST_LIMIT = 100;

/** What a list of meters is asked for with. */
export const listQuery: z.ZodObject<
  { limit: z.ZodType<number>; after: z.ZodType<string | undefined> },
  z.core.$strict
> = z.strictObject({
  limit: z.string().regex(/^\d{1,4}$/, "limit must be a whole number of 1 to 1000").transform(
    Number,
  )
    .pipe(z.int().min(1, "limit must be at least 1").max(1000, "limit must be at most 1000"))
    .default(LIST_LIMIT),
  after: z.string().regex(METER_ID_PATTERN, `after must be ${METER_ID_RULE}`).optional(),
});

/** What reads the uploads of each media type. */
const UPLOAD_READERS: Readonly<Record<UploadType, (options: UploadOptions) => UploadReader>> = {
  "text/csv": createCsvReader,
  "application/x-ndjson": createNdjsonReader,
  "application/json": createJsonArrayReader,
};

/** What the routes need. */
export interface MeterDeps {
  /** Where readings are. */
  readonly series: Pick<SeriesStore, "describe" | "list" | "write" | "compare" | "remove">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
}

/** The routes under `/api/meters`. */
export function meterRoutes({ series, now, log }: MeterDeps): Hono {
  const imports = createRunningImports();
  return new Hono()
    .get("/api/meters", async (c) => {
      const query = listQuery.safeParse(c.req.query());
      if (!query.success) throw invalidRequest(parameterErrors(query.error, c.req.query()));
      const { limit, after = "" } = query.data;
      // One more than asked for says whether there is a next page.
      const infos = await series.list("meter", { afterId: after, limit: limit + 1 });
      const meters = infos.slice(0, limit);
      const next = infos.length > limit
        ? `/api/meters?limit=${limit}&after=${encodeURIComponent(meters[limit - 1].id)}`
        : null;
      if (next !== null) c.header("link", `<${next}>; rel="next"`);
      return c.json({ meters: meters.map(meterBody), next });
    })
    .get("/api/meters/:id", async (c) => {
      const id = meterId(c.req.param("id"));
      const info = await series.describe({ profile: "meter", id });
      const running = imports.of(id);
      // The first readings of a meter may be on their way, before any of them is stored.
      if (info === null && running.every(({ isDryRun }) => isDryRun)) throw unknownMeter(id);
      return c.json({ ...meterBody(info ?? emptyMeter(id)), imports: running.map(importBody) });
    })
    .delete("/api/meters/:id", async (c) => {
      const id = meterId(c.req.param("id"));
      if (!await series.remove({ profile: "meter", id })) throw unknownMeter(id);
      log("info", "meter removed", { meterId: id });
      return c.body(null, 204);
    })
    .post("/api/meters/:id/readings", async (c) => {
      const id = meterId(c.req.param("id"));
      const { mediaType, isGzip } = bodyForm(c.req.raw, UPLOAD_TYPES, ["gzip", "identity"]);
      const { dialect, isDryRun } = readImportQuery(c.req.queries(), mediaType);
      const reader = UPLOAD_READERS[mediaType]({ profile: PROFILES.meter, id, dialect });
      const totalBytes = contentLength(c.req.header("content-length"));
      const upload = { meterId: id, reader, body: c.req.raw.body, isGzip, totalBytes, isDryRun };
      return c.json(await importReadings({ series, imports, now, log }, upload));
    });
}

function contentLength(header: string | undefined): number | null {
  return header === undefined ? null : Number(header);
}

/** A meter as an answer tells it; one without readings has no first and last one. */
function meterBody({ id, count, firstMs, lastMs }: SeriesInfo): Record<string, unknown> {
  return {
    smart_meter_id: id,
    count,
    first_reading: count === 0 ? null : instantText(firstMs),
    last_reading: count === 0 ? null : instantText(lastMs),
  };
}

function emptyMeter(id: string): SeriesInfo {
  return { id, count: 0, firstMs: NaN, lastMs: NaN };
}

function meterId(id: string): string {
  if (METER_ID_PATTERN.test(id)) return id;
  const detail = `The meter's id must be ${METER_ID_RULE}`;
  throw invalidRequest([{ pointer: "#id", detail, value: id.slice(0, 100) }]);
}

function unknownMeter(id: string): AppError {
  return new AppError("SMART_METER_NOT_FOUND", `Smart meter with ID '${id}' not found`);
}
