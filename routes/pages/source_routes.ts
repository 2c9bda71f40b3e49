/**
 * The pages of meters and devices: their list, and one page for each.
 *
 * @module
 */

import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import type { Pages } from "./show_page.tsx";
import { type SourceListDeps, sourceListPage } from "./source_list.tsx";
import { sourcePage, type SourcePageDeps } from "./source_page.tsx";

/** What the pages need. */
export interface SourceRoutesDeps extends SourceListDeps, SourcePageDeps {
  /** The database. */
  readonly kv: SourceListDeps["kv"] & SourcePageDeps["kv"];
  /** The readings. */
  readonly series: SourceListDeps["series"] & SourcePageDeps["series"];
  /** The profiles. */
  readonly profiles: SourceListDeps["profiles"] & SourcePageDeps["profiles"];
}

/** `GET /meters`, `GET /meters/{id}` and `GET /device/{device_id}`. */
export function sourceRoutes(deps: SourceRoutesDeps, pages: Pages): GuardedRoutes {
  return guardedRoutes(pages.refuse)
    .get("/meters", pages.show((c, view) => sourceListPage(deps, c, view)))
    .get(
      "/meters/:id",
      pages.show((c, view) =>
        sourcePage(deps, c, { view, kind: "meter", id: c.req.param("id") ?? "" })
      ),
    )
    .get(
      "/device/:device_id",
      pages.show((c, view) =>
        sourcePage(deps, c, { view, kind: "device", id: c.req.param("device_id") ?? "" })
      ),
    );
}
