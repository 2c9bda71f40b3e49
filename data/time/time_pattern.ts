/**
 * Patterns of times, written with the fields of Unicode TR35 (LDML), as steps along the bytes of a
 * time.
 *
 * @module
 */

/** Longest pattern, characters. */
const PATTERN_MAX = 100;
/** A doubled quote, a quoted text, an unclosed quote, a run of one letter, another character. */
const PATTERN_PARTS = /''|'(?:[^']|'')+'|'[^]*|([A-Za-z])\1*|[^]/gu;
const OPEN_QUOTE = /^'(?:[^']|'')*$/;

/** The year; {@link YEAR} to {@link FRACTION} are numbers. */
export const YEAR = 0;
/** The month as a number. */
export const MONTH = 1;
/** The day of the month. */
export const DAY = 2;
/** The hour, of a clock of 24 or 12 hours. */
export const HOUR = 3;
/** The minute. */
export const MINUTE = 4;
/** The second. */
export const SECOND = 5;
/** The number of an interval of the day, from 1. */
export const PERIOD = 6;
/** A fraction of a second. */
export const FRACTION = 7;
/** AM or PM. */
export const HALF_DAY = 8;
/** The month as a short name. */
export const MONTH_NAME = 9;
/** The offset from UTC. */
export const OFFSET = 10;
/** A fixed byte. */
export const LITERAL = 11;

/** One step along a time: a field or a fixed byte. */
export interface TimeStep {
  /** {@link YEAR} to {@link LITERAL}. */
  readonly kind: number;
  /** Fewest digits. */
  readonly min: number;
  /** Most digits. For an offset the number of letters, for a fixed byte that byte. */
  readonly max: number;
}

/** A pattern without ambiguity. */
export interface TimePattern {
  /** The steps along a time. */
  readonly steps: readonly TimeStep[];
  /** Whether hours count to 12. */
  readonly isHalfDay: boolean;
  /** Whether years are written without their century. */
  readonly isShortYear: boolean;
  /** Whether the time is the number of an interval of the day instead of a clock. */
  readonly isNumbered: boolean;
}

/** The fields of a pattern by their letters. */
const FIELDS: ReadonlyMap<string, TimeStep> = new Map([
  ["yyyy", { kind: YEAR, min: 4, max: 4 }],
  ["yy", { kind: YEAR, min: 2, max: 2 }],
  ["MMM", { kind: MONTH_NAME, min: 3, max: 3 }],
  ...pairOf("M", MONTH),
  ...pairOf("d", DAY),
  ...pairOf("H", HOUR),
  ...pairOf("h", HOUR),
  ["a", { kind: HALF_DAY, min: 2, max: 2 }],
  ["nn", { kind: PERIOD, min: 2, max: 2 }],
  ["n", { kind: PERIOD, min: 1, max: 3 }],
  ...pairOf("m", MINUTE),
  ...pairOf("s", SECOND),
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((count): [string, TimeStep] => [
    "S".repeat(count),
    { kind: FRACTION, min: count, max: count },
  ]),
  ...[1, 2, 3].map((count): [string, TimeStep] => [
    "X".repeat(count),
    { kind: OFFSET, min: count, max: count },
  ]),
]);

function pairOf(letter: string, kind: number): [string, TimeStep][] {
  return [[letter + letter, { kind, min: 2, max: 2 }], [letter, { kind, min: 1, max: 2 }]];
}

/**
 * The steps of a pattern.
 *
 * @throws {SyntaxError} if it is ambiguous or cannot be read; it names all faults.
 */
export function readTimePattern(pattern: string): TimePattern {
  if (pattern.length > PATTERN_MAX) {
    throw refused([`it must have at most ${PATTERN_MAX} characters`], pattern);
  }
  const steps: TimeStep[] = [], fields: string[] = [], unknown: string[] = [];
  let isOpen = false;
  for (const [part] of pattern.matchAll(PATTERN_PARTS)) {
    const step = FIELDS.get(part);
    if (step !== undefined) {
      steps.push(step);
      fields.push(part);
    } else if (/^[A-Za-z]/.test(part)) unknown.push(part);
    else if (OPEN_QUOTE.test(part)) isOpen = true;
    else steps.push(...literalSteps(part));
  }
  const problems = faultsOf(fields.map((field) => field[0]));
  if (hasOpenNumber(steps)) {
    problems.push("a number of 1 or 2 digits must not touch the next number");
  }
  if (isOpen) problems.push("each quote must be closed");
  if (unknown.length > 0) {
    const known = [...FIELDS.keys()].join(" ");
    problems.push(`${unknown.join(" and ")} must be among ${known} or be in quotes`);
  }
  if (problems.length > 0) throw refused(problems, pattern);
  return {
    steps,
    isHalfDay: fields.includes("a"),
    isShortYear: fields.includes("yy"),
    isNumbered: fields.includes("n") || fields.includes("nn"),
  };
}

function refused(problems: readonly string[], pattern: string): SyntaxError {
  const value = pattern.slice(0, PATTERN_MAX);
  return new SyntaxError(`Cannot use as a time format as ${problems.join(", ")}: ${value}`);
}

function literalSteps(part: string): TimeStep[] {
  const text = part === "''" ? "'" : part.replace(/^'([^]*)'$/, "$1").replaceAll("''", "'");
  return Array.from(new TextEncoder().encode(text), (byte) => ({
    kind: LITERAL,
    min: 1,
    max: byte,
  }));
}

/** What is wrong with the fields as a whole, given their first letters. */
function faultsOf(letters: readonly string[]): string[] {
  const count = (group: string) => letters.filter((letter) => group.includes(letter)).length;
  const missing = [
    ["y", "it must have a year (yyyy or yy)"],
    ["M", "it must have a month (MM, M or MMM)"],
    ["d", "it must have a day (dd or d)"],
  ].filter(([letter]) => count(letter) === 0).map(([, problem]) => problem);
  const twice = ["y", "M", "d", "Hh", "a", "n", "m", "s", "S", "X"].filter((group) =>
    count(group) > 1
  )
    .map((group) => `${group.split("").join(" or ")} must occur once`);
  const alone = [["h", "a"], ["a", "h"], ["m", "Hh"], ["s", "m"], ["S", "s"]]
    .filter(([letter, group]) => count(letter) > 0 && count(group) === 0)
    .map(([letter, group]) => `${letter} needs ${group.split("").join(" or ")}`);
  const isBoth = count("n") > 0 && count("HhamsSX") > 0;
  const both = isBoth ? ["n, the number of an interval, must not be with a clock"] : [];
  return [...missing, ...twice, ...alone, ...both];
}

/** Whether a number without a fixed length touches the next: with `yyyyMd`, 2024111 has two readings. */
function hasOpenNumber(steps: readonly TimeStep[]): boolean {
  return steps.some(({ kind, min, max }, index) =>
    kind <= FRACTION && min < max && steps[index + 1]?.kind <= FRACTION
  );
}
