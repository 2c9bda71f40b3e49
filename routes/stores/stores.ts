/**
 * Stores over HTTP: polls, hours and time zones in, stores out.
 *
 * @module
 */

import { Hono } from "hono";
import { z } from "zod";
import { AppError } from "../../data/app_error.ts";
import type { WeeklySpan } from "../../data/stores/business_hours.ts";
import { clockText } from "../../data/time/clock_text.ts";
import { isStoreId, STORE_ID_RULE } from "../../data/limits.ts";
import { instantText } from "../../data/time/time_text.ts";
import { getStore, listStores, type StoreInfo, type StoreInfoDeps } from "../../kv/stores/info.ts";
import { limitText } from "../openapi/list_query.ts";
import { createRunningImports, importBody } from "../imports/running_imports.ts";
import { parameterErrors } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { STORE_UPLOADS, type StoreUploadDeps, takeStoreUpload } from "./uploads.ts";

/** What a list of stores is asked for with. */
export const storeListQuery: z.ZodObject<
  { limit: z.ZodType<number>; cursor: z.ZodType<string | undefined> },
  z.core.$strict
> = z.strictObject({
  limit: limitText,
  cursor: z.string().refine(isStoreId, `cursor must be ${STORE_ID_RULE}`).optional(),
});

/** What the routes need. */
export type StoreDeps = StoreInfoDeps & Omit<StoreUploadDeps, "imports">;

/** The routes under `/stores`. */
export function storeRoutes(deps: StoreDeps): Hono {
  const imports = createRunningImports();
  const app = new Hono();
  for (const kind of STORE_UPLOADS) {
    app.post(`/stores/${kind}`, async (c) => {
      requireNoQuery(c.req.query());
      return c.json(await takeStoreUpload({ ...deps, imports }, kind, c.req.raw));
    });
    app.get(`/stores/${kind}`, (c) => c.json({ imports: imports.of(kind).map(importBody) }));
  }
  return app
    .get("/stores", async (c) => {
      const query = storeListQuery.safeParse(c.req.query());
      if (!query.success) throw invalidRequest(parameterErrors(query.error, c.req.query()));
      const { limit, cursor = "" } = query.data;
      // One more than asked for says whether there is a next page.
      const found = await listStores(deps, { afterId: cursor, limit: limit + 1 });
      const stores = found.slice(0, limit);
      const next = found.length > limit
        ? `/stores?limit=${limit}&cursor=${encodeURIComponent(stores[limit - 1].id)}`
        : null;
      if (next !== null) c.header("link", `<${next}>; rel="next"`);
      return c.json({ stores: stores.map(summaryOf), next });
    })
    .get("/stores/:store_id", async (c) => {
      const id = c.req.param("store_id");
      if (!isStoreId(id)) {
        const detail = `store_id must be ${STORE_ID_RULE}`;
        throw invalidRequest([{ pointer: "#store_id", detail, value: id.slice(0, 100) }]);
      }
      const store = await getStore(deps, id);
      if (store === null) throw new AppError("STORE_NOT_FOUND", "Store not found");
      return c.json({ ...summaryOf(store), hours: store.hours?.map(hoursBody) ?? null });
    });
}

function requireNoQuery(query: Record<string, string>): void {
  const result = z.strictObject({}).safeParse(query);
  if (!result.success) throw invalidRequest(parameterErrors(result.error, query));
}

function summaryOf({ id, zone, polls }: StoreInfo): Record<string, unknown> {
  return {
    store_id: id,
    timezone_str: zone,
    count: polls?.count ?? 0,
    first_poll: polls === null ? null : instantText(polls.firstMs),
    last_poll: polls === null ? null : instantText(polls.lastMs),
  };
}

function hoursBody({ day, startMs, endMs }: WeeklySpan): Record<string, unknown> {
  return {
    day_of_week: day,
    start_time_local: clockText(startMs),
    end_time_local: clockText(endMs),
  };
}
