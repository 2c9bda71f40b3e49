/**
 * Measured figures, what they are compared with, and their targets.
 *
 * @module
 */

/** A target of a figure. */
export interface Target {
  /** The text for the table, without a unit. */
  readonly text: string;
  /** Whether a number meets the target. NaN never does. */
  readonly isMet: (value: number) => boolean;
}

/** What was measured in the same run to compare a figure with: a peer, or the limit. */
export interface Other {
  /** What it is. */
  readonly name: string;
  /** Its value, in the unit of the figure. */
  readonly value: number;
}

/**
 * How a figure is compared. `fast`: as a multiple of the speed of the other. `long`: as a multiple of
 * its time. `much`: as a multiple of its amount. `absolute`: with the target itself.
 */
export type Comparison = "fast" | "long" | "much" | "absolute";

/** A measured figure. */
export interface Figure {
  /** What was measured. Figures with the same text have the same value, and others to compare with. */
  readonly what: string;
  /** The value of the service. */
  readonly ours: number;
  /** Its unit. Of a rate, which ends in `/s`, more is better; of everything else, less. */
  readonly unit: string;
  /** How it is compared. */
  readonly as: Comparison;
  /** What it is compared with; null if absolute, or if the other was not measured. */
  readonly other: Other | null;
  /** What its ratio should be, or `ours` itself if absolute; null if nothing is demanded. */
  readonly target: Target | null;
}

/** A figure whose target the issue of its subject states as a number. */
export function absolute(
  what: string,
  { ours, unit, target }: { ours: number; unit: string; target: Target },
): Figure {
  return { what, ours, unit, as: "absolute", other: null, target };
}

/** The ratio of a figure to what it is compared with; NaN without that. */
export function ratioOf({ ours, unit, as, other }: Figure): number {
  if (other === null) return NaN;
  const isInverse = as === "fast" && !isRate(unit);
  return isInverse ? other.value / ours : ours / other.value;
}

/** Whether the target of a figure is met; null if it has none, or its other was not measured. */
export function isMet(figure: Figure): boolean | null {
  const { target, other, as, ours } = figure;
  if (target === null) return null;
  if (as === "absolute") return target.isMet(ours);
  return other === null ? null : target.isMet(ratioOf(figure));
}

/** Whether a unit is that of a rate. */
export function isRate(unit: string): boolean {
  return unit.endsWith("/s");
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
