import { ROUTE_RULES } from "../../routes/access/route_rules.ts";
import { createTestApp } from "../routes/app_fixture.ts";
import { assertEquals } from "../support/assert.ts";

/** Routes that change no setting and delete nothing: they bring readings, or make jobs with files. */
const NOT_AUDITED = [
  "POST /api/alerts/test",
  "POST /api/deletions/preview",
  "POST /api/export/csv",
  "POST /api/exports",
  "POST /api/exports/preview",
  "POST /api/exports/:export_id/repeat",
  "DELETE /api/exports/:export_id",
  "POST /api/readings",
  "POST /api/readings/inspect",
  "POST /api/meters/:id/readings",
  "POST /api/v2/write",
  "POST /mails/stop/:token",
  "POST /export",
  "POST /export/jobs",
  "POST /fleet/alerts/test",
  "POST /fleet/stores/:store_id/hours/preview",
  "POST /preferences",
  "POST /sign-in",
  "POST /sign-out",
  "POST /stores/:store_id/uptime/preview",
  "POST /telemetry",
  "POST /trigger_report",
  "POST /write",
];

Deno.test("every route that changes something is audited, or is listed as one that is not", () => {
  const { app } = createTestApp();
  const changing = app.routes.filter(({ method }) => !["ALL", "GET", "HEAD"].includes(method));
  const routes = new Set(changing.map(({ method, path }) => `${method} ${path}`));
  const audited = Object.entries(ROUTE_RULES).flatMap(([name, rule]) =>
    "audited" in rule ? [name] : []
  );
  assertEquals([...routes].toSorted(), [...audited, ...NOT_AUDITED].toSorted());
});
