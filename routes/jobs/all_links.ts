/**
 * Ends all signed links at once.
 *
 * @module
 */

import { forgetLinkSecrets } from "../../kv/access/secrets.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import type { LinkDeps } from "../access/links.ts";

/** What the route needs. */
export interface AllLinksDeps {
  /** How links are made and checked. */
  readonly links: LinkDeps;
}

/** `DELETE /api/links`. */
export function allLinksRoutes({ links }: AllLinksDeps): GuardedRoutes {
  return guardedRoutes().delete("/api/links", async (c) => {
    await forgetLinkSecrets(links.kv);
    return c.body(null, 204);
  });
}
