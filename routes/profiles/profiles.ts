/**
 * Profiles over HTTP: list, get, define or change, and delete them.
 *
 * @module
 */

import { JSON_BODY_MAX_BYTES, PROFILE_NAME_PATTERN, PROFILE_NAME_RULE } from "../../data/limits.ts";
import type { Log } from "../../data/log.ts";
import { isBuiltIn, type Metric, type Profile } from "../../data/readings/profile.ts";
import { unknownProfile } from "../../kv/profiles/definitions.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import type { ProfileDefinition, ProfileStore } from "../../kv/profiles/profiles.ts";
import { noteAuditChange } from "../access/audited.ts";
import { editorOf } from "../access/touch.ts";
import { fieldErrors, readJson } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import {
  type ProfileBody,
  profileDefinition,
  type ProfileDefinitionBody,
  type ProfileListBody,
} from "./schemas.ts";

/** What the routes need. */
export interface ProfileDeps {
  /** The profiles. */
  readonly profiles: ProfileStore;
  /** The log. */
  readonly log: Log;
}

/** The routes under `/api/profiles`. */
export function profileRoutes({ profiles, log }: ProfileDeps): GuardedRoutes {
  async function bodyOf(profile: Profile): Promise<ProfileBody> {
    const { name } = profile;
    const isUsed = await profiles.isUsed(name);
    const state = isBuiltIn(name) ? "built_in" : isUsed ? "in_use" : "unused";
    const { title, retention_days, metrics } = settingsBody(profile);
    return { name, title, state, retention_days, metrics };
  }

  return guardedRoutes()
    .get("/api/profiles", async (c) => {
      await profiles.refresh();
      const bodies = await Promise.all(profiles.list().map(bodyOf));
      return c.json({ profiles: bodies } satisfies ProfileListBody);
    })
    .get("/api/profiles/:name", async (c) => {
      const name = profileName(c.req.param("name"));
      const profile = await profiles.current(name);
      if (profile === undefined || !profiles.list().includes(profile)) throw unknownProfile(name);
      return c.json(await bodyOf(profile));
    })
    .put("/api/profiles/:name", async (c) => {
      const name = profileName(c.req.param("name"));
      const body = await readJson(c.req.raw, JSON_BODY_MAX_BYTES);
      const given = profileDefinition.safeParse(body);
      if (!given.success) throw invalidRequest(fieldErrors(given.error, body));
      const { isNew, before, profile } = await profiles.put(
        name,
        definitionOf(given.data),
        editorOf(c.get("caller")),
      );
      noteAuditChange(c, before && settingsBody(before), settingsBody(profile));
      log("info", "profile defined", { profile: name, isNew });
      return c.json(await bodyOf(profile), isNew ? 201 : 200);
    })
    .delete("/api/profiles/:name", async (c) => {
      const name = profileName(c.req.param("name"));
      const before = await profiles.remove(name, editorOf(c.get("caller")));
      noteAuditChange(c, settingsBody(before), {});
      log("info", "profile deleted", { profile: name });
      return c.body(null, 204);
    });
}

function profileName(name: string): string {
  if (PROFILE_NAME_PATTERN.test(name)) return name;
  const detail = `The profile's name must be ${PROFILE_NAME_RULE}`;
  throw invalidRequest([{ pointer: "#name", detail, value: name.slice(0, 100) }]);
}

function definitionOf(
  { title, retention_days: retentionDays, metrics }: ProfileDefinitionBody,
): ProfileDefinition {
  return {
    ...(title === null || title === undefined ? {} : { title }),
    ...(retentionDays === null || retentionDays === undefined ? {} : { retentionDays }),
    metrics: metrics.map(({ name, unit, label, min, max, aggregate, required }): Metric => ({
      name,
      unit,
      ...(label === null || label === undefined ? {} : { label }),
      min: min ?? -Number.MAX_VALUE,
      max: max ?? Number.MAX_VALUE,
      aggregate,
      ...(required ? { isRequired: true } : {}),
    })),
  };
}

/** What users define. */
function settingsBody(
  { title, retentionDays, metrics }: Profile,
): Omit<ProfileBody, "name" | "state"> {
  return {
    title: title ?? null,
    retention_days: retentionDays ?? null,
    metrics: metrics.map(metricBody),
  };
}

function metricBody(
  { name, unit, label, min, max, aggregate, isRequired = false }: Metric,
): ProfileBody["metrics"][number] {
  return {
    name,
    unit,
    label: label ?? null,
    min: min === -Number.MAX_VALUE ? null : min,
    max: max === Number.MAX_VALUE ? null : max,
    aggregate,
    required: isRequired,
  };
}
