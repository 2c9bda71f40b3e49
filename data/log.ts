/**
 * The log: one JSON object per line.
 *
 * @module
 */

import { requestFields } from "./request_context.ts";

/** The levels of log records, least important first. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

/** One of {@link LOG_LEVELS}. */
export type LogLevel = typeof LOG_LEVELS[number];

/** Writes a record: its level, the event, and the fields of the event. */
export type Log = (level: LogLevel, event: string, fields?: Record<string, unknown>) => void;

/** The options of a log. */
export interface LogOptions {
  /** Records below this level are not written. */
  readonly level: LogLevel;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** Writes a line, given without its line break, and with the level of its record. */
  readonly write: (line: string, level: LogLevel) => void;
}

/**
 * Creates a log. A record of a request has its `requestId`. Errors in fields are written with name, code, message, stack
 * and cause.
 */
export function createLog({ level, now, write }: LogOptions): Log {
  const least = LOG_LEVELS.indexOf(level);
  return (recordLevel, event, fields = {}) => {
    if (LOG_LEVELS.indexOf(recordLevel) < least) return;
    const time = new Date(now()).toISOString();
    const record = { time, level: recordLevel, event, ...requestFields(), ...fields };
    write(JSON.stringify(record, errorAsObject), recordLevel);
  };
}

function errorAsObject(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (!(value instanceof Error)) return value;
  const { name, message, stack, cause } = value;
  return { name, code: "code" in value ? value.code : undefined, message, stack, cause };
}
