/**
 * Accepts a batch of telemetry, piece by piece as it arrives.
 *
 * @module
 */

import { AppError, withStored } from "../../data/app_error.ts";
import type { Place } from "../../data/text/upload_reader.ts";
import { profileHint } from "../../data/devices/message.ts";
import { type MessageGroup, placesOf } from "../../data/devices/message_groups.ts";
import type { MessageProblem, TelemetryReader } from "../../data/devices/message_reader.ts";
import type { DeviceReadings } from "../../kv/devices/arrival.ts";
import type { DeviceIntake, IntakeResult } from "../../kv/devices/intake.ts";
import type { RejectedMessages } from "../../kv/devices/rejection_recorder.ts";
import type { Log } from "../../data/log.ts";
import type { DeviceProfiles } from "./device_profiles.ts";
import { refusalOf } from "./telemetry_refusals.ts";
import type { BatchCountsBody, BatchReportBody } from "./telemetry_schemas.ts";

/** Messages accepted at a time. */
const PIECE_MESSAGES = 8_192;

/** Devices whose messages are written at once. */
const GROUPS_AT_ONCE = 1_000;
/** Devices that are looked up, or whose rejections are recorded, at once. */
const LOOKED_UP_AT_ONCE = 125;
/** What the counts of an error mean. */
const STORED_DETAILS = "`stored` counts the messages that were read before. What they stored " +
  "stays; send the same batch again to complete it";

/** A batch of which nothing was stored because every device in it sends too often. */
export interface BatchLimited {
  /** One of these devices. */
  readonly limitedId: string;
  /** How long until one of them may send again, milliseconds. */
  readonly waitMs: number;
}

/** What a batch needs. */
export interface BatchDeps {
  /** Accepts readings. */
  readonly intake: Pick<DeviceIntake, "acceptMany" | "reject">;
  /** The profiles of the devices. */
  readonly devices: Pick<DeviceProfiles, "find">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
}

/**
 * Accepts a batch. It counts as one request for each device in it. Good messages are durable, piece
 * by piece, even if the rest breaks off; sending the same batch again completes it.
 *
 * @throws {AppError} MALFORMED_BODY, with the counts of what is stored, if the batch breaks off or is
 * not a JSON array.
 */
export async function acceptBatch(
  { intake, devices, now, log }: BatchDeps,
  reader: TelemetryReader,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<BatchReportBody | BatchLimited> {
  const startedMs = now();
  const batch = createBatch({ intake, devices }, reader);
  try {
    try {
      for await (const chunk of chunks) {
        reader.push(chunk);
        if (reader.waiting() >= PIECE_MESSAGES) await batch.flush();
      }
      reader.end();
    } finally {
      // Even if the batch breaks off: a slow sender, who is cut off more often, sends few messages.
      await batch.flush();
    }
  } catch (error) {
    log("warn", "telemetry batch cut short", { ...batch.counts(), error });
    throw error instanceof AppError ? withStored(error, batch.counts(), STORED_DETAILS) : error;
  }
  log("debug", "telemetry batch ended", { ...batch.counts(), ms: now() - startedMs });
  const untimed = reader.untimed();
  const hint = profileHint(reader.rejected().first);
  return batch.limited() ?? {
    ...batch.counts(),
    rejects: [...reader.rejected().first],
    ...(hint === "" ? {} : { details: hint }),
    ...(untimed === 0 ? {} : { without_timestamp: untimed }),
  };
}

/** What a batch has stored and rejected so far. */
interface Batch {
  /** Stores the messages that were read since the previous call. */
  flush(): Promise<void>;
  /** The messages so far, by what happened to them. */
  counts(): BatchCountsBody;
  /** Who may send again first, if every message was over the limit of its device; else null. */
  limited(): BatchLimited | null;
}

function createBatch(
  { intake, devices }: Pick<BatchDeps, "intake" | "devices">,
  reader: TelemetryReader,
): Batch {
  const stored = { created: 0, updated: 0, unchanged: 0 };
  /** The devices that were counted, and how long each must wait that sends too often. */
  const waits = new Map<string, number>();
  /** Those that were counted and need not wait, and are not among them yet: most batches end before. */
  let accepted: MessageGroup[] = [];
  let limitedMessages = 0;

  /** Accepts the messages of many devices. If it fails for one, what the others stored is counted. */
  async function acceptGroups(groups: readonly MessageGroup[]): Promise<void> {
    for (const { id } of accepted) waits.set(id, 0);
    accepted = [];
    const open: MessageGroup[] = [];
    const rejecting: Promise<void>[] = [];
    for (const group of groups) {
      const waitMs = waits.get(group.id) ?? 0;
      if (waitMs > 0) takeResult(group, { kind: "limited", waitMs });
      else open.push(group);
    }
    const results = await intake.acceptMany(open.map(readingsOf));
    results.forEach((result, index) => {
      const { value } = result.status === "fulfilled" ? result : { value: null };
      const rejected = value === null ? null : takeResult(open[index], value);
      if (rejected !== null) rejecting.push(intake.reject(rejected));
    });
    const failed = [...results, ...await Promise.allSettled(rejecting)].find(({ status }) =>
      status === "rejected"
    );
    if (failed?.status === "rejected") throw failed.reason;
  }

  function readingsOf(
    { id, profile: { name, life }, form, page, rows }: MessageGroup,
  ): DeviceReadings {
    return { id, profile: name, life, form, page, rows, isCounted: !waits.has(id) };
  }

  /** Counts what happened to messages. Returns what their device has to show as rejected. */
  function takeResult(group: MessageGroup, result: IntakeResult): RejectedMessages | null {
    const { id, profile: { name: profile } } = group;
    // Metrics of another profile are refused before they count as a request.
    if (result.kind === "limited") waits.set(id, result.waitMs);
    if (result.kind === "accepted") {
      accepted.push(group);
      stored.created += result.created;
      stored.updated += result.updated;
      stored.unchanged += result.unchanged;
      return null;
    }
    const places = placesOf(group);
    if (result.kind === "limited") {
      limitedMessages += places.length;
      rejectAll(places, { pointer: "/device_id", value: id, rule: "rate_limit" });
      return null;
    }
    const { detail: _, ...problem } = refusalOf(result, { id, profile });
    rejectAll(places, problem);
    return { id, count: places.length, problem };
  }

  function rejectAll(places: readonly Place[], problem: MessageProblem): void {
    for (const place of places) reader.reject(place, problem);
  }

  function counts(): BatchCountsBody {
    const rejected = reader.rejected().count;
    const received = stored.created + stored.updated + stored.unchanged + rejected;
    return { received, ...stored, rejected };
  }

  return {
    async flush() {
      await inGroups(reader.undecided(), devices.find);
      reader.decide();
      const groups = reader.take();
      for (let at = 0; at < groups.length; at += GROUPS_AT_ONCE) {
        await acceptGroups(groups.slice(at, at + GROUPS_AT_ONCE));
      }
      await inGroups(reader.takeRejects(), intake.reject);
    },
    counts,
    limited() {
      const { received } = counts();
      if (received === 0 || limitedMessages < received) return null;
      const [limitedId, waitMs] = [...waits].reduce((one, other) =>
        other[1] < one[1] ? other : one
      );
      return { limitedId, waitMs };
    },
  };
}

/**
 * Runs something for each of many, some at a time. If it fails for one, the others of its time end
 * first, so that what they stored is counted.
 */
async function inGroups<T>(all: readonly T[], run: (one: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < all.length; at += LOOKED_UP_AT_ONCE) {
    const results = await Promise.allSettled(all.slice(at, at + LOOKED_UP_AT_ONCE).map(run));
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }
}
