/**
 * Cron expressions of five fields on the clock of a zone.
 *
 * An expression that names its hours follows the clock: a time that the clock skips comes once, right
 * after the gap, and a time that the clock shows twice comes the first time only. An expression with `*`
 * for the hours follows elapsed time: it goes on while the clock shows an hour again, and has nothing to
 * catch up after a gap.
 *
 * @module
 */

import { Cron, CronPattern } from "croner";

const FIELDS = [
  ["a minute", "0 to 59"],
  ["an hour", "0 to 23"],
  ["a day of the month", "1 to 31 or L"],
  ["a month", "1 to 12 or JAN to DEC"],
  ["a day of the week", "0 to 7 or SUN to SAT"],
] as const;

/** The times of an expression. */
export interface CronTimes {
  /** The next time after an instant, epoch milliseconds; null if there is none. */
  after(timeMs: number): number | null;
  /** The last times up to an instant, inclusive, at most `count`, the earliest first. */
  upTo(timeMs: number, count: number): number[];
}

/** What is wrong with an expression, as a rule that names each wrong field; null if nothing is. */
export function cronProblem(expression: string): string | null {
  const fields = fieldsOf(expression);
  if (fields.length !== FIELDS.length) {
    const count = expression.trim() === "" ? 0 : fields.length;
    return "must be five fields: minute, hour, day of the month, month, day of the week; " +
      `it has ${count}`;
  }
  const wrong = FIELDS.filter((_, index) => {
    const alone = FIELDS.map((_, other) => other === index ? fields[other] : "*").join(" ");
    return !isCron(alone);
  });
  if (wrong.length === 0) return null;
  const rules = wrong.map(([name, values]) => `${name} of ${values}`);
  return `must have ${rules.join(" and ")}, also with * , - and /`;
}

/**
 * The times of a right expression on the clock of a zone.
 *
 * @throws {TypeError | RangeError} if the expression is not right.
 */
export function createCronTimes(expression: string, zone: string): CronTimes {
  const cron = new Cron(followingClock(expression), {
    timezone: zone,
    mode: "5-part",
    fixedTimeRule: "no-wildcard",
    paused: true,
  });
  return {
    after: (timeMs) => cron.nextRun(new Date(timeMs))?.getTime() ?? null,
    // The reference is exclusive there, in whole seconds.
    upTo: (timeMs, count) =>
      cron.previousRuns(count, new Date(Math.floor(timeMs / 1_000) * 1_000 + 1_000))
        .map((date) => date.getTime()).reverse(),
  };
}

/** Writes out steps and wildcards of minutes, and steps of hours, unless the hours are any. */
function followingClock(expression: string): string {
  const [minute, hour, ...days] = fieldsOf(expression);
  if (/[*?]/.test(hour)) return [minute, hour, ...days].join(" ");
  const pattern = new CronPattern(expression, undefined, { mode: "5-part" });
  return [setIn(pattern.minute), setIn(pattern.hour), ...days].join(" ");
}

/** The numbers that are set in a field. */
function setIn(flags: readonly number[]): string {
  return flags.flatMap((flag, index) => flag === 0 ? [] : [index]).join(",");
}

function fieldsOf(expression: string): string[] {
  return expression.trim().split(/\s+/);
}

function isCron(expression: string): boolean {
  try {
    new CronPattern(expression, undefined, { mode: "5-part" });
    return true;
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return false;
    throw error;
  }
}
