/**
 * Measured figures and their targets.
 *
 * @module
 */

/** The target of a figure, in the unit of the figure. */
export interface Target {
  /** The text for the table, without the unit. */
  readonly text: string;
  /** Whether a figure meets the target. NaN never does. */
  readonly isMet: (value: number) => boolean;
}

/** A measured figure. */
export interface Figure {
  /** What was measured. */
  readonly what: string;
  /** The measured value. */
  readonly value: number;
  /** The unit of the value. */
  readonly unit: string;
  /** What the value should be. */
  readonly target: Target;
}

/** A target that must not be exceeded. */
export function atMost(limit: number): Target {
  return { text: `≤ ${figureText(limit)}`, isMet: (value) => value <= limit };
}

/** A target that must be reached. */
export function atLeast(limit: number): Target {
  return { text: `≥ ${figureText(limit)}`, isMet: (value) => value >= limit };
}

/** A range, both ends included. */
export function within(least: number, most: number): Target {
  return {
    text: `${figureText(least)} to ${figureText(most)}`,
    isMet: (value) => least <= value && value <= most,
  };
}

/** A number with as many decimals as make sense for its size: 1234, 56.7, 1.23. */
export function figureText(value: number): string {
  const digits = Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0;
  return Number.isInteger(value) ? String(value) : value.toFixed(digits);
}
