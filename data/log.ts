/**
 * The log: one JSON object a line.
 *
 * @module
 */

/** How much a record matters, least first. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

/** One of {@link LOG_LEVELS}. */
export type LogLevel = typeof LOG_LEVELS[number];

/** Writes a record: how much it matters, what happened, and what belongs to it. */
export type Log = (level: LogLevel, event: string, fields?: Record<string, unknown>) => void;

/** What a log needs: the least level to write, a clock and where lines go. */
export interface LogOptions {
  /** Records below this level are left out. */
  readonly level: LogLevel;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** Takes one line without its line end. */
  readonly write: (line: string) => void;
}

/** A log. Errors among the fields are written with their name, message, stack and cause. */
export function createLog({ level, now, write }: LogOptions): Log {
  const least = LOG_LEVELS.indexOf(level);
  return (recordLevel, event, fields = {}) => {
    if (LOG_LEVELS.indexOf(recordLevel) < least) return;
    const time = new Date(now()).toISOString();
    write(JSON.stringify({ time, level: recordLevel, event, ...fields }, errorAsObject));
  };
}

function errorAsObject(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (!(value instanceof Error)) return value;
  const { name, message, stack, cause } = value;
  return { name, code: "code" in value ? value.code : undefined, message, stack, cause };
}
