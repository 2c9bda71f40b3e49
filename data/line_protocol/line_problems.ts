/**
 * What is wrong with the lines of a request.
 *
 * @module
 */

/** How many problems a request lists. It only counts the rest. */
const LISTED = 20;

/** A problem of a line. */
export interface LineProblem {
  /** The line, counted from 1. */
  readonly line: number;
  /** What is wrong, a phrase. */
  readonly reason: string;
}

/** The problems of a request. */
export interface LineProblems {
  /** Adds a line that is dropped, or several lines that make up one point. */
  drop(problem: LineProblem, lines?: number): void;
  /** Adds a line that is stored without one of its fields. */
  leaveOut(problem: LineProblem): void;
  /** How many lines are dropped. */
  dropped(): number;
  /** How many problems there are. */
  count(): number;
  /** The first 20, in the order of their lines. */
  first(): readonly LineProblem[];
}

/** An empty list. */
export function createLineProblems(): LineProblems {
  const listed: LineProblem[] = [];
  let count = 0;
  let dropped = 0;

  function add(problem: LineProblem): void {
    count++;
    if (listed.length < LISTED) listed.push(problem);
  }

  return {
    drop(problem, lines = 1) {
      dropped += lines;
      add(problem);
    },
    leaveOut: add,
    dropped: () => dropped,
    count: () => count,
    first: () => listed.toSorted((a, b) => a.line - b.line),
  };
}

/**
 * The problems as one text, as InfluxDB words it: `partial write: line 2: …; dropped=1`. Null if
 * there are none.
 */
export function problemsText(problems: LineProblems): string | null {
  const first = problems.first();
  if (first.length === 0) return null;
  const texts = first.map(({ line, reason }) => `line ${line}: ${reason}`);
  const more = problems.count() - first.length;
  if (more > 0) texts.push(`${more} more`);
  return `partial write: ${texts.join("; ")}; dropped=${problems.dropped()}`;
}
