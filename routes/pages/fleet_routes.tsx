/**
 * The pages of stores and the fleet.
 *
 * @module
 */

import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { dayBody } from "../stores/uptime.ts";
import { DayView } from "./fleet_day.tsx";
import { alertPage, answerAlertDelete, answerAlertEdit } from "./fleet_alert_edit.tsx";
import { answerAlert, type FleetAlertsDeps, fleetAlertsPage } from "./fleet_alerts.tsx";
import { type FleetDevicesDeps, fleetDevicesPage } from "./fleet_devices.tsx";
import { answerHours, type HoursDeps, hoursPage } from "./fleet_hours.tsx";
import { fleetPage, storeList } from "./fleet_page.tsx";
import { type PublicDeps, publicRoutes } from "./public_pages.tsx";
import { holdMsOf, readFleetRange } from "./fleet_range.ts";
import { storeDayContent, storePageContent } from "./fleet_store.tsx";
import { fleetWords } from "./fleet_words.ts";
import { fragmentAnswer } from "./form_answers.ts";
import type { Pages } from "./show_page.tsx";

/** What the pages need. */
export interface FleetRoutesDeps extends HoursDeps, PublicDeps, FleetDevicesDeps, FleetAlertsDeps {
  /** The database. */
  readonly kv: HoursDeps["kv"] & FleetDevicesDeps["kv"] & FleetAlertsDeps["kv"];
  /** The readings. */
  readonly series: HoursDeps["series"] & FleetDevicesDeps["series"];
  /** The profiles. */
  readonly profiles: FleetDevicesDeps["profiles"] & FleetAlertsDeps["profiles"];
}

/** `/fleet` and what is below it. */
export function fleetRoutes(deps: FleetRoutesDeps, pages: Pages): GuardedRoutes {
  return guardedRoutes(pages.refuse)
    .get("/fragments/fleet", async (c) => {
      const view = await pages.viewOf(c);
      return await fragmentAnswer(c, await storeList(deps, c, view));
    })
    .get("/fleet", pages.show((c, view) => fleetPage(deps, c, view)))
    .get("/fleet/alerts", pages.show((c, view) => fleetAlertsPage(deps, c, view)))
    .post("/fleet/alerts", (c) => answerAlert(deps, c, { pages, isTest: false }))
    .post("/fleet/alerts/test", (c) => answerAlert(deps, c, { pages, isTest: true }))
    .get("/fleet/alerts/:id", pages.show((c, view) => alertPage(deps, c, view)))
    .post("/fleet/alerts/:id", (c) => answerAlertEdit(deps, c, pages))
    .post("/fleet/alerts/:id/delete", (c) => answerAlertDelete(deps, c, pages))
    .get("/fleet/devices", pages.show((c, view) => fleetDevicesPage(deps, c, view)))
    .get("/fleet/stores/:store_id/hours", pages.show((c, view) => hoursPage(deps, c, view)))
    .post("/fleet/stores/:store_id/hours", (c) => answerHours(deps, c, { pages, isPreview: false }))
    .post(
      "/fleet/stores/:store_id/hours/preview",
      (c) => answerHours(deps, c, { pages, isPreview: true }),
    )
    .route("/", publicRoutes(deps, pages))
    .get("/fleet/stores/:store_id", pages.show((c, view) => storePageContent(deps, c, view)))
    .get(
      "/fleet/stores/:store_id/:date",
      pages.show((c, view) => storeDayContent(deps, c, view)),
    )
    .get("/fragments/fleet/:store_id/:date", async (c) => {
      const view = await pages.viewOf(c);
      const { store_id: id, date } = c.req.param();
      const maxHoldMs = holdMsOf(readFleetRange(new URL(c.req.url).searchParams));
      const day = await dayBody(deps, view.caller, { id, date, maxHoldMs });
      return await fragmentAnswer(c, <DayView view={view} words={fleetWords(view)} day={day} />);
    });
}
