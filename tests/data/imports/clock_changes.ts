/**
 * The table of times around clock changes, `clock_changes.txt`, which `clock_changes.py` writes.
 *
 * @module
 */

/** Intervals around a clock change. */
export interface ClockChange {
  /** The line of the table, for messages. */
  readonly line: string;
  readonly zone: string;
  readonly minutes: number;
  readonly stamp: "start" | "end";
  /** Their starts, epoch milliseconds. */
  readonly startsMs: readonly number[];
  /** Their starts or ends on the clock, local milliseconds. */
  readonly wallsMs: readonly number[];
}

const MINUTE_MS = 60_000;

/** Every line of the table. */
export function clockChanges(): ClockChange[] {
  const text = Deno.readTextFileSync(new URL("clock_changes.txt", import.meta.url));
  return text.trim().split("\n").map(clockChange);
}

/** The text of a local time, `2024-10-27T02:15`. */
export function wallText(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 16);
}

function clockChange(line: string): ClockChange {
  const [zone, length, stamp, firstStart, firstWall, ...runs] = line.split(" ");
  const minutes = Number(length);
  const wallsMs = [Date.parse(`${firstWall}Z`)];
  for (const run of runs) {
    const [step, count] = run.split("*").map(Number);
    for (let i = 0; i < count; i++) wallsMs.push(wallsMs[wallsMs.length - 1] + step * MINUTE_MS);
  }
  const startsMs = wallsMs.map((_, at) => Date.parse(firstStart) + at * minutes * MINUTE_MS);
  return { line, zone, minutes, stamp: stamp === "end" ? "end" : "start", startsMs, wallsMs };
}
