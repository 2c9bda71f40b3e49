/**
 * Deletes objects while continuous export is off: what was exported before stays where it is, until a
 * deletion asks for it.
 *
 * @module
 */

import { listExportControls, waitingErasures } from "../../kv/continuous/controls.ts";
import { listDirtyDays } from "../../kv/continuous/profile_days.ts";
import type { Duty } from "../engine/duty_loop.ts";
import { profileDayDuty, type ProfileDayDutyDeps } from "./profile_day_duty.ts";
import { shardDuties, type ShardDutyDeps } from "./shard_duty.ts";

/** The name of the duty and its lease. */
const NAME = "lake-erasures";

/** One duty for all shards. It only looks at the requests as long as there are none. */
export function erasureDuty(deps: ShardDutyDeps & ProfileDayDutyDeps): Duty {
  const { kv } = deps;
  const shards = shardDuties({ ...deps, isErasingOnly: true });
  const days = profileDayDuty(deps);
  return {
    name: NAME,
    everyMs: 2_000,
    untilNextMs: () => shards[0].untilNextMs?.() ?? Promise.resolve(Infinity),
    async round(context) {
      const controls = await listExportControls(kv);
      const isAsked = controls.values().some((one) => waitingErasures(one).length > 0);
      if (isAsked) await Promise.all(shards.map((shard) => shard.round(context)));
      if ((await listDirtyDays(kv)).length > 0) await days.round(context);
    },
  };
}
