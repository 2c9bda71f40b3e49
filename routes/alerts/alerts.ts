/**
 * Alerts over HTTP: make, list, get, change, delete and test them, and list what fires.
 *
 * @module
 */

import type { Context } from "hono";
import type { z } from "zod";
import { AppError } from "../../data/app_error.ts";
import type { AlertRule, AlertSettings } from "../../data/alerts/rule.ts";
import { watcherOf } from "../../data/alerts/watcher.ts";
import type { DeliveryAbilities } from "../../data/delivery_settings.ts";
import { JSON_BODY_MAX_BYTES } from "../../data/limits.ts";
import type { Log } from "../../data/log.ts";
import type { Profiles } from "../../data/readings/profiles.ts";
import type { AlertTester } from "../../jobs/alerts/alert_test_contract.ts";
import {
  changeAlertRule,
  createAlertRule,
  getAlertRule,
  listAlertRules,
} from "../../kv/alerts/rules.ts";
import type { SubjectDeps } from "../../kv/alerts/subjects.ts";
import { noteAuditChange, noteAuditSubject } from "../access/audited.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { fieldErrors, parameterErrors, readJson } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import type { WebhookStore } from "../../kv/webhooks/webhooks.ts";
import { draftTargets, findWrongTargets, rightRequest } from "../notify/targets.ts";
import { alertBody, alertProblems, settingsBody, settingsOf } from "./alert_body.ts";
import { firingSubjects } from "./firing.ts";
import {
  ALERT_ID_PATTERN,
  ALERT_ID_RULE,
  type AlertBody,
  type AlertDetailBody,
  alertDetailQuery,
  type AlertListBody,
  alertListQuery,
  alertRequest,
  alertTestRequest,
  type FiringListBody,
  firingQuery,
} from "./schemas.ts";
import { countStates, type StateDeps, subjectStates } from "./subject_states.ts";
import { testBody, testedSpan } from "./test_body.ts";
import type { AlertTestBody } from "./test_schemas.ts";
import { maySeeOwned } from "./visible_alerts.ts";

/** What the routes need. */
export interface AlertDeps extends StateDeps {
  /** The database. */
  readonly kv: SubjectDeps["kv"] & Pick<Deno.Kv, "atomic">;
  /** The profiles. */
  readonly profiles: Pick<Profiles, "get" | "list">;
  /** Tests alerts on the past. */
  readonly alertTester: AlertTester;
  /** What the service is set up to send. */
  readonly abilities: DeliveryAbilities;
  /** The webhooks. */
  readonly webhooks: Pick<WebhookStore, "get">;
  /** Returns an id that was never used. */
  readonly newId: () => string;
  /** The log. */
  readonly log: Log;
}

/** The routes under `/api/alerts`. */
export function alertRoutes(deps: AlertDeps): GuardedRoutes {
  return guardedRoutes()
    .get("/api/alerts", (c) => listAnswer(c, deps))
    .post("/api/alerts", async (c) => {
      const body = await readJson(c.req.raw, JSON_BODY_MAX_BYTES);
      return c.json(await createAlert(c, deps, body), 201);
    })
    .get("/api/alerts/firing", (c) => firingAnswer(c, deps))
    .post("/api/alerts/test", async (c) => {
      return c.json(await testAlert(c, deps, await readJson(c.req.raw, JSON_BODY_MAX_BYTES)));
    })
    .get("/api/alerts/:id", (c) => detailAnswer(c, deps))
    .put("/api/alerts/:id", async (c) => {
      const id = alertId(c.req.param("id"));
      await visibleRule(c, deps, id);
      const body = await readJson(c.req.raw, JSON_BODY_MAX_BYTES);
      return c.json(await changeAlert(c, deps, { id, body }));
    })
    .delete("/api/alerts/:id", async (c) => {
      await removeAlert(c, deps, c.req.param("id"));
      return c.body(null, 204);
    });
}

/**
 * An alert that the caller sees.
 *
 * @throws {AppError} INVALID_REQUEST or ALERT_NOT_FOUND.
 */
export async function getAlert(c: Context, deps: AlertDeps, id: string): Promise<AlertBody> {
  return await bodyOf(c, deps, await visibleRule(c, deps, alertId(id)));
}

/**
 * Changes an alert, and notes it for the audit trail. `body` is that of `PUT /api/alerts/{id}`.
 *
 * @throws {AppError} INVALID_REQUEST, ALERT_NOT_FOUND, and others of that operation.
 */
export async function changeAlert(
  c: Context,
  deps: AlertDeps,
  { id, body }: { id: string; body: unknown },
): Promise<AlertBody> {
  const { kv, now, log } = deps;
  await visibleRule(c, deps, alertId(id));
  const settings = await readSettings(c, deps, body);
  const caller = c.get("caller");
  const changed = await changeAlertRule(kv, id, async (before) => {
    // Somebody else may have changed or replaced it meanwhile.
    if (!maySeeOwned(caller, before)) throw unknownAlert(id);
    const isOwned = await deps.findOwner(before.owner) !== null;
    const { owner, patterns } = isOwned ? before : caller;
    const revision = before.revision + 1;
    return { ...before, ...settings, owner, patterns, revision, changedMs: now() };
  });
  if (changed === null || changed.rule === null) throw unknownAlert(id);
  noteAuditChange(c, settingsBody(changed.before), settingsBody(changed.rule));
  log("info", "alert changed", { alertId: id });
  return await bodyOf(c, deps, changed.rule);
}

/**
 * Deletes an alert, and notes it for the audit trail.
 *
 * @throws {AppError} INVALID_REQUEST or ALERT_NOT_FOUND.
 */
export async function removeAlert(c: Context, deps: AlertDeps, id: string): Promise<void> {
  await visibleRule(c, deps, alertId(id));
  const changed = await changeAlertRule(deps.kv, id, () => null);
  if (changed === null) throw unknownAlert(id);
  noteAuditChange(c, settingsBody(changed.before), {});
  deps.log("info", "alert deleted", { alertId: id });
}

/**
 * Makes an alert of the caller, and notes it for the audit trail.
 *
 * @throws {AppError} INVALID_REQUEST, and others of `POST /api/alerts`.
 */
export async function createAlert(c: Context, deps: AlertDeps, body: unknown): Promise<AlertBody> {
  const { kv, now, newId, log } = deps;
  const settings = await readSettings(c, deps, body);
  const { owner, patterns } = c.get("caller");
  const nowMs = now();
  const own = { id: newId(), owner, patterns, revision: 1 };
  const rule: AlertRule = { ...settings, ...own, createdMs: nowMs, changedMs: nowMs };
  await createAlertRule(kv, rule);
  noteAuditSubject(c, "alert", rule.id);
  noteAuditChange(c, null, settingsBody(rule));
  log("info", "alert made", { alertId: rule.id });
  return await bodyOf(c, deps, rule);
}

/** All alerts that the caller may see. */
export async function alertsOf(c: Context, deps: AlertDeps): Promise<AlertBody[]> {
  const rules = await visibleRules(c, deps);
  return await Promise.all(rules.map((rule) => bodyOf(c, deps, rule)));
}

/**
 * Tests an alert on the past, as far as the caller may see it.
 *
 * @throws {AppError} INVALID_REQUEST.
 */
export async function testAlert(
  c: Context,
  deps: AlertDeps,
  given: unknown,
): Promise<AlertTestBody> {
  const body = parsed(alertTestRequest, given);
  const settings = settingsOf(body);
  const { span, problems } = testedSpan(body, deps.now());
  const all = [...alertProblems(settings, deps.profiles), ...problems];
  if (all.length > 0) throw invalidRequest(all);
  const caller = c.get("caller");
  const { owner, patterns } = caller;
  const made = { id: "test", owner, patterns, revision: 1, createdMs: 0, changedMs: 0 };
  const rule: AlertRule = { ...settings, ...made };
  const { signal } = c.req.raw;
  const result = await deps.alertTester.test({ ...span, rule, caller, signal });
  return testBody(span, result);
}

async function readSettings(c: Context, deps: AlertDeps, given: unknown): Promise<AlertSettings> {
  const body = parsed(alertRequest, given);
  const settings = settingsOf(body);
  const problems = alertProblems(settings, deps.profiles);
  const { errors, missing } = await findWrongTargets(deps, c.get("caller"), draftTargets(body));
  return rightRequest({ asked: settings, errors: [...problems, ...errors], missing });
}

async function listAnswer(c: Context, deps: AlertDeps): Promise<Response> {
  const { limit, cursor = "" } = query(c, alertListQuery);
  const rules = await visibleRules(c, deps);
  const rest = rules.filter(({ id }) => id > cursor);
  const page = rest.slice(0, limit);
  const alerts = await Promise.all(page.map((rule) => bodyOf(c, deps, rule)));
  const next = rest.length > limit
    ? `/api/alerts?limit=${limit}&cursor=${page[limit - 1].id}`
    : null;
  if (next !== null) c.header("link", `<${next}>; rel="next"`);
  return c.json({ alerts, next } satisfies AlertListBody);
}

async function detailAnswer(c: Context, deps: AlertDeps): Promise<Response> {
  const id = alertId(c.req.param("id") ?? "");
  const { limit, cursor: afterId = "", state } = query(c, alertDetailQuery);
  const rule = await visibleRule(c, deps, id);
  const caller = c.get("caller");
  const found = await subjectStates(deps, { rule, caller }, { afterId, limit: limit + 1, state });
  const subjects = found.slice(0, limit);
  const filter = state === undefined ? "" : `&state=${state}`;
  const next = found.length > limit
    ? `/api/alerts/${id}?limit=${limit}&cursor=${subjects[limit - 1].id}${filter}`
    : null;
  if (next !== null) c.header("link", `<${next}>; rel="next"`);
  const body = { ...await bodyOf(c, deps, rule), subjects, next };
  return c.json(body satisfies AlertDetailBody);
}

async function firingAnswer(c: Context, deps: AlertDeps): Promise<Response> {
  const { limit, cursor, severity } = query(c, firingQuery);
  const [afterAlert, afterId] = cursor?.split("~") ?? ["", ""];
  const caller = c.get("caller");
  // One more than the page holds shows whether there is a next page.
  const firing = await firingSubjects(deps, caller, {
    afterAlert,
    afterId,
    limit: limit + 1,
    ...(severity === undefined ? {} : { severity }),
  });
  const page = firing.slice(0, limit);
  const last = page.at(-1);
  const filter = severity === undefined ? "" : `&severity=${severity}`;
  const next = firing.length > limit && last !== undefined
    ? `/api/alerts/firing?limit=${limit}&cursor=${last.alert.id}~${last.id}${filter}`
    : null;
  if (next !== null) c.header("link", `<${next}>; rel="next"`);
  return c.json({ firing: page, next } satisfies FiringListBody);
}

async function bodyOf(c: Context, deps: AlertDeps, rule: AlertRule): Promise<AlertBody> {
  const [counts, found] = await Promise.all([
    countStates(deps, rule, c.get("caller")),
    deps.findOwner(rule.owner),
  ]);
  return alertBody(rule, { isOwned: watcherOf(found, rule) !== null, counts });
}

async function visibleRules(c: Context, { kv }: AlertDeps): Promise<AlertRule[]> {
  const caller = c.get("caller");
  const entries = await listAlertRules(kv);
  return entries.map(({ rule }) => rule).filter((rule) => maySeeOwned(caller, rule));
}

async function visibleRule(c: Context, { kv }: AlertDeps, id: string): Promise<AlertRule> {
  const entry = await getAlertRule(kv, id);
  if (entry === null || !maySeeOwned(c.get("caller"), entry.rule)) throw unknownAlert(id);
  return entry.rule;
}

function query<T>(c: Context, schema: z.ZodType<T>): T {
  const result = schema.safeParse(c.req.query());
  if (!result.success) throw invalidRequest(parameterErrors(result.error, c.req.query()));
  return result.data;
}

function parsed<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (!result.success) throw invalidRequest(fieldErrors(result.error, body));
  return result.data;
}

function alertId(id: string): string {
  if (ALERT_ID_PATTERN.test(id)) return id;
  const detail = `id must be ${ALERT_ID_RULE}`;
  throw invalidRequest([{ pointer: "#id", detail, value: id.slice(0, 100) }]);
}

function unknownAlert(id: string): AppError {
  return new AppError("ALERT_NOT_FOUND", `There is no alert ${id}`);
}
