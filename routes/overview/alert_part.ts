/**
 * The alerts of the overview.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import { firingSubjects } from "../alerts/firing.ts";
import type { StateDeps } from "../alerts/subject_states.ts";
import { NAMED_MAX, type Overview } from "./schemas.ts";

/** How much of what fires is counted. */
const COUNTED_MAX = 1_000;

/** Counts what fires of the alerts that a caller may see. */
export async function alertPart(
  deps: StateDeps,
  caller: Caller,
): Promise<NonNullable<Overview["alerts"]>> {
  const all = await firingSubjects(deps, caller, {
    afterAlert: "",
    afterId: "",
    limit: COUNTED_MAX,
  });
  const firing = all.filter(({ state }) => state === "firing");
  const newest = firing.toSorted((one, other) => (one.since ?? "") < (other.since ?? "") ? 1 : -1);
  return {
    firing: firing.length,
    muted: all.length - firing.length,
    is_complete: all.length < COUNTED_MAX,
    newest: newest.slice(0, NAMED_MAX).map((
      { id, since, alert: { id: alert, name, severity, on } },
    ) => ({
      alert_id: alert,
      name,
      severity,
      on,
      id,
      since,
    })),
  };
}
