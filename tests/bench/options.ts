/**
 * The arguments of the bench.
 *
 * @module
 */

import { parseArgs } from "node:util";

/** What the bench should do. */
export interface BenchOptions {
  /** The names of the parts; all if empty. */
  readonly parts: readonly string[];
  /** Whether measurements are repeated less. */
  readonly quick: boolean;
  /** Whether every measurement is printed, besides the table at the end. */
  readonly details: boolean;
  /** Whether neither peers nor limits are measured. */
  readonly alone: boolean;
  /** The file for the figures as JSON; `-` is standard output; null for none. */
  readonly json: string | null;
  /** The revision to measure side by side with this one; null for none. */
  readonly against: string | null;
  /** Whether to fail if a figure is worse than in that revision, by default the last release. */
  readonly check: boolean;
  /** How often both revisions take turns. */
  readonly rounds: number;
}

/** How the bench is started. */
export const USAGE = `Usage: deno task bench [options] [PART...]
  --quick          repeat less
  --details        print every measurement, besides the table
  --alone          measure neither peers nor limits
  --json FILE      write the figures as JSON; - is standard output
  --against REV    measure REV side by side with this checkout, and print what changed
  --check          fail if a figure is more than 10% worse than in REV; by default the last release
  --rounds N       how often both take turns; 3 by default`;

const MOST_ROUNDS = 100;

/**
 * Reads the arguments.
 *
 * @throws {TypeError} that says what is wrong with them.
 */
export function readOptions(args: readonly string[], parts: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      details: { type: "boolean", default: false },
      alone: { type: "boolean", default: false },
      json: { type: "string" },
      against: { type: "string" },
      check: { type: "boolean", default: false },
      rounds: { type: "string", default: "3" },
    },
  });
  const unknown = positionals.filter((name) => !parts.includes(name));
  const problems = unknown.map((name) => `Unknown part: ${name}. Parts: ${parts.join(", ")}`);
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > MOST_ROUNDS) {
    problems.push(`--rounds must be a number from 1 to ${MOST_ROUNDS}: ${values.rounds}`);
  }
  // The revision is an argument of git, which would take it for an option.
  if (values.against?.startsWith("-")) problems.push(`Not a revision: ${values.against}`);
  if (problems.length > 0) throw new TypeError(problems.join("\n"));
  return {
    parts: positionals,
    quick: values.quick,
    details: values.details,
    alone: values.alone,
    json: values.json ?? null,
    against: values.against ?? null,
    check: values.check,
    rounds,
  };
}
