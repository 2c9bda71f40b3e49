/**
 * Accepts what devices send: enforces the rate limit, counts what is new, and records its arrival.
 *
 * Devices that sent lately are cached (`kv/devices/cache.ts`), so most readings are accepted without
 * reading the database. A process that has the database alone trusts the cache. Over a shared
 * database, device records are read again when one has changed, which is found out once a second. Below a part of the
 * limit, what was found out about the others within a second is enough: all instances together accept at
 * most half of the limit in that way. For every other request, and before one is refused, it is found out
 * what the others have received. Then an instance accepts no more than the limit, minus the requests that
 * the others have recorded; requests that the others are writing at that moment come on top.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import type { Page } from "../../data/readings/page.ts";
import type { ProfileName } from "../../data/readings/profile.ts";
import { type RateLimit, uncountRequest } from "../../data/devices/rate_window.ts";
import { createAdmission, type Refusal } from "./admission.ts";
import {
  type ArrivalRules,
  begin,
  type Begun,
  countCompared,
  type DeviceReadings,
  release,
  rememberDurable,
  withOwnPage,
} from "./arrival.ts";
import { type CachedDevice, createDeviceCache, type DeviceCache } from "./cache.ts";
import { markOnline } from "./presence.ts";
import { fixProfile, setTimestampForm } from "./devices.ts";
import { createRejectionRecorder, type RejectedMessages } from "./rejection_recorder.ts";
import type { ProfileStore } from "../profiles/profiles.ts";
import type { OthersView } from "../ingest_log/logged_kv.ts";
import type { Ingest } from "../series/ingest.ts";
import { OthersWroteError } from "../series/others_quiet.ts";
import type { SeriesStore } from "../series/store.ts";
import { createTurns } from "../in_turn.ts";
import { fillFromStored } from "./union.ts";

/** What happened to the readings. */
export type IntakeResult =
  | {
    /** They are durable. */
    readonly kind: "accepted";
    /** Readings with a new time. */
    readonly created: number;
    /** Readings that replaced other values of the same time. */
    readonly updated: number;
    /** Readings that changed nothing: stored already, or replaced by a later one of the request. */
    readonly unchanged: number;
    /** How many more requests the limit would accept now. */
    readonly remaining: number;
  }
  | Refusal
  | {
    /** A meter has the id and the profile; nothing was stored. */
    readonly kind: "id taken";
  };

/** Accepts what devices send. */
export interface DeviceIntake {
  /**
   * Accepts readings; creates the device if it does not exist. Settles once they are durable.
   *
   * @throws {AppError} SERVICE_STOPPING while the service stops.
   */
  accept(readings: DeviceReadings): Promise<IntakeResult>;
  /**
   * Accepts readings of many devices, like {@link DeviceIntake.accept}. What can be written without a
   * read is written together. Settles once it is known of each what has happened to it.
   */
  acceptMany(
    all: readonly DeviceReadings[],
  ): Promise<readonly PromiseSettledResult<IntakeResult>[]>;
  /**
   * Records messages of a device that were rejected: they were received, so they bring it online. An
   * unknown device is ignored.
   */
  reject(rejected: RejectedMessages): Promise<void>;
  /** The profile of a device that sent lately; undefined if it is not known without a read. */
  knownProfile(id: string): ProfileName | undefined;
  /** The profile of a device; null if there is no such device. */
  findProfile(id: string): Promise<ProfileName | null>;
  /** Call it after the record of a device changed. Its counted requests stay counted. */
  invalidate(id: string): void;
}

/** What an intake needs. */
export interface DeviceIntakeDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "getMany" | "list" | "atomic">;
  /** Whether no other process uses the database. */
  readonly isExclusive: boolean;
  /** What other processes have received lately; by default, the database is read for it. */
  readonly others?: OthersView | null;
  /** This running process, unlike any other that ever was. */
  readonly owner: string;
  /** Commits readings. */
  readonly ingest: Pick<Ingest, "addMany" | "takesReceipts">;
  /** The series store. */
  readonly series: Pick<SeriesStore, "describeMany" | "compare" | "read">;
  /** The profiles, if others may change them. */
  readonly profiles?: Pick<ProfileStore, "current">;
  /** How often a device may send. */
  readonly limit: RateLimit;
  /** The time without messages after which a device is offline, unless it has its own, milliseconds. */
  readonly offlineAfterMs: number;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** Creates an intake with an empty cache. */
export function createDeviceIntake(deps: DeviceIntakeDeps): DeviceIntake {
  const { kv, ingest, limit, now, offlineAfterMs } = deps;
  const { admit, isWithinShare } = createAdmission(deps);
  // Alone, a process continues the last-seen records of the one before it.
  const writer = deps.isExclusive ? "" : deps.owner;
  const cache = createDeviceCache({ ...deps, writer });
  const inTurn = createTurns();

  /** The readings with what is stored already, if they are partial. */
  async function filledPage(cached: CachedDevice, readings: DeviceReadings): Promise<Page> {
    const { id, profile, page, isCounted } = readings;
    // Another instance may have stored later ones.
    const afterMs = deps.isExclusive ? cached.lastMs : Infinity;
    try {
      const current = await deps.profiles?.current(profile);
      const partial = { page, afterMs, profile: current };
      return await fillFromStored(deps.series, { profile, id }, partial);
    } catch (error) {
      if (isCounted) uncountRequest(cached.window);
      throw error;
    }
  }

  function accept(readings: DeviceReadings): Promise<IntakeResult> {
    const assumesQuiet = deps.others?.areQuiet() === true;
    const rules = rulesAt(now(), assumesQuiet);
    // Else it has to be looked up first what other processes have received.
    const known = beginKnown(readings, rules, deps.isExclusive || assumesQuiet);
    if (known !== null) return "kind" in known ? Promise.resolve(known) : store(known);
    const own = withOwnPage(readings);
    // Two that give different metrics of one time must not overlook each other.
    return own.isPartial === true ? inTurn(own.id, () => acceptNow(own)) : acceptNow(own);
  }

  async function acceptNow(readings: DeviceReadings, isAgain = false): Promise<IntakeResult> {
    const { id, profile, account } = readings;
    // Then the commit fails if others have written something that is not counted here.
    const assumesQuiet = !isAgain && deps.others?.areQuiet() === true;
    const known = deps.isExclusive || assumesQuiet ? cache.known(id) : undefined;
    const cached = known ?? await deviceOrRefusal(cache, readings, assumesQuiet);
    if ("kind" in cached) return cached;
    if (cached.device.profile === profile && !cached.device.isProfileFixed) {
      cached.device = await fixProfile(kv, id, { profile, account }) ?? cached.device;
    }
    const nowMs = now();
    const remaining = admit(cached, readings, nowMs);
    if (typeof remaining === "object") return remaining;
    const page = readings.isPartial === true ? await filledPage(cached, readings) : readings.page;
    const rules = rulesAt(nowMs, assumesQuiet);
    return await store(begin(cached, readings, { page, remaining, rules }));
  }

  function rulesAt(nowMs: number, assumesQuiet: boolean): ArrivalRules {
    const { takesReceipts } = ingest;
    const counted = { receivedMs: nowMs, requests: 1, windowMs: limit.windowMs };
    return { nowMs, counted, writer, takesReceipts, assumesQuiet };
  }

  function store(begun: Begun): Promise<IntakeResult> {
    return begun.toCompare.length > 0 ? writeCompared(begun) : write(begun);
  }

  async function writeCompared(begun: Begun): Promise<IntakeResult> {
    try {
      await countCompared(deps.series, begun);
    } catch (error) {
      undo(begun);
      throw error;
    }
    return await write(begun);
  }

  function write(begun: Begun): Promise<IntakeResult> {
    return ingest.addMany([begun]).then(([error]) =>
      error === null ? finish(begun) : acceptAgain(begun, error)
    );
  }

  /** Accepts readings that are not durable again, if that is because others have written. */
  async function acceptAgain(begun: Begun, error: unknown): Promise<IntakeResult> {
    undo(begun);
    if (!(error instanceof OthersWroteError)) throw error;
    return await acceptNow(withOwnPage(begun.given), true);
  }

  /** Takes back what was counted for readings that are not durable. */
  function undo(begun: Begun): void {
    if (begun.given.isCounted) uncountRequest(begun.cached.window);
    release(begun);
  }

  /** What happened to readings that are durable. */
  function finish(begun: Begun): IntakeResult | Promise<IntakeResult> {
    const { given: { id, form = "iso8601" }, cached, device, nowMs, silentMs } = begun;
    release(begun);
    const isLate = silentMs >= (device.offlineAfterMs ?? offlineAfterMs);
    const isNewForm = form !== "iso8601" && form !== cached.device.timestampForm;
    if (isLate || device.state === "offline" || isNewForm || cache.isInvalid(id)) {
      return updateDevice(begun, isLate);
    }
    rememberDurable(begun);
    cached.onlineMs = Math.max(cached.onlineMs, nowMs);
    return resultOf(begun);
  }

  /** Brings the record of a device up to date. */
  async function updateDevice(begun: Begun, isLate: boolean): Promise<IntakeResult> {
    const { given, cached, device: { state }, nowMs } = begun;
    const { id, profile, account, form = "iso8601" } = given;
    // If the device was deleted while these readings were on their way, they create it anew.
    if (cache.isInvalid(id)) await cache.get(id, { profile, account });
    rememberDurable(begun);
    if (isLate || state === "offline") {
      await markOnline(kv, id, { receivedMs: nowMs, offlineAfterMs });
      // Else every later reading would look up again whether the device is still offline.
      if (state === "offline") cache.invalidate(id);
    }
    cached.onlineMs = Math.max(cached.onlineMs, nowMs);
    if (form !== "iso8601" && form !== cached.device.timestampForm) {
      cached.device = await setTimestampForm(kv, id, form) ?? cached.device;
    }
    return resultOf(begun);
  }

  /** Accepts readings that can be written without a further read; null for others. */
  function beginKnown(
    given: DeviceReadings,
    rules: ArrivalRules,
    isLooked = true,
  ): Begun | IntakeResult | null {
    const cached = given.isPartial === true ? undefined : cache.known(given.id);
    if (cached?.device.isProfileFixed !== true) return null;
    if (!isLooked && !isWithinShare(cached, rules.nowMs)) return null;
    const remaining = admit(cached, given, rules.nowMs);
    // The device may have been made anew by another process since the last look.
    if (typeof remaining === "object") return isLooked ? remaining : null;
    return begin(cached, given, { page: given.page, remaining, rules });
  }

  async function acceptMany(
    all: readonly DeviceReadings[],
  ): Promise<readonly PromiseSettledResult<IntakeResult>[]> {
    const results: PromiseSettledResult<IntakeResult>[] = new Array(all.length);
    const running: Promise<void>[] = [];
    const together: Begun[] = [], indexes: number[] = [];
    const assumesQuiet = deps.others?.areQuiet() === true;
    if (!assumesQuiet) await deps.others?.look();
    const rules = rulesAt(now(), assumesQuiet);
    const settle = (index: number, result: Promise<IntakeResult>) =>
      Promise.allSettled([result]).then(([settled]) => void (results[index] = settled));
    for (let index = 0; index < all.length; index++) {
      const begun = beginKnown(all[index], rules);
      if (begun === null) running.push(settle(index, accept(all[index])));
      else if ("kind" in begun) results[index] = { status: "fulfilled", value: begun };
      else if (begun.toCompare.length > 0) {
        running.push(settle(index, writeCompared(begun)));
      } else {
        together.push(begun);
        indexes.push(index);
      }
    }
    const errors = await ingest.addMany(together);
    for (let place = 0; place < together.length; place++) {
      const begun = together[place], index = indexes[place], reason = errors[place];
      const value = reason === null ? finish(begun) : acceptAgain(begun, reason);
      if (value instanceof Promise) running.push(settle(index, value));
      else results[index] = { status: "fulfilled", value };
    }
    await Promise.all(running);
    return results;
  }

  const reject = createRejectionRecorder({ ...deps, cache, writer });
  return {
    accept,
    acceptMany,
    reject,
    knownProfile: cache.knownProfile,
    findProfile: async (id) => (await cache.find(id))?.device.profile ?? null,
    invalidate: cache.invalidate,
  };
}

function resultOf({ created, updated, unchanged, remaining }: Begun): IntakeResult {
  return { kind: "accepted", created, updated, unchanged, remaining };
}

/** The device of readings, which is created if it does not exist; or why it cannot be. */
async function deviceOrRefusal(
  cache: DeviceCache,
  { id, profile, account }: DeviceReadings,
  assumesQuiet: boolean,
): Promise<CachedDevice | IntakeResult> {
  try {
    return await cache.get(id, { profile, account, assumesQuiet });
  } catch (error) {
    if (error instanceof AppError && error.code === "PROFILE_NOT_FOUND") {
      return { kind: "other definition" };
    }
    if (error instanceof AppError && error.code === "ID_TAKEN") return { kind: "id taken" };
    throw error;
  }
}
