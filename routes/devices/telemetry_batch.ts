/**
 * Taking in a batch of telemetry, piece by piece as it comes in.
 *
 * @module
 */

import type { Place } from "../../data/text/upload_reader.ts";
import type {
  MessageGroup,
  TelemetryReader,
  TelemetryReject,
} from "../../data/devices/message_reader.ts";
import type { DeviceIntake, IntakeResult } from "../../kv/devices/intake.ts";
import type { Log } from "../../data/log.ts";

/** Messages taken in at once. */
const PIECE_MESSAGES = 8_192;

/** Devices whose messages are taken at once; of more the collector would copy what is on its way. */
const GROUPS_AT_ONCE = 125;

/** What came of a batch; received = created + updated + unchanged + rejected. */
export interface BatchReport {
  /** Messages of the batch. */
  readonly received: number;
  /** Readings that were new. */
  readonly created: number;
  /** Readings that replaced others. */
  readonly updated: number;
  /** Readings that changed nothing: the same was there, or a later one has their time. */
  readonly unchanged: number;
  /** Messages that were not taken. */
  readonly rejected: number;
  /** The first 100 of those. */
  readonly rejects: readonly TelemetryReject[];
}

/** A batch of which nothing was taken, as every device in it sends too often. */
export interface BatchLimited {
  /** One of these devices. */
  readonly limitedId: string;
  /** How long until one of them may send again, milliseconds. */
  readonly waitMs: number;
}

/** What a batch needs. */
export interface BatchDeps {
  /** What takes readings. */
  readonly intake: Pick<DeviceIntake, "accept">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
}

/**
 * Takes in a batch. It counts once a device that is in it. Good messages are durable, piece by
 * piece, also when the rest breaks off; sending the same again completes it.
 *
 * @throws {AppError} MALFORMED_BODY where the batch breaks off or is no JSON array.
 */
export async function takeBatch(
  { intake, now, log }: BatchDeps,
  reader: TelemetryReader,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<BatchReport | BatchLimited> {
  const startedMs = now();
  const counts = { created: 0, updated: 0, unchanged: 0 };
  /** Devices that were counted, and how long those must wait that send too often. */
  const waits = new Map<string, number>();
  let limitedMessages = 0;

  async function takeGroup({ id, profile, page, places }: MessageGroup): Promise<void> {
    const waitMs = waits.get(id) ?? null;
    const taken: IntakeResult = waitMs !== null && waitMs > 0
      ? { kind: "limited", waitMs }
      : await intake.accept({ id, profile, page, isCounted: waitMs === null });
    // Metrics of another profile are refused before they count as a request.
    if (taken.kind !== "other profile") waits.set(id, taken.kind === "limited" ? taken.waitMs : 0);
    if (taken.kind === "accepted") {
      counts.created += taken.created;
      counts.updated += taken.updated;
      counts.unchanged += taken.unchanged;
    } else if (taken.kind === "limited") {
      limitedMessages += places.length;
      rejectAll(places, { pointer: "/device_id", value: id, rule: "rate_limit" });
    } else {
      const rule = `metrics of the profile ${taken.profile}`;
      rejectAll(places, { pointer: "/metrics", value: profile, rule });
    }
  }

  function rejectAll(places: readonly Place[], problem: Parameters<typeof reader.reject>[1]): void {
    for (const place of places) reader.reject(place, problem);
  }

  async function flush(): Promise<void> {
    const groups = reader.take();
    for (let at = 0; at < groups.length; at += GROUPS_AT_ONCE) {
      await Promise.all(groups.slice(at, at + GROUPS_AT_ONCE).map(takeGroup));
    }
  }

  try {
    try {
      for await (const chunk of chunks) {
        reader.push(chunk);
        if (reader.waiting() >= PIECE_MESSAGES) await flush();
      }
      reader.end();
    } finally {
      // Also of a batch that breaks off: a slow sender, who is cut off more often, sends few.
      await flush();
    }
  } catch (error) {
    log("warn", "telemetry batch cut short", { ...counts, error });
    throw error;
  }
  const { count: rejected, first: rejects } = reader.rejected();
  const received = counts.created + counts.updated + counts.unchanged + rejected;
  const ms = now() - startedMs;
  log("debug", "telemetry batch ended", { received, ...counts, rejected, ms });
  if (received > 0 && limitedMessages === received) {
    const [limitedId, waitMs] = [...waits].reduce((one, other) => other[1] < one[1] ? other : one);
    return { limitedId, waitMs };
  }
  return { received, ...counts, rejected, rejects };
}
