/**
 * Telemetry messages from the bytes of a batch: a JSON array, or one message a line (NDJSON).
 *
 * A message that is wrong is counted and told; it never stops the others.
 *
 * @module
 */

import type { FieldError } from "../app_error.ts";
import { FLOAT } from "../readings/decimal.ts";
import { createElementSplitter } from "../text/json_elements.ts";
import { RECORD_MAX_BYTES, REJECTS_LISTED } from "../limits.ts";
import type { Page } from "../readings/page.ts";
import { type DeviceProfileName, PROFILES } from "../readings/profile.ts";
import { createRecordSplitter } from "../text/records.ts";
import type { AcceptedTimes } from "../time/accepted_times.ts";
import { readTelemetry, type Telemetry } from "./message.ts";
import type { Place } from "../text/upload_reader.ts";

/** A message that was not taken: the first thing that is wrong with it. */
export type TelemetryReject = Place & {
  /** JSON Pointer into the message; "" where the whole message is wrong. */
  readonly pointer: string;
  /** What was sent, shortened. */
  readonly value: unknown;
  /** The rule that it breaks. */
  readonly rule: string;
};

/** Messages of one device and profile, in the order in which they came. */
export interface MessageGroup {
  /** The device. */
  readonly id: string;
  /** What they measure. */
  readonly profile: DeviceProfileName;
  /** Their readings. */
  readonly page: Page;
  /** Where each of them stands. */
  readonly places: readonly Place[];
}

/** Reads one batch, chunk by chunk. */
export interface TelemetryReader {
  /** Reads what a chunk completes. Throws AppError MALFORMED_BODY where it is no JSON array. */
  push(chunk: Uint8Array): void;
  /** Reads the last message. Throws as {@link TelemetryReader.push} does. */
  end(): void;
  /** How many messages wait to be taken. */
  waiting(): number;
  /** The messages since the call before, by device. */
  take(): MessageGroup[];
  /** Counts a message that is wrong in a way only its taker sees. */
  reject(place: Place, problem: Omit<FieldError, "detail">): void;
  /** How many messages were not taken so far, and the first 100 of them. */
  rejected(): { readonly count: number; readonly first: readonly TelemetryReject[] };
}

interface OpenGroup {
  readonly id: string;
  readonly profile: DeviceProfileName;
  readonly timesMs: number[];
  readonly values: Float64Array[];
  readonly places: Place[];
}

/** What a reader needs. */
export interface TelemetryReaderDeps {
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** Which times readings may have. */
  readonly acceptedTimes: AcceptedTimes;
}

/** Creates a reader of one batch. */
export function createTelemetryReader(
  form: "array" | "lines",
  { now, acceptedTimes }: TelemetryReaderDeps,
): TelemetryReader {
  const decoder = new TextDecoder();
  const first: TelemetryReject[] = [];
  let rejectCount = 0;
  let groups = new Map<string, OpenGroup>();
  let waiting = 0;

  function reject(place: Place, { pointer, value, rule = "" }: Omit<FieldError, "detail">): void {
    rejectCount++;
    if (first.length < REJECTS_LISTED) first.push({ ...place, pointer, value, rule });
  }

  function take({ deviceId: id, profile, timeMs, values }: Telemetry, place: Place): void {
    const name = `${id} ${profile}`;
    let group = groups.get(name);
    if (group === undefined) {
      group = { id, profile, timesMs: [], values: [], places: [] };
      groups.set(name, group);
    }
    group.timesMs.push(timeMs);
    group.values.push(values);
    group.places.push(place);
    waiting++;
  }

  function onText(bytes: Uint8Array, place: Place): void {
    const text = decoder.decode(bytes).trim();
    if (text === "") return;
    const message = parsed(text);
    if (message === undefined) {
      return reject(place, { pointer: "", value: text.slice(0, 100), rule: "valid JSON" });
    }
    const result = readTelemetry(message, now(), acceptedTimes);
    if ("telemetry" in result) take(result.telemetry, place);
    else reject(place, result.problems[0]);
  }

  const splitter = createSplitter(form, {
    onText,
    onTooLong: (value, place) =>
      reject(place, { pointer: "", value, rule: `at most ${RECORD_MAX_BYTES} bytes` }),
  });

  return {
    push: splitter.push,
    end: splitter.end,
    waiting: () => waiting,
    take() {
      const taken = [...groups.values()].map(closedGroup);
      groups = new Map();
      waiting = 0;
      return taken;
    },
    reject,
    rejected: () => ({ count: rejectCount, first }),
  };
}

/** What cuts a batch into the texts of messages. */
function createSplitter(
  form: "array" | "lines",
  { onText, onTooLong }: {
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
    onRecord: (bytes, { start, end }, line) => onText(bytes.subarray(start, end), { line }),
    onTooLong: (beginning, line) => onTooLong(beginning, { line }),
  });
}

/** One message as a page. */
export function messagePage({ profile, timeMs, values }: Telemetry): Page {
  return pageOf(profile, [timeMs], [values]);
}

function closedGroup({ id, profile, timesMs, values, places }: OpenGroup): MessageGroup {
  return { id, profile, page: pageOf(profile, timesMs, values), places };
}

function pageOf(
  profile: DeviceProfileName,
  times: readonly number[],
  rows: readonly Float64Array[],
): Page {
  const count = times.length;
  // Loops, as `from` takes several times as long for the few rows that there mostly are.
  const timesMs = new Float64Array(count);
  for (let row = 0; row < count; row++) timesMs[row] = times[row];
  const columns = PROFILES[profile].metrics.map((_, metric) => {
    const values = new Float64Array(count);
    for (let row = 0; row < count; row++) values[row] = rows[row][metric];
    return { scale: FLOAT, values };
  });
  return { timesMs, columns };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
