/**
 * Reading messages, single ones and those of a batch, that are written as nearly every device writes them,
 * from their bytes:
 *
 * `{"device_id":"a","timestamp":"2026-02-01T14:23:45Z","metrics":{"soc_percent":67.5}}`
 *
 * This takes a third of the time of a JSON parser and the checks of each member, and leaves no objects
 * behind. It reads nothing but what `readTelemetry()` would accept with the same result; for
 * everything else it returns -1, and that function decides. Which metrics a message may have, and
 * which profile they stand for, it learns from messages that were accepted.
 *
 * @module
 */

import type { Metric, Profile } from "../readings/profile.ts";
import { createInstantBytes } from "../time/instant_bytes.ts";
import type { Telemetry, TelemetryRules } from "./message.ts";
import { createNumberBytes } from "./number_bytes.ts";
import { createInternedIds, type InternedId } from "./interned_id.ts";

const LF = 10, CR = 13, SPACE = 32, QUOTE = 34, COMMA = 44, COLON = 58;
const OPEN = 123, CLOSE = 125;
const ENCODER = new TextEncoder();
const DEVICE_ID = ENCODER.encode('"device_id"'), TIMESTAMP = ENCODER.encode('"timestamp"');
const METRICS = ENCODER.encode('"metrics"'), NULL = ENCODER.encode("null");
/** How many shapes are remembered. */
const SHAPES = 8;
/** After so many messages in a row that are not plain, the next ones are not tried. */
const MISSES = 32;
/** How many are not tried then. An attempt that fails costs about as much as parsing the message. */
const SKIPPED = 512;

/** Reads plain messages. */
export interface PlainMessages {
  /**
   * Reads the message that begins at `start` and returns the index of its line feed, at most `limit`; or
   * returns -1 and has read nothing. With `limit` at the end of the bytes, a message may end there, too.
   */
  read(bytes: Uint8Array, start: number, limit: number, nowMs: number): number;
  /** The message that was read last. It changes with the next one. */
  telemetry(): Telemetry;
  /** Learns from a message that is not plain, or has other metrics, and was accepted. */
  learn(message: unknown, telemetry: Telemetry): void;
}

/** The metrics of a message, in its order. */
interface Shape {
  readonly profile: Profile;
  /** Whether the device decided for the profile, not the metrics. */
  readonly isOwn: boolean;
  /** The profiles among which the metrics decided. */
  readonly among: readonly Profile[];
  /** The names of the metrics, and the bytes that stand for them. */
  readonly names: readonly string[];
  readonly keys: readonly Uint8Array[];
  readonly metrics: readonly { readonly index: number; readonly metric: Metric }[];
}

/** A message that can be overwritten. */
type OpenTelemetry = { -readonly [Name in keyof Telemetry]: Telemetry[Name] } & {
  readonly values: number[];
};

/** What of the rules concerns plain messages, and which devices must be looked up first. */
export interface PlainRules extends TelemetryRules {
  /** Whether the profile of a device must be found first. */
  readonly isUndecided?: ((deviceId: string) => boolean) | undefined;
  /** Makes the texts of ids; by default one that has remembered none. */
  readonly internedId?: InternedId | undefined;
}

/** Creates a reader that has learned nothing yet. */
export function createPlainMessages(rules: PlainRules): PlainMessages {
  const { acceptedTimes: times, profiles, profileOf, mayTouch, isUndecided } = rules;
  const { internedId = createInternedIds() } = rules;
  const shapes: Shape[] = [];
  const numbers = createNumberBytes(), instants = createInstantBytes();
  /** Set with the first message. */
  const telemetry = { form: "iso8601", values: [] as number[] } as OpenTelemetry;
  let bytes: Uint8Array = new Uint8Array(0);
  let at = 0;
  let isOtherShape = true;
  let misses = 0, skipped = 0;

  function skipSpaces(): void {
    while (bytes[at] === SPACE) at++;
  }

  /** Whether this byte comes next; then it and the spaces around it are read. */
  function takes(byte: number): boolean {
    skipSpaces();
    if (bytes[at] !== byte) return false;
    at++;
    skipSpaces();
    return true;
  }

  function takesText(text: Uint8Array): boolean {
    for (let index = 0; index < text.length; index++) {
      if (bytes[at + index] !== text[index]) return false;
    }
    at += text.length;
    return true;
  }

  function takesMember(name: Uint8Array): boolean {
    return takesText(name) && takes(COLON);
  }

  /** The id of a device; "" if it is none, or one that is not simple, or not known to be allowed. */
  function deviceId(): string {
    if (bytes[at] !== QUOTE) return "";
    const id = internedId(bytes, at + 1);
    at += 1 + id.length;
    if (bytes[at++] !== QUOTE || id === "") return "";
    if (mayTouch !== undefined && !mayTouch(id)) return "";
    return isUndecided?.(id) === true ? "" : id;
  }

  /** The time in quotes, if it is one that readings may have; else NaN. */
  function instant(nowMs: number): number {
    if (bytes[at] !== QUOTE) return NaN;
    const timeMs = instants.read(bytes, at + 1);
    at += 1 + instants.length;
    if (bytes[at++] !== QUOTE) return NaN;
    return timeMs >= times.oldestMs && timeMs <= nowMs + times.futureToleranceMs ? timeMs : NaN;
  }

  /** Reads the metrics into `values`. False if they have another shape, or a value is not plain. */
  function takesMetrics({ profile, keys, metrics }: Shape, values: number[]): boolean {
    values.length = 0;
    for (let index = 0; index < profile.metrics.length; index++) values.push(NaN);
    if (!takes(OPEN)) return false;
    for (let place = 0; place < keys.length; place++) {
      if (place > 0 && !takes(COMMA)) return false;
      if (!takesMember(keys[place])) return false;
      const { index, metric: { min, max } } = metrics[place];
      if (takesText(NULL)) continue;
      const value = numbers.read(bytes, at);
      // Of NaN every comparison is false.
      if (!(value >= min && value <= max)) return false;
      at = numbers.end();
      values[index] = value;
    }
    return takes(CLOSE);
  }

  function shapeAt(id: string): Shape | null {
    const own = profileOf?.(id) ?? null;
    const among = profiles.ofDevices();
    const from = at;
    for (const shape of shapes) {
      const isFitting = own === null
        ? !shape.isOwn && shape.among === among
        : shape.isOwn && shape.profile === own;
      if (isFitting && takesMetrics(shape, telemetry.values)) return shape;
      at = from;
    }
    isOtherShape = true;
    return null;
  }

  /** Reads the message at `at`, and returns the index of its line feed or -1. */
  function readMessage(limit: number, nowMs: number): number {
    if (!takes(OPEN) || !takesMember(DEVICE_ID)) return -1;
    const id = deviceId();
    if (id === "" || !takes(COMMA) || !takesMember(TIMESTAMP)) return -1;
    const timeMs = instant(nowMs);
    if (timeMs !== timeMs || !takes(COMMA) || !takesMember(METRICS)) return -1;
    const shape = shapeAt(id);
    if (shape === null || !takes(CLOSE)) return -1;
    if (bytes[at] === CR) at++;
    if (at > limit || (bytes[at] !== LF && at !== bytes.length)) return -1;
    telemetry.deviceId = id;
    telemetry.timeMs = timeMs;
    telemetry.profile = shape.profile;
    return at;
  }

  return {
    telemetry: () => telemetry,
    read(all, start, limit, nowMs) {
      if (shapes.length === 0) return -1;
      if (misses === MISSES) {
        if (++skipped < SKIPPED) return -1;
        misses = skipped = 0;
      }
      bytes = all;
      at = start;
      const end = readMessage(limit, nowMs);
      if (end >= 0) misses = 0;
      else misses++;
      return end;
    },
    learn(message, { profile, deviceId }) {
      if (!isOtherShape) return;
      isOtherShape = false;
      const names = metricsNamed(message);
      if (names === null) return;
      const isOwn = (profileOf?.(deviceId) ?? null) !== null;
      const decided = { profile, isOwn, among: profiles.ofDevices() };
      // Only a value was not plain. A second one would push out another shape.
      if (shapes.some((known) => isShape(known, decided, names))) return;
      shapes.unshift({ ...decided, names, ...placesOf(names, profile) });
      shapes.length = Math.min(shapes.length, SHAPES);
    },
  };
}

/** The names of the metrics of an accepted message; null if it names its profile. */
function metricsNamed(message: unknown): readonly string[] | null {
  const { profile: named, metrics }: { profile?: unknown; metrics?: object } = Object(message);
  return named !== undefined || metrics === undefined ? null : Object.keys(metrics);
}

function isShape(
  known: Shape,
  { profile, isOwn, among }: Pick<Shape, "profile" | "isOwn" | "among">,
  names: readonly string[],
): boolean {
  return known.profile === profile && known.isOwn === isOwn && known.among === among &&
    known.names.length === names.length &&
    known.names.every((name, index) => name === names[index]);
}

function placesOf(names: readonly string[], profile: Profile): Pick<Shape, "keys" | "metrics"> {
  const indexes = names.map((name) => profile.metrics.findIndex((metric) => metric.name === name));
  return {
    keys: names.map((name) => ENCODER.encode(JSON.stringify(name))),
    metrics: indexes.map((index) => ({ index, metric: profile.metrics[index] })),
  };
}
