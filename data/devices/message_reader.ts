/**
 * Reads telemetry messages from the bytes of a batch: a JSON array, or one message a line (NDJSON).
 *
 * A message that is wrong is counted and listed. It never stops the others.
 *
 * @module
 */

import type { FieldError } from "../app_error.ts";
import { createElementSplitter } from "../text/json_elements.ts";
import { RECORD_MAX_BYTES, REJECTS_LISTED } from "../limits.ts";
import { createRecordSplitter } from "../text/records.ts";
import type { InternedId } from "./interned_id.ts";
import { createMessageGroups, type MessageGroup } from "./message_groups.ts";
import { readTelemetry, type Telemetry, type TelemetryRules } from "./message.ts";
import { createPlainMessages } from "./plain_message.ts";
import type { Place } from "../text/upload_reader.ts";

/** A problem as a rejection lists it, without a sentence. */
export type MessageProblem = Omit<FieldError, "detail">;

/** A rejected message: the first thing that is wrong with it. */
export type TelemetryReject = Place & {
  /** JSON Pointer into the message; "" if the whole message is wrong. */
  readonly pointer: string;
  /** The value that was sent, shortened. */
  readonly value: unknown;
  /** The rule that it breaks. */
  readonly rule: string;
};

/** The rejected messages of a device. */
export interface DeviceRejects {
  /** The device. */
  readonly id: string;
  /** How many messages were rejected. */
  count: number;
  /** What is wrong with the last of them. */
  problem: MessageProblem;
}

/** Reads one batch, chunk by chunk. */
export interface TelemetryReader {
  /** Reads the messages that a chunk completes. Throws AppError MALFORMED_BODY for a wrong array. */
  push(chunk: Uint8Array): void;
  /** Reads the last message. Throws as {@link TelemetryReader.push} does. */
  end(): void;
  /** How many messages that name a device were read since they were last taken. */
  waiting(): number;
  /** Devices whose profile must be found before their messages can be read. */
  undecided(): string[];
  /** Reads the messages of such devices. Call it once `profileOf` of the reader knows them. */
  decide(): void;
  /** The messages read since the previous call, by device. */
  take(): MessageGroup[];
  /** The devices whose messages were rejected since the previous call. */
  takeRejects(): DeviceRejects[];
  /** Rejects a message that is wrong in a way that the reader cannot see. */
  reject(place: Place, problem: MessageProblem): void;
  /** How many messages were rejected so far, and the first 100 of them. */
  rejected(): { readonly count: number; readonly first: readonly TelemetryReject[] };
  /** How many good messages had no timestamp. */
  untimed(): number;
}

/** What a reader needs. */
export interface TelemetryReaderDeps extends TelemetryRules {
  /**
   * Whether the profile of a device must be found first; never by default. Its messages then wait for
   * {@link TelemetryReader.decide}, unless they name a profile.
   */
  readonly isUndecided?: (deviceId: string) => boolean;
  /** Makes the texts of ids, for all batches; by default one that has remembered none. */
  readonly internedId?: InternedId;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** Creates a reader of one batch. */
export function createTelemetryReader(
  form: "array" | "lines",
  { now, isUndecided, internedId, ...rules }: TelemetryReaderDeps,
): TelemetryReader {
  const decoder = new TextDecoder();
  const first: TelemetryReject[] = [];
  let rejectCount = 0;
  const groups = createMessageGroups();
  let rejects = new Map<string, DeviceRejects>();
  let held = new Map<string, HeldMessage[]>();
  let waiting = 0;
  const clock = createReceiptClock();
  const plain = createPlainMessages({ ...rules, isUndecided, internedId });
  const { mayTouch = () => true } = rules;

  function reject(place: Place, { pointer, value, rule = "" }: MessageProblem): void {
    rejectCount++;
    if (first.length < REJECTS_LISTED) first.push({ ...place, pointer, value, rule });
  }

  function rejectOf(id: string | null, problem: MessageProblem): void {
    if (id === null) return;
    waiting++;
    const rejected = rejects.get(id);
    if (rejected === undefined) rejects.set(id, { id, count: 1, problem });
    else {
      rejected.count++;
      rejected.problem = problem;
    }
  }

  function add(telemetry: Telemetry, place: Place): void {
    const { deviceId: id, form, timeMs } = telemetry;
    groups.add(telemetry, form === "server" ? clock.timeOf(id, timeMs) : timeMs, place);
    waiting++;
  }

  function onText(bytes: Uint8Array, place: Place): void {
    const text = decoder.decode(bytes).trim();
    if (text === "") return;
    const message = parsed(text);
    if (message === undefined) {
      return reject(place, { pointer: "", value: text.slice(0, 100), rule: "valid JSON" });
    }
    const id = isUndecided === undefined
      ? null
      : undecidedDevice(message, (id) => mayTouch(id) && isUndecided(id));
    if (id === null) return read(message, now(), place);
    const waitingOnes = held.get(id) ?? [];
    held.set(id, waitingOnes);
    waitingOnes.push({ message, receivedMs: now(), place });
    waiting++;
  }

  function read(message: unknown, receivedMs: number, place: Place): void {
    const result = readTelemetry(message, receivedMs, rules);
    if ("telemetry" in result) {
      plain.learn(message, result.telemetry);
      return add(result.telemetry, place);
    }
    reject(place, result.problems[0]);
    rejectOf(result.deviceId, result.problems[0]);
  }

  function readPlain(bytes: Uint8Array, start: number, limit: number, line: number): number {
    const end = plain.read(bytes, start, limit, now());
    if (end >= 0) add(plain.telemetry(), { line });
    return end;
  }

  const splitter = createSplitter(form, {
    readPlain,
    onText,
    onTooLong: (value, place) =>
      reject(place, { pointer: "", value, rule: `at most ${RECORD_MAX_BYTES} bytes` }),
  });

  return {
    push: splitter.push,
    end: splitter.end,
    waiting: () => waiting,
    undecided: () => [...held.keys()],
    decide() {
      const decided = held;
      held = new Map();
      for (const messages of decided.values()) {
        waiting -= messages.length;
        for (const { message, receivedMs, place } of messages) read(message, receivedMs, place);
      }
    },
    take() {
      waiting = 0;
      return groups.take();
    },
    takeRejects() {
      const devices = [...rejects.values()];
      rejects = new Map();
      return devices;
    },
    reject,
    rejected: () => ({ count: rejectCount, first }),
    untimed: clock.count,
  };
}

/** A message whose device must be looked up first. */
interface HeldMessage {
  readonly message: unknown;
  readonly receivedMs: number;
  readonly place: Place;
}

/** The device of a message that names no profile, if it must be looked up first. */
function undecidedDevice(
  message: unknown,
  isUndecided: (deviceId: string) => boolean,
): string | null {
  if (typeof message !== "object" || message === null) return null;
  const { device_id: id, profile }: { device_id?: unknown; profile?: unknown } = message;
  if (typeof id !== "string" || (profile !== undefined && profile !== null)) return null;
  return isUndecided(id) ? id : null;
}

/**
 * Times of receipt for messages without a timestamp. Several of one device in a batch are a
 * millisecond apart, in their order, so that none replaces another.
 */
function createReceiptClock(): {
  timeOf(id: string, nowMs: number): number;
  count(): number;
} {
  const lastMs = new Map<string, number>();
  let count = 0;
  return {
    timeOf(id, nowMs) {
      count++;
      const timeMs = Math.max(nowMs, (lastMs.get(id) ?? -Infinity) + 1);
      lastMs.set(id, timeMs);
      return timeMs;
    },
    count: () => count,
  };
}

/** Splits a batch into the texts of messages. */
function createSplitter(
  form: "array" | "lines",
  { readPlain, onText, onTooLong }: {
    readPlain: (bytes: Uint8Array, start: number, limit: number, line: number) => number;
    onText: (bytes: Uint8Array, place: Place) => void;
    onTooLong: (beginning: string, place: Place) => void;
  },
): { push(chunk: Uint8Array): void; end(): void } {
  const maxBytes = RECORD_MAX_BYTES;
  if (form === "array") {
    return createElementSplitter({
      maxBytes,
      onElement: (bytes, { start, end }, index) => onText(bytes.subarray(start, end), { index }),
      onTooLong: (beginning, index) => onTooLong(beginning, { index }),
    });
  }
  return createRecordSplitter({
    maxBytes,
    delimiter: null,
    readPlain,
    onRecord: (bytes, { start, end }, line) => onText(bytes.subarray(start, end), { line }),
    onTooLong: (beginning, line) => onTooLong(beginning, { line }),
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
