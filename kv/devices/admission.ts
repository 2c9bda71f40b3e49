/**
 * The rate limit of a device: whether its readings are accepted, and whether that has to be looked up.
 *
 * @module
 */

import {
  countRequest,
  type RateLimit,
  usedRequests,
  waitMs,
} from "../../data/devices/rate_window.ts";
import type { OthersView } from "../ingest_log/logged_kv.ts";
import type { DeviceReadings } from "./arrival.ts";
import type { CachedDevice } from "./cache.ts";
import type { ProfileName } from "../../data/readings/profile.ts";

/** The share of the limit that all instances together may accept by what they have found out lately. */
const UNSEEN_SHARE = 1 / 2;

/** Why readings are refused. */
export type Refusal =
  | {
    /** The device sends too often; nothing was stored. */
    readonly kind: "limited";
    /** How long until its next request is accepted, milliseconds. */
    readonly waitMs: number;
  }
  | {
    /** The device has another profile; nothing was stored. */
    readonly kind: "other profile";
    /** The profile of the device. */
    readonly profile: ProfileName;
  }
  | {
    /**
     * The readings follow a definition of their profile that is not the current one; nothing was
     * stored. Read the profiles again, then the message.
     */
    readonly kind: "other definition";
  };

/** Enforces the limit, by what is known of a device. */
export interface Admission {
  /** Why readings are refused; or counts them as a request, and returns how many more are possible. */
  admit(cached: CachedDevice, readings: DeviceReadings, nowMs: number): Refusal | number;
  /** Whether one more request may be accepted without a look at what others have received. */
  isWithinShare(cached: CachedDevice, nowMs: number): boolean;
}

/** Creates it. `others` are the processes that share the database, if they can be asked. */
export function createAdmission(
  { limit, others }: {
    readonly limit: RateLimit;
    readonly others?: Pick<OthersView, "count"> | null;
  },
): Admission {
  /** How many requests of the current window are known. */
  function known(cached: CachedDevice, nowMs: number): number {
    let used = usedRequests(cached.window, limit, nowMs);
    for (const { window } of cached.others) used += usedRequests(window, limit, nowMs);
    return used;
  }

  return {
    isWithinShare(cached, nowMs) {
      if (!others) return false;
      return known(cached, nowMs) + 1 <= limit.requests * UNSEEN_SHARE / (1 + others.count());
    },
    admit(cached, { profile, life = 0, isCounted }, nowMs) {
      const { device } = cached;
      if (device.profile !== profile) return { kind: "other profile", profile: device.profile };
      if (device.profileLife !== life) return { kind: "other definition" };
      const used = known(cached, nowMs);
      if (isCounted && used >= limit.requests) {
        const windows = [cached.window, ...cached.others.map(({ window }) => window)];
        return { kind: "limited", waitMs: waitMs(windows, limit, nowMs) };
      }
      // Nothing was awaited since the requests were counted, so no other one used the same place.
      if (isCounted) countRequest(cached.window, limit, nowMs);
      return Math.max(0, limit.requests - used - (isCounted ? 1 : 0));
    },
  };
}
