/**
 * What a file does not prove about itself.
 *
 * @module
 */

import { DAY_MS, HOUR_MS, MINUTE_MS } from "../limits.ts";

/** A guess that the file does not prove, or something to know before an import. */
export interface Doubt {
  /** What it is about: a parameter of the import, or a word such as `columns`. */
  readonly about: string;
  /** The doubt in words. */
  readonly detail: string;
  /** A parameter of the import that would settle it, such as `stamp=end`; null if none would. */
  readonly settle: string | null;
}

/** A list of doubts that grows. */
export interface Doubts {
  /** Adds one. */
  add(about: string, detail: string, settle?: string): void;
  /** All, without those about the given things. */
  except(about: readonly string[]): Doubt[];
}

/** That nothing shows which end of an interval times are; they are taken as `stamp`. */
export function stampDoubt(stamp: "start" | "end"): Doubt {
  const detail = `Nothing shows whether a time is the start or the end of its interval; it is ` +
    `taken as the ${stamp}`;
  return { about: "stamp", detail, settle: `stamp=${stamp === "end" ? "start" : "end"}` };
}

/** An empty list. */
export function createDoubts(): Doubts {
  const doubts: Doubt[] = [];
  return {
    add(about, detail, settle) {
      doubts.push({ about, detail, settle: settle ?? null });
    },
    except: (about) => doubts.filter((doubt) => !about.includes(doubt.about)),
  };
}

/** A span of time as a parameter has it: `15m`, `1h`, `1d`, `10s`. */
export function spanText(ms: number): string {
  const units = [["d", DAY_MS], ["h", HOUR_MS], ["m", MINUTE_MS], ["s", 1000]] as const;
  const [letter, unit] = units.find(([, size]) => ms % size === 0) ?? ["s", 1000];
  return `${ms / unit}${letter}`;
}

/** Texts as a list in a sentence, at most `most` of them. */
export function listText(texts: readonly string[], most = 5): string {
  const shown = texts.slice(0, most).map((text) => text.slice(0, 100));
  const rest = texts.length - shown.length;
  if (rest > 0) return `${shown.join(", ")} and ${rest} more`;
  const last = shown[shown.length - 1] ?? "";
  return shown.length < 2 ? last : `${shown.slice(0, -1).join(", ")} and ${last}`;
}
