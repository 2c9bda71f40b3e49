/**
 * What a verification finds, and how far it has come.
 *
 * @module
 */

/** What is wrong with something. */
export interface Finding {
  /** What was checked. */
  readonly check: "database" | "journal" | "block" | "segment" | "head" | "file" | "object";
  /** A sentence for people. */
  readonly detail: string;
  /** The profile of the series. */
  readonly profile?: string;
  /** The id of the series, or of the device of an object. */
  readonly id?: string;
  /** The UTC day, such as `2024-01-31`. */
  readonly day?: string;
  /** The name of the file, or the key of the object. */
  readonly name?: string;
  /** Whether it was repaired. */
  readonly isRepaired: boolean;
}

/** What was checked, by kind. */
export interface CheckedCounts {
  /** Series. */
  series: number;
  /** Blocks of all series. */
  blocks: number;
  /** Segments of all series. */
  segments: number;
  /** Files of jobs. */
  files: number;
  /** Objects of continuous export, each of a profile and day once. */
  objects: number;
}

/** The result of a verification. */
export interface Verification {
  /** What was checked. */
  readonly checked: CheckedCounts;
  /** What was found. */
  readonly findings: readonly Finding[];
  /** How many values were set aside, now and earlier. */
  readonly setAside: number;
}

/** A verification that runs. */
export interface Verifying {
  /** The database. */
  readonly kv: Deno.Kv;
  /** What was checked so far. */
  readonly checked: CheckedCounts;
  /** Adds a finding. */
  readonly add: (finding: Finding) => void;
  /** Says something about the work. */
  readonly onProgress: (text: string) => void;
}

/** Whether something is still wrong. */
export function isSound({ findings }: Pick<Verification, "findings">): boolean {
  return findings.every(({ isRepaired }) => isRepaired);
}

/** The UTC day of a time, such as `2024-01-31`. */
export function dayText(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}
