/**
 * Measuring another revision side by side with this checkout: the parts of the bench in processes that
 * take turns, so that what else the machine does disturbs both alike.
 *
 * @module
 */

import { checkOut } from "./checkout.ts";
import { type Change, changesOf, gotWorse, type Measured } from "./compare.ts";
import { runProgram } from "./program.ts";
import { readReport } from "./report.ts";
import { reportSkipped } from "./skipped.ts";

/** What is measured, and how often. */
export interface SideBySide {
  /** The folder of this checkout. */
  readonly top: string;
  /** The other revision. */
  readonly revision: string;
  /** The names of the parts. */
  readonly parts: readonly string[];
  /** How often both take turns. A figure that seems worse is measured in twice as many again. */
  readonly rounds: number;
  /** Whether measurements are repeated less in each turn. */
  readonly quick: boolean;
  /** Ends the measurement. */
  readonly signal: AbortSignal;
}

/** What came out. */
export interface Outcome {
  /** The figures that both have. */
  readonly changes: readonly Change[];
  /** The parts that failed in this checkout. */
  readonly broken: readonly string[];
}

/** The values of both so far. */
interface Sides {
  readonly before: Measured[];
  readonly now: Measured[];
}

/**
 * Measures both. A part that fails in one of them is skipped, such as one whose subject the other
 * revision does not have.
 */
export async function measureSideBySide(options: SideBySide): Promise<Outcome> {
  const { top, revision, parts, rounds, signal } = options;
  const temp = await Deno.makeTempDir({ prefix: "openwatts_against_" });
  try {
    const other = `${temp}/checkout`;
    await checkOut({ top, revision, folder: other, signal });
    const sides: Sides = { before: [], now: [] };
    const broken: string[] = [];
    for (const part of parts) {
      const failedIn = await takeTurns({ ...options, part, rounds }, { other, sides, temp });
      if (failedIn === top) broken.push(part);
      if (failedIn !== null) continue;
      const isWorse = changesOf(sides.before, sides.now)
        .some((change) => change.part === part && gotWorse(change));
      if (isWorse) {
        console.error(`${part} seems worse, so it is measured again`);
        await takeTurns({ ...options, part, rounds: 2 * rounds }, { other, sides, temp });
      }
    }
    return { changes: changesOf(sides.before, sides.now), broken };
  } finally {
    await Deno.remove(temp, { recursive: true });
  }
}

/**
 * Adds rounds of a part to the values. Who begins changes from round to round. Returns the folder of
 * the checkout where the part failed, if it did.
 */
async function takeTurns(
  { top, part, rounds, quick, signal }: SideBySide & { part: string },
  { other, sides, temp }: { other: string; sides: Sides; temp: string },
): Promise<string | null> {
  const report = `${temp}/report.json`;
  const turns = [
    { folder: other, values: sides.before },
    { folder: top, values: sides.now },
  ];
  for (let round = 0; round < rounds; round++) {
    for (const { folder, values } of round % 2 === 0 ? turns : turns.toReversed()) {
      console.error(`${part}, round ${round + 1} of ${rounds}: ${folder}`);
      try {
        values.push(...await measureIn(folder, { part, quick, report, signal }));
      } catch (error) {
        signal.throwIfAborted();
        reportSkipped(`${part} in ${folder}`, error);
        return folder;
      }
    }
  }
  return null;
}

/** Runs a part of the bench of a checkout in a process. */
async function measureIn(
  folder: string,
  { part, quick, report, signal }: {
    part: string;
    quick: boolean;
    report: string;
    signal: AbortSignal;
  },
): Promise<Measured[]> {
  const flags = ["--alone", "--json", report, ...(quick ? ["--quick"] : [])];
  const args = ["run", "--quiet", "--no-check", "-A", "tests/bench/main.ts", ...flags, part];
  await runProgram(Deno.execPath(), { args, cwd: folder, signal, patienceMs: Infinity });
  return readReport(await Deno.readTextFile(report));
}
