/**
 * What each route demands of its caller. A route that is not in the table does not compile
 * (`routes/access/guarded_routes.ts`).
 *
 * @module
 */

import { audited, type Method, pageForm, type RouteRule } from "./route_rule.ts";

/** The rule of each route by its method and path. Parameters are spelled as Hono spells them. */
export const ROUTE_RULES = {
  "GET /health": { scope: "public", isUnlimited: true },
  "GET /ready": { scope: "public", isUnlimited: true },
  // Prometheus asks every few seconds, of each process.
  "GET /metrics": { scope: "metrics", isUnlimited: true },
  "GET /ping": { scope: "public" },
  "GET /openapi.json": { scope: "public" },
  "GET /docs": { scope: "public" },
  "GET /redoc": { scope: "public" },
  "GET /docs/assets/:name": { scope: "public" },

  "GET /": { scope: "any", isPage: true },
  "GET /fragments/home": { scope: "any", isPage: true },
  "GET /meters": { scope: "read", isPage: true },
  "GET /meters/:id": { scope: "read", isPage: true },
  "GET /device/:device_id": { scope: "read", isPage: true },
  "GET /export": { scope: "export", isPage: true },
  "POST /export": { scope: "export", isPage: true },
  "POST /export/jobs": { scope: "export", isPage: true },
  "POST /export/schedules": pageForm("export", "schedule.create"),
  "POST /export/schedules/:schedule_id/run": pageForm("export", "schedule.run", "schedule"),
  "POST /export/schedules/:schedule_id/pause": pageForm("export", "schedule.pause", "schedule"),
  "POST /export/schedules/:schedule_id/resume": pageForm("export", "schedule.resume", "schedule"),
  "POST /export/schedules/:schedule_id/delete": pageForm("export", "schedule.delete", "schedule"),
  "GET /fragments/export/preview": { scope: "export", isPage: true },
  "GET /fragments/export/jobs": { scope: "export", isPage: true },
  "GET /export/webhooks": { scope: "read", isPage: true },
  "POST /export/webhooks": pageForm("manage", "webhook.create"),
  "GET /export/webhooks/:id": { scope: "read", isPage: true },
  "POST /export/webhooks/:id": pageForm("manage", "webhook.change", "webhook"),
  "POST /export/webhooks/:id/state": pageForm("manage", "webhook.change", "webhook"),
  "POST /export/webhooks/:id/test": pageForm("manage", "webhook.test", "webhook"),
  "POST /export/webhooks/:id/rotate": pageForm("manage", "webhook.rotate", "webhook"),
  "POST /export/webhooks/:id/delete": pageForm("manage", "webhook.delete", "webhook"),
  "POST /export/webhooks/:id/deliveries/:delivery_id/replay": pageForm(
    "manage",
    "webhook.replay",
    "webhook",
  ),
  "GET /settings": { scope: "any", isPage: true },
  "GET /settings/keys/:id": { scope: "admin", isPage: true },
  "POST /settings/keys/:id": pageForm("admin", "key.change", "key"),
  "POST /settings/keys": pageForm("admin", "key.create"),
  "POST /settings/keys/:id/rotate": pageForm("admin", "key.rotate", "key"),
  "POST /settings/keys/:id/revoke": pageForm("admin", "key.revoke", "key"),
  "GET /upload": { scope: "import", isPage: true },
  "GET /fleet": { scope: "read", isPage: true },
  "GET /fragments/fleet": { scope: "read", isPage: true },
  "GET /fleet/alerts": { scope: "read", isPage: true },
  "POST /fleet/alerts": { scope: "manage", isPage: true, audited: audited("alert.create") },
  "POST /fleet/alerts/test": { scope: "read", isPage: true },
  "GET /fleet/alerts/:id": { scope: "manage", isPage: true },
  "POST /fleet/alerts/:id": pageForm("manage", "alert.change", "alert"),
  "POST /fleet/alerts/:id/delete": pageForm("manage", "alert.delete", "alert"),
  "GET /fleet/devices": { scope: "read", isPage: true },
  "GET /fleet/stores/:store_id/hours": { scope: "manage", isPage: true },
  "POST /fleet/stores/:store_id/hours": {
    scope: "manage",
    isPage: true,
    audited: audited("store.change", "store"),
  },
  "POST /fleet/stores/:store_id/hours/preview": { scope: "manage", isPage: true },
  "GET /badges/store/:file": { scope: "public", isPage: true },
  "GET /badges/device/:file": { scope: "public", isPage: true },
  "GET /status/:store_id": { scope: "public", isPage: true },
  "GET /fleet/stores/:store_id": { scope: "read", isPage: true },
  "GET /fleet/stores/:store_id/:date": { scope: "read", isPage: true },
  "GET /fragments/fleet/:store_id/:date": { scope: "read", isPage: true },
  "GET /assets/:version/:name": { scope: "public", isUnlimited: true, isPage: true },
  "POST /preferences": { scope: "public", isPage: true },
  "GET /sign-in": { scope: "public", isPage: true },
  "POST /sign-in": { scope: "public", isPage: true },
  "POST /sign-out": { scope: "public", isPage: true },

  "GET /api/keys": { scope: "admin" },
  "POST /api/keys": { scope: "admin", audited: audited("key.create") },
  "GET /api/keys/:id": { scope: "admin" },
  "PATCH /api/keys/:id": { scope: "admin", audited: audited("key.change", "key") },
  "DELETE /api/keys/:id": { scope: "admin", audited: audited("key.revoke", "key") },
  "POST /api/keys/:id/rotate": { scope: "admin", audited: audited("key.rotate", "key") },

  "POST /api/export/csv": { scope: "export" },
  "GET /api/export/status/:job_id": { scope: "export" },
  "GET /api/export/download/:job_id": { scope: "export" },
  "GET /api/exports": { scope: "export" },
  "POST /api/exports": { scope: "export" },
  "GET /api/exports/preview": { scope: "export" },
  "POST /api/exports/preview": { scope: "export" },
  "GET /api/exports/:export_id": { scope: "export" },
  "DELETE /api/exports/:export_id": { scope: "export" },
  "POST /api/exports/:export_id/repeat": { scope: "export" },
  "GET /api/exports/:export_id/manifest": { scope: "export" },
  "GET /api/exports/:export_id/gaps": { scope: "export" },
  "GET /api/exports/:export_id/events": { scope: "export" },
  "POST /api/exports/:export_id/link": { scope: "export", audited: audited("link.create", "job") },
  "DELETE /api/links": { scope: "admin", audited: audited("link.rotate") },
  // The signature of a link stands for a key.
  "GET /api/links/exports/:export_id": { scope: "public" },
  "GET /api/links/reports/:report_id": { scope: "public" },

  // Whoever has the mail may cancel the next ones.
  "GET /mails/stop/:token": { scope: "public" },
  "POST /mails/stop/:token": { scope: "public" },

  "POST /trigger_report": { scope: "export" },
  "GET /reports": { scope: "export" },
  "GET /get_report/:report_id": { scope: "export" },
  "GET /download_report/:report_id": { scope: "export" },
  "POST /api/reports/:report_id/link": { scope: "export", audited: audited("link.create", "job") },

  "GET /api/meters": { scope: "read" },
  "GET /api/meters/:id": { scope: "read" },
  "GET /api/meters/:id/readings": { scope: "read" },
  "GET /api/meters/:id/series": { scope: "read" },
  "GET /api/meters/:id/heatmap": { scope: "read" },
  "GET /api/meters/:id/gaps": { scope: "read" },
  "GET /api/meters/:id/statistics": { scope: "read" },
  "PUT /api/meters/:id": { scope: "manage", audited: audited("meter.change", "meter") },
  "DELETE /api/meters/:id": { scope: "manage", audited: audited("meter.delete", "meter") },
  "DELETE /api/meters/:id/readings": {
    scope: "manage",
    audited: audited("readings.delete", "meter"),
  },
  "POST /api/meters/:id/readings": { scope: "import" },
  "POST /api/readings": { scope: "import" },
  "POST /api/readings/inspect": { scope: "import" },
  "GET /api/presets": { scope: "any" },
  "GET /api/import-presets": { scope: "import" },
  "GET /api/import-presets/:name": { scope: "import" },
  "PUT /api/import-presets/:name": {
    scope: "import",
    audited: audited("import_preset.change", "import_preset"),
  },
  "DELETE /api/import-presets/:name": {
    scope: "import",
    audited: audited("import_preset.delete", "import_preset"),
  },

  "POST /telemetry": { scope: "ingest" },
  "POST /write": { scope: "ingest" },
  "POST /api/v2/write": { scope: "ingest" },

  "GET /devices": { scope: "read" },
  "GET /devices/:device_id": { scope: "read" },
  "GET /devices/:device_id/events": { scope: "read" },
  "GET /devices/:device_id/metrics": { scope: "read" },
  "GET /devices/:device_id/summary": { scope: "read" },
  "GET /devices/:device_id/series": { scope: "read" },
  "GET /devices/:device_id/heatmap": { scope: "read" },
  "GET /devices/:device_id/gaps": { scope: "read" },
  "GET /devices/:device_id/statistics": { scope: "read" },
  "PUT /devices/:device_id": { scope: "manage", audited: audited("device.change", "device") },
  "DELETE /devices/:device_id": { scope: "manage", audited: audited("device.delete", "device") },
  "DELETE /devices/:device_id/readings": {
    scope: "manage",
    audited: audited("readings.delete", "device"),
  },

  "GET /api/profiles": { scope: "any" },
  "GET /api/profiles/:name": { scope: "any" },
  "PUT /api/profiles/:name": { scope: "manage", audited: audited("profile.change", "profile") },
  "DELETE /api/profiles/:name": { scope: "manage", audited: audited("profile.delete", "profile") },

  "GET /api/continuous-exports": { scope: "read" },
  "GET /api/continuous-exports/:device_id": { scope: "read" },
  "POST /api/continuous-exports/:device_id/pause": {
    scope: "manage",
    audited: audited("continuous_export.pause", "device"),
  },
  "POST /api/continuous-exports/:device_id/resume": {
    scope: "manage",
    audited: audited("continuous_export.resume", "device"),
  },
  "POST /api/continuous-exports/:device_id/run": {
    scope: "manage",
    audited: audited("continuous_export.run", "device"),
  },
  "POST /api/continuous-exports/:device_id/replay": {
    scope: "manage",
    audited: audited("continuous_export.replay", "device"),
  },

  "GET /api/schedules": { scope: "read" },
  "POST /api/schedules": { scope: "export", audited: audited("schedule.create") },
  "GET /api/schedules/:schedule_id": { scope: "read" },
  "PUT /api/schedules/:schedule_id": {
    scope: "export",
    audited: audited("schedule.change", "schedule"),
  },
  "DELETE /api/schedules/:schedule_id": {
    scope: "export",
    audited: audited("schedule.delete", "schedule"),
  },
  "POST /api/schedules/:schedule_id/run": {
    scope: "export",
    audited: audited("schedule.run", "schedule"),
  },
  "POST /api/schedules/:schedule_id/pause": {
    scope: "export",
    audited: audited("schedule.pause", "schedule"),
  },
  "POST /api/schedules/:schedule_id/resume": {
    scope: "export",
    audited: audited("schedule.resume", "schedule"),
  },
  "GET /api/schedules/:schedule_id/runs": { scope: "read" },

  "GET /api/overview": { scope: "any" },
  "GET /api/webhooks": { scope: "read" },
  "POST /api/webhooks": { scope: "manage", audited: audited("webhook.create") },
  "GET /api/webhooks/:id": { scope: "read" },
  "PATCH /api/webhooks/:id": { scope: "manage", audited: audited("webhook.change", "webhook") },
  "DELETE /api/webhooks/:id": { scope: "manage", audited: audited("webhook.delete", "webhook") },
  "POST /api/webhooks/:id/rotate": {
    scope: "manage",
    audited: audited("webhook.rotate", "webhook"),
  },
  "POST /api/webhooks/:id/test": { scope: "manage", audited: audited("webhook.test", "webhook") },
  "GET /api/webhooks/:id/deliveries": { scope: "read" },
  "GET /api/webhooks/:id/deliveries/:delivery_id": { scope: "read" },
  "POST /api/webhooks/:id/deliveries/:delivery_id/replay": {
    scope: "manage",
    audited: audited("webhook.replay", "webhook"),
  },
  "POST /api/webhooks/:id/replay": {
    scope: "manage",
    audited: audited("webhook.replay", "webhook"),
  },
  "GET /api/alerts": { scope: "read" },
  "POST /api/alerts": { scope: "manage", audited: audited("alert.create") },
  "GET /api/alerts/firing": { scope: "read" },
  "POST /api/alerts/test": { scope: "read" },
  "GET /api/alerts/:id": { scope: "read" },
  "PUT /api/alerts/:id": { scope: "manage", audited: audited("alert.change", "alert") },
  "DELETE /api/alerts/:id": { scope: "manage", audited: audited("alert.delete", "alert") },
  "GET /api/maintenance-windows": { scope: "read" },
  "POST /api/maintenance-windows": {
    scope: "manage",
    audited: audited("maintenance_window.create"),
  },
  "GET /api/maintenance-windows/:id": { scope: "read" },
  "PUT /api/maintenance-windows/:id": {
    scope: "manage",
    audited: audited("maintenance_window.change", "maintenance_window"),
  },
  "DELETE /api/maintenance-windows/:id": {
    scope: "manage",
    audited: audited("maintenance_window.delete", "maintenance_window"),
  },

  "GET /api/usage": { scope: "any" },
  "GET /api/audit": { scope: "admin" },

  "GET /stores": { scope: "read" },
  "GET /stores/:store_id": { scope: "read" },
  "GET /stores/:store_id/uptime": { scope: "read" },
  "GET /stores/:store_id/uptime/:date": { scope: "read" },
  "POST /stores/:store_id/uptime/preview": { scope: "read" },
  "PUT /stores/:store_id": { scope: "manage", audited: audited("store.change", "store") },
  "GET /stores/status": { scope: "import" },
  "GET /stores/hours": { scope: "import" },
  "GET /stores/timezones": { scope: "import" },
  "POST /stores/status": { scope: "import", audited: audited("polls.upload") },
  "POST /stores/hours": { scope: "import", audited: audited("hours.upload") },
  "POST /stores/timezones": { scope: "import", audited: audited("zones.upload") },
  "DELETE /stores/:store_id": { scope: "manage", audited: audited("store.delete", "store") },
  "DELETE /stores/:store_id/polls": {
    scope: "manage",
    audited: audited("readings.delete", "store"),
  },

  "GET /api/deletions": { scope: "manage" },
  "POST /api/deletions": { scope: "manage", audited: audited("deletion.create") },
  "POST /api/deletions/preview": { scope: "manage" },
  "GET /api/deletions/:deletion_id": { scope: "manage" },
  "DELETE /api/deletions/:deletion_id": {
    scope: "manage",
    audited: audited("deletion.cancel", "job"),
  },

  // A job belongs to whoever asked for it, so its owner needs no scope.
  "GET /api/jobs/:job_id": { scope: "any" },
} as const satisfies Readonly<Record<`${Method} /${string}`, RouteRule>>;

/** The method and path of a route. */
export type RouteName = keyof typeof ROUTE_RULES;

/** The paths that have routes for a method. */
export type PathOf<M extends Method> = RouteName extends infer Name
  ? Name extends `${M} ${infer Path}` ? Path : never
  : never;

/** The rule of a route. */
export function ruleOf(name: RouteName): RouteRule {
  return ROUTE_RULES[name];
}

/** The rule of a method and a path as the OpenAPI document spells it; undefined if there is none. */
export function ruleOfOperation(method: string, path: string): RouteRule | undefined {
  const name = `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`;
  return isRouteName(name) ? ruleOf(name) : undefined;
}

/** Whether the service has a route. */
export function isRouteName(name: string): name is RouteName {
  return Object.hasOwn(ROUTE_RULES, name);
}
