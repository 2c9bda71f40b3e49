/**
 * What fires now, of the alerts that exist for a caller.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import type { AlertSettings } from "../../data/alerts/rule.ts";
import { listAlertRules } from "../../kv/alerts/rules.ts";
import type { FiringListBody } from "./schemas.ts";
import { onOf } from "./scope_body.ts";
import { maintenanceWindows, openSubjects, type StateDeps } from "./subject_states.ts";
import { maySeeOwned } from "./visible_alerts.ts";

/** Which of them. */
export interface FiringPage {
  /** The alert at which the page begins; "" for the first. */
  readonly afterAlert: string;
  /** The subject of it after which the page begins; "" for the first. */
  readonly afterId: string;
  /** How many it has at most. */
  readonly limit: number;
  /** Only alerts of this severity; all by default. */
  readonly severity?: AlertSettings["severity"];
}

/** What fires, in the order of the ids of alerts and subjects; during maintenance it is muted. */
export async function firingSubjects(
  deps: StateDeps,
  caller: Caller,
  { afterAlert, afterId, limit, severity: wanted }: FiringPage,
): Promise<FiringListBody["firing"]> {
  const windows = await maintenanceWindows(deps);
  const rules = (await listAlertRules(deps.kv)).map(({ rule }) => rule).filter((rule) =>
    maySeeOwned(caller, rule) && rule.isEnabled && rule.id >= afterAlert &&
    (wanted === undefined || rule.severity === wanted)
  );
  const firing: FiringListBody["firing"] = [];
  for (const rule of rules) {
    const { id, name, severity } = rule;
    const alert = { id, name, severity, on: onOf(rule.scope.kind) };
    const after = id === afterAlert ? afterId : "";
    for await (const subject of openSubjects(deps, { rule, caller, windows, afterId: after })) {
      if (subject.state === "firing" || subject.state === "muted") {
        firing.push({ alert, ...subject });
      }
      if (firing.length === limit) return firing;
    }
  }
  return firing;
}
