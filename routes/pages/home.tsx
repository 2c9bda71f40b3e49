/**
 * Home: is anything wrong?
 *
 * @module
 */

import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import type { Pages } from "./show_page.tsx";

/** `GET /` for browsers. */
export function homeRoutes(pages: Pages): GuardedRoutes {
  return guardedRoutes(pages.refuse).get(
    "/",
    pages.show((_c, { say }) => ({
      title: say("nav.home"),
      screen: "home",
      body: <p>{say("brand")}</p>,
    })),
  );
}
