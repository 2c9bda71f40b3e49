/**
 * All pages: what a browser sees of the service.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import type { Log } from "../../data/log.ts";
import type { ReadPackageFile } from "../docs/package_files.ts";
import type { OverviewReader } from "../overview/overview.ts";
import { type ExportPageDeps, exportPageRoutes } from "./export_page.tsx";
import { fleetRoutes, type FleetRoutesDeps } from "./fleet_routes.tsx";
import { homeRoutes } from "./home.tsx";
import { preferenceRoutes } from "./preference_routes.ts";
import { createPages, type Pages } from "./show_page.tsx";
import { sourceRoutes, type SourceRoutesDeps } from "./source_routes.ts";
import { type SignInDeps, signInRoutes } from "./sign_in.tsx";
import { type SettingsDeps, settingsRoutes } from "./settings.tsx";
import { uploadRoutes } from "./upload.tsx";
import { webhookPageRoutes } from "./webhook_pages.tsx";

/** What the pages need. */
export interface PagesDeps
  extends SignInDeps, SourceRoutesDeps, ExportPageDeps, FleetRoutesDeps, SettingsDeps {
  /** The database. */
  readonly kv:
    & SignInDeps["kv"]
    & SourceRoutesDeps["kv"]
    & ExportPageDeps["kv"]
    & FleetRoutesDeps["kv"]
    & SettingsDeps["kv"];
  /** The webhooks. */
  readonly webhooks: ExportPageDeps["webhooks"] & FleetRoutesDeps["webhooks"];
  /** The profiles. */
  readonly profiles:
    & SourceRoutesDeps["profiles"]
    & ExportPageDeps["profiles"]
    & FleetRoutesDeps["profiles"];
  /** The readings. */
  readonly series:
    & SourceRoutesDeps["series"]
    & ExportPageDeps["series"]
    & FleetRoutesDeps["series"];
  /** The address of the service as its users know it; null if unknown. */
  readonly publicUrl: string | null;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
  /** Reads the files of packages. */
  readonly readPackageFile: ReadPackageFile;
  /** What is wrong, if anything is. */
  readonly overview: OverviewReader;
}

/** The pages, and errors as pages. */
export interface PagesOfApp extends Pick<Pages, "answerProblem"> {
  /** The pages and their files. */
  readonly routes: GuardedRoutes;
}

/** The pages of the service. */
export function openPages(deps: PagesDeps): PagesOfApp {
  const pages = createPages({ ...deps, hasSignIn: deps.authenticators !== null });
  return { routes: pageRoutes(deps, pages), answerProblem: pages.answerProblem };
}

function pageRoutes(deps: PagesDeps, pages: Pages): GuardedRoutes {
  return guardedRoutes(pages.refuse)
    .get("/assets/:version/:name", async (c) => {
      const assets = await pages.assets();
      const answer = assets.answer(c.req.raw, c.req.param("version"), c.req.param("name"));
      if (answer !== null) return answer;
      throw new AppError("ROUTE_NOT_FOUND", `There is nothing at ${c.req.path}`);
    })
    .route("/", homeRoutes(deps, pages))
    .route("/", sourceRoutes(deps, pages))
    .route("/", exportPageRoutes(deps, pages))
    .route("/", uploadRoutes(pages))
    .route("/", fleetRoutes(deps, pages))
    .route("/", webhookPageRoutes(deps, pages))
    .route("/", settingsRoutes(deps, pages))
    .route("/", preferenceRoutes(deps, pages))
    .route("/", signInRoutes(deps, pages));
}
