/**
 * Maintenance windows over HTTP: make, list, get, change and delete them.
 *
 * @module
 */

import type { Context } from "hono";
import { AppError } from "../../data/app_error.ts";
import type { MaintenanceSettings, MaintenanceWindow } from "../../data/alerts/maintenance.ts";
import { JSON_BODY_MAX_BYTES } from "../../data/limits.ts";
import type { Log } from "../../data/log.ts";
import {
  changeMaintenance,
  createMaintenance,
  getMaintenance,
  listMaintenance,
} from "../../kv/alerts/maintenance.ts";
import { noteAuditChange, noteAuditSubject } from "../access/audited.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { fieldErrors, parameterErrors, readJson } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import { maintenanceBody, maintenanceOf, maintenanceSettingsBody } from "./maintenance_body.ts";
import {
  type MaintenanceListBody,
  maintenanceListQuery,
  maintenanceRequest,
} from "./maintenance_schemas.ts";
import { ALERT_ID_PATTERN, ALERT_ID_RULE } from "./schemas.ts";
import { maySeeOwned } from "./visible_alerts.ts";

/** What the routes need. */
export interface MaintenanceDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list" | "atomic">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** Returns an id that was never used. */
  readonly newId: () => string;
  /** The log. */
  readonly log: Log;
}

/** The routes under `/api/maintenance-windows`. */
export function maintenanceRoutes(deps: MaintenanceDeps): GuardedRoutes {
  const { kv, now, newId, log } = deps;
  return guardedRoutes()
    .get("/api/maintenance-windows", (c) => listAnswer(c, deps))
    .post("/api/maintenance-windows", async (c) => {
      const settings = await readSettings(c);
      const { owner, patterns } = c.get("caller");
      const nowMs = now();
      const own = { id: newId(), owner, patterns, createdMs: nowMs, changedMs: nowMs };
      const window: MaintenanceWindow = { ...settings, ...own };
      await createMaintenance(kv, window);
      noteAuditSubject(c, "maintenance_window", window.id);
      noteAuditChange(c, null, maintenanceSettingsBody(window));
      log("info", "maintenance window made", { windowId: window.id });
      return c.json(maintenanceBody(window, nowMs), 201);
    })
    .get("/api/maintenance-windows/:id", async (c) => {
      const window = await visibleWindow(c, deps, windowId(c.req.param("id")));
      return c.json(maintenanceBody(window, now()));
    })
    .put("/api/maintenance-windows/:id", async (c) => {
      const id = windowId(c.req.param("id"));
      await visibleWindow(c, deps, id);
      const settings = await readSettings(c);
      const changed = await changeMaintenance(
        kv,
        id,
        (before) => ({ ...before, ...settings, changedMs: now() }),
      );
      if (changed === null || changed.window === null) throw unknownWindow(id);
      const { before, window } = changed;
      noteAuditChange(c, maintenanceSettingsBody(before), maintenanceSettingsBody(window));
      log("info", "maintenance window changed", { windowId: id });
      return c.json(maintenanceBody(window, now()));
    })
    .delete("/api/maintenance-windows/:id", async (c) => {
      const id = windowId(c.req.param("id"));
      await visibleWindow(c, deps, id);
      const changed = await changeMaintenance(kv, id, () => null);
      if (changed === null) throw unknownWindow(id);
      noteAuditChange(c, maintenanceSettingsBody(changed.before), {});
      log("info", "maintenance window deleted", { windowId: id });
      return c.body(null, 204);
    });
}

async function listAnswer(c: Context, { kv, now }: MaintenanceDeps): Promise<Response> {
  const query = maintenanceListQuery.safeParse(c.req.query());
  if (!query.success) throw invalidRequest(parameterErrors(query.error, c.req.query()));
  const { limit, cursor = "" } = query.data;
  const caller = c.get("caller");
  const rest = (await listMaintenance(kv)).map(({ window }) => window)
    .filter((window) => window.id > cursor && maySeeOwned(caller, window));
  const windows = rest.slice(0, limit).map((window) => maintenanceBody(window, now()));
  const next = rest.length > limit
    ? `/api/maintenance-windows?limit=${limit}&cursor=${windows[limit - 1].id}`
    : null;
  if (next !== null) c.header("link", `<${next}>; rel="next"`);
  return c.json({ windows, next } satisfies MaintenanceListBody);
}

async function readSettings(c: Context): Promise<MaintenanceSettings> {
  const body = await readJson(c.req.raw, JSON_BODY_MAX_BYTES);
  const given = maintenanceRequest.safeParse(body);
  if (!given.success) throw invalidRequest(fieldErrors(given.error, body));
  const result = maintenanceOf(given.data);
  if ("problems" in result) throw invalidRequest(result.problems);
  return result.settings;
}

async function visibleWindow(
  c: Context,
  { kv }: MaintenanceDeps,
  id: string,
): Promise<MaintenanceWindow> {
  const entry = await getMaintenance(kv, id);
  if (entry === null || !maySeeOwned(c.get("caller"), entry.window)) throw unknownWindow(id);
  return entry.window;
}

function windowId(id: string): string {
  if (ALERT_ID_PATTERN.test(id)) return id;
  const detail = `id must be ${ALERT_ID_RULE}`;
  throw invalidRequest([{ pointer: "#id", detail, value: id.slice(0, 100) }]);
}

function unknownWindow(id: string): AppError {
  return new AppError("MAINTENANCE_WINDOW_NOT_FOUND", `There is no maintenance window ${id}`);
}
