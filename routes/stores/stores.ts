/**
 * Stores over HTTP: upload polls, hours and time zones, list stores, get one store.
 *
 * @module
 */

import { z } from "zod";
import type { Caller } from "../../data/access/caller.ts";
import type { AuditDetails } from "../../data/audit/event.ts";
import { STORE_ID_CHARACTERS, STORE_ID_PATTERN } from "../../data/limits.ts";
import { instantText } from "../../data/time/time_text.ts";
import {
  type LatestPoll,
  latestPolls,
  listStores,
  type StoreInfoDeps,
} from "../../kv/stores/info.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { listVisible } from "../access/list_visible.ts";
import { noteAuditDetails } from "../access/audited.ts";
import { parameterErrors } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import {
  createRunningImports,
  importBody,
  type ImportProgress,
} from "../imports/running_imports.ts";
import { fieldsText, limitText } from "../openapi/list_query.ts";
import type { StoreBody, StoreListBody, StoreUploadBody } from "./schemas.ts";
import { detailBody, summaryBody } from "./store_body.ts";
import { visibleStore } from "./store_change.ts";
import { importStoreUpload, STORE_UPLOADS, type StoreUploadDeps } from "./uploads.ts";

/** The query of a list of stores. */
export const storeListQuery: z.ZodObject<
  {
    limit: z.ZodType<number>;
    cursor: z.ZodType<string | undefined>;
    fields: z.ZodType<"latest" | undefined>;
  },
  z.core.$strict
> = z.strictObject({
  limit: limitText,
  // Names that no store may have are positions in the list all the same.
  cursor: z.string().regex(STORE_ID_PATTERN, `cursor must be ${STORE_ID_CHARACTERS}`).optional(),
  fields: fieldsText.optional(),
});

/** What the routes need. */
export type StoreDeps = StoreInfoDeps & Omit<StoreUploadDeps, "imports">;

/** The routes under `/stores`. */
export function storeRoutes(deps: StoreDeps): GuardedRoutes {
  const imports = createRunningImports();
  const app = guardedRoutes();
  for (const kind of STORE_UPLOADS) {
    app.post(`/stores/${kind}`, async (c) => {
      requireNoQuery(c.req.query());
      const upload = { kind, caller: c.get("caller") };
      const body = await importStoreUpload({ ...deps, imports }, upload, c.req.raw);
      noteAuditDetails(c, countsOf(body));
      return c.json(body);
    });
    app.get(`/stores/${kind}`, (c) => {
      const visible = imports.of(kind).filter((one) => isVisibleUpload(c.get("caller"), one));
      return c.json({ imports: visible.map(importBody) });
    });
  }
  return app
    .get("/stores", async (c) => {
      const query = storeListQuery.safeParse(c.req.query());
      if (!query.success) throw invalidRequest(parameterErrors(query.error, c.req.query()));
      const body = await storePage(deps, c.get("caller"), query.data);
      if (body.next !== null) c.header("link", `<${body.next}>; rel="next"`);
      return c.json(body);
    })
    .get("/stores/:store_id", async (c) => {
      const store = await visibleStore(deps, c.get("caller"), c.req.param("store_id"));
      return c.json(detailBody(store));
    });
}

/** The numbers of the result of an upload, for the audit trail. */
function countsOf(body: StoreUploadBody): AuditDetails {
  const counts = Object.entries(body).filter(([, value]) => typeof value === "number");
  return Object.fromEntries(counts);
}

function requireNoQuery(query: Record<string, string>): void {
  const result = z.strictObject({}).safeParse(query);
  if (!result.success) throw invalidRequest(parameterErrors(result.error, query));
}

/** An upload may be about any store, so others must not see it unless they may touch all. */
function isVisibleUpload(caller: Caller, { owner }: ImportProgress): boolean {
  return owner === caller.owner || (caller.scopes.has("manage") && !caller.isRestricted.store);
}

async function storePage(
  deps: StoreInfoDeps,
  caller: Caller,
  { limit, cursor = "", fields }: z.infer<typeof storeListQuery>,
): Promise<StoreListBody> {
  // One store more than requested shows whether there is a next page.
  const found = await listVisible(
    caller,
    { kind: "store", list: (page) => listStores(deps, page) },
    { afterId: cursor, limit: limit + 1 },
  );
  const stores = found.slice(0, limit);
  const polled = stores.filter(({ polls }) => polls !== null).map(({ id }) => id);
  const latest = fields === "latest" ? await latestPolls(deps, polled) : null;
  const last = found.length > limit ? stores[limit - 1].id : null;
  return {
    stores: stores.map((store) =>
      latest === null
        ? summaryBody(store)
        : { ...summaryBody(store), latest: latestBody(latest.get(store.id)) }
    ),
    next: last === null ? null : `/stores?limit=${limit}&cursor=${encodeURIComponent(last)}` +
      (fields === undefined ? "" : `&fields=${fields}`),
  };
}

function latestBody(poll: LatestPoll | undefined): NonNullable<StoreBody["latest"]> | null {
  if (poll === undefined) return null;
  return { timestamp: instantText(poll.timeMs), status: poll.isActive ? "active" : "inactive" };
}
