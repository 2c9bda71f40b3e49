/**
 * The intake as a caller uses it.
 *
 * @module
 */

import { accountOf } from "../../data/access/account.ts";
import type { Caller } from "../../data/access/caller.ts";
import type { DeviceIntake } from "../../kv/devices/intake.ts";
import type { ReadingQuotas } from "../../kv/series/quotas.ts";

/** What it needs. */
export interface CallerIntakeDeps {
  /** Accepts readings. */
  readonly intake: DeviceIntake;
  /** Limits on stored readings. */
  readonly quotas: ReadingQuotas;
}

/** Accepts what a caller sends: it counts for the caller, up to its limit of stored readings. */
export function intakeOf({ intake, quotas }: CallerIntakeDeps, caller: Caller): DeviceIntake {
  const account = accountOf(caller);
  return {
    ...intake,
    accept(readings) {
      const room = quotas.requireRoom({ account, limits: caller.limits });
      const own = { ...readings, account };
      return room === undefined ? intake.accept(own) : room.then(() => intake.accept(own));
    },
    acceptMany(all) {
      const room = quotas.requireRoom({ account, limits: caller.limits });
      const own = all.map((readings) => ({ ...readings, account }));
      return room === undefined ? intake.acceptMany(own) : room.then(() => intake.acceptMany(own));
    },
  };
}
