/**
 * Measured figures, and what they should be.
 *
 * @module
 */

/** What a figure should be, in the figure's unit. */
export interface Target {
  /** As the table shows it, without the unit. */
  readonly text: string;
  /** Whether a figure is as it should be; NaN never is. */
  readonly isMet: (value: number) => boolean;
}

/** Something that was measured. */
export interface Figure {
  /** What it says. */
  readonly what: string;
  /** How much. */
  readonly value: number;
  /** Of what. */
  readonly unit: string;
  /** What it should be. */
  readonly target: Target;
}

/** A limit that is not to be exceeded. */
export function atMost(limit: number): Target {
  return { text: `≤ ${figureText(limit)}`, isMet: (value) => value <= limit };
}

/** A limit that is to be reached. */
export function atLeast(limit: number): Target {
  return { text: `≥ ${figureText(limit)}`, isMet: (value) => value >= limit };
}

/** Two limits to stay between, both included. */
export function within(least: number, most: number): Target {
  return {
    text: `${figureText(least)} to ${figureText(most)}`,
    isMet: (value) => least <= value && value <= most,
  };
}

/** A number with as many decimals as its size leaves worth reading: 1234, 56.7, 1.23. */
export function figureText(value: number): string {
  const digits = Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0;
  return Number.isInteger(value) ? String(value) : value.toFixed(digits);
}
