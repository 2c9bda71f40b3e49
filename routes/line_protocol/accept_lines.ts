/**
 * Accepts the lines of a request, piece by piece as they arrive.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { type MayTouch, TOUCH_RULES } from "../../data/access/touch_rule.ts";
import { groupPage, metricsOf } from "../../data/line_protocol/group_page.ts";
import type { LineReader } from "../../data/line_protocol/line_reader.ts";
import type { PointGroup } from "../../data/line_protocol/point_group.ts";
import type { Precision } from "../../data/line_protocol/precision.ts";
import { DEVICE_ID_PATTERN, DEVICE_ID_RULE } from "../../data/limits.ts";
import type { Log } from "../../data/log.ts";
import type { Metric, Profile, ProfileName } from "../../data/readings/profile.ts";
import type { ProfileEditor } from "../../kv/profiles/editor.ts";
import type { DeviceReadings } from "../../kv/devices/arrival.ts";
import type { DeviceIntake, IntakeResult } from "../../kv/devices/intake.ts";

/** Points accepted at a time. */
const PIECE_POINTS = 32_768;
/** Devices whose points are written at once. */
const GROUPS_AT_ONCE = 125;
/**
 * How long a request may wait until its devices may send again, milliseconds. The JavaScript client of
 * InfluxDB takes `Retry-After` for milliseconds: it would give up before a second is over.
 */
const TURN_WAIT_MS = 2_000;

/** What lines need. */
export interface AcceptLinesDeps {
  /** Accepts readings. */
  readonly intake: Pick<DeviceIntake, "accept" | "reject">;
  /** The profiles. */
  readonly profiles: {
    /** A profile with as many of the metrics as possible (`kv/profiles/profiles.ts`). */
    ensure(
      name: ProfileName,
      metrics: readonly Metric[],
      editor?: ProfileEditor,
    ): Promise<Profile>;
  };
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
}

/** A device that sends too often; nothing of it was stored. */
export interface LimitedDevice {
  /** The device; if there are several, the one that must wait longest. */
  readonly id: string;
  /** How long it must wait, milliseconds. */
  readonly waitMs: number;
}

/** How to read the lines of a request. */
export interface LineWrite {
  /** Reads them. It drops those of devices that may not be touched. */
  readonly reader: LineReader;
  /** The unit of their times. */
  readonly precision: Precision;
  /** Which devices may have points; all if there is no such function. */
  readonly mayTouch: MayTouch | undefined;
  /** Who makes and extends profiles, if they may not touch everything. */
  readonly editor?: ProfileEditor;
}

/**
 * Accepts lines. They count as one request for each device in them. Good lines are durable, piece by
 * piece, even if the rest breaks off; what is wrong with the others is in the reader's problems.
 * Returns the device that sends too often, or null.
 */
export async function acceptLines(
  deps: AcceptLinesDeps,
  write: LineWrite,
  chunks: AsyncIterable<Uint8Array>,
): Promise<LimitedDevice | null> {
  const { reader } = write;
  const startedMs = deps.now();
  const batch = createBatch(deps, write);
  const counts = () => ({ ...reader.counts(), dropped: reader.problems.dropped() });
  try {
    try {
      for await (const chunk of chunks) {
        reader.push(chunk);
        if (reader.waiting() >= PIECE_POINTS) await batch.flush();
      }
      reader.end();
    } finally {
      await batch.flush();
    }
  } catch (error) {
    deps.log("warn", "lines cut short", { ...counts(), error });
    throw error;
  }
  deps.log("debug", "lines ended", { ...counts(), ms: deps.now() - startedMs });
  return batch.limited();
}

/** What a request has stored so far. */
interface Batch {
  /** Stores the points that were read since the previous call. */
  flush(): Promise<void>;
  /** The device that must wait longest, of those that send too often; null if there is none. */
  limited(): LimitedDevice | null;
}

function createBatch(
  { intake, profiles, now, log }: AcceptLinesDeps,
  { reader, precision: { form: timedForm }, mayTouch, editor }: LineWrite,
): Batch {
  const { problems } = reader;
  /** The devices that were counted, and how long each must wait that sends too often. */
  const waits = new Map<string, number>();
  /** Until when the request may wait; set when it first has to. */
  let waitUntilMs: number | null = null;
  /** The profiles of the points that are being stored: all groups of one share their fields. */
  let ensured = new Map<string, Promise<Profile | string>>();

  async function storeGroup(group: PointGroup): Promise<void> {
    const { profile: name } = group;
    const ensuring = ensured.get(name) ?? ensureProfile(group);
    ensured.set(name, ensuring);
    const profile = await ensuring;
    if (typeof profile === "string") {
      const lineCount = group.lineCounts.reduce((sum, one) => sum + one, 0);
      return problems.drop({ line: group.lines[0], reason: profile }, lineCount);
    }
    const { page, reason, droppedCount, lines, lineCount } = groupPage(group, profile, problems);
    if (reason !== null) await reject(group.deviceId, droppedCount, reason);
    if (page.timesMs.length === 0) return;
    const form = group.isTimed() ? timedForm ?? undefined : "server" as const;
    const readings = {
      profile: profile.name,
      life: profile.life,
      page,
      form,
      isPartial: true,
    };
    const second = `${group.deviceId}:${profile.name}`;
    const rule = secondIdRule(second);
    for (const id of [group.deviceId, ...(rule === null ? [second] : [])]) {
      const result = await accept({ ...readings, id });
      if (result.kind === "other definition") {
        const reason = `the profile ${profile.name} changed just now; write the line again`;
        return problems.drop({ line: lines[0], reason }, lineCount);
      }
      if (result.kind === "accepted" || result.kind === "limited") return;
    }
    const other = `device ${group.deviceId} has another profile than ${profile.name}, and ` +
      (rule === null ? `so has ${second}` : `${second.slice(0, 100)} is not ${rule}`);
    problems.drop({ line: lines[0], reason: other }, lineCount);
  }

  /** Why the second id of a device cannot be used: what it is not. Null if it can. */
  function secondIdRule(id: string): string | null {
    if (!DEVICE_ID_PATTERN.test(id)) return `an id: ${DEVICE_ID_RULE}`;
    return mayTouch === undefined || mayTouch(id) ? null : TOUCH_RULES.device;
  }

  /** The profile of a group, made or extended, or why it cannot be. */
  async function ensureProfile(group: PointGroup): Promise<Profile | string> {
    try {
      return await profiles.ensure(group.profile, metricsOf(group), editor);
    } catch (error) {
      if (error instanceof AppError && error.code === "TOO_MANY_PROFILES") return error.message;
      throw error;
    }
  }

  /** Accepts readings, after a short wait if the device sends too often. */
  async function accept(readings: Omit<DeviceReadings, "isCounted">): Promise<IntakeResult> {
    const { id } = readings;
    let waitMs = waits.get(id) ?? null;
    if (waitMs !== null && waitMs > 0) return { kind: "limited", waitMs };
    // Also counted here, for a clock that stands still.
    let leftMs = TURN_WAIT_MS;
    for (;;) {
      const result = await intake.accept({ ...readings, isCounted: waitMs === null });
      // Such a result comes before the request counts.
      if (result.kind !== "accepted" && result.kind !== "limited") return result;
      waitMs = result.kind === "limited" ? Math.max(1, result.waitMs) : 0;
      waitUntilMs ??= now() + TURN_WAIT_MS;
      const isTooLong = waitMs > leftMs || now() + waitMs > waitUntilMs;
      if (result.kind === "accepted" || isTooLong) {
        waits.set(id, waitMs);
        return result;
      }
      leftMs -= waitMs;
      await pause(waitMs);
      waitMs = null;
    }
  }

  /** Records dropped lines of a device. If that fails, the answer stays the same. */
  async function reject(id: string, count: number, rule: string): Promise<void> {
    try {
      await intake.reject({ id, count, problem: { pointer: "", value: null, rule } });
    } catch (error) {
      log("error", "rejection not recorded", { deviceId: id, error });
    }
  }

  return {
    async flush() {
      ensured = new Map();
      await inGroups(reader.take(), storeGroup);
      const dropped = reader.takeDropped();
      await inGroups(dropped, ({ deviceId, count, reason }) => reject(deviceId, count, reason));
    },
    limited() {
      const limited = [...waits].filter(([, waitMs]) => waitMs > 0);
      if (limited.length === 0) return null;
      const [id, waitMs] = limited.reduce((one, other) => other[1] > one[1] ? other : one);
      return { id, waitMs };
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Runs something for each of many, some at a time. If it fails for one, the others of its time end
 * first.
 */
async function inGroups<T>(all: readonly T[], run: (one: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < all.length; at += GROUPS_AT_ONCE) {
    const results = await Promise.allSettled(all.slice(at, at + GROUPS_AT_ONCE).map(run));
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }
}
