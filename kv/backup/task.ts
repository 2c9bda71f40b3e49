/**
 * What the tasks `backup`, `restore` and `verify` share: arguments, settings, messages, exit codes.
 *
 * @module
 */

import { readEnvironment } from "../../data/environment.ts";
import { readSettings, SETTING_NAMES, type Settings } from "../../data/settings.ts";

/** The exit code of a task that has done what it was asked. */
export const DONE = 0;
/** The exit code of a task that has failed, or has found something wrong. */
export const FAILED = 1;
/** The exit code of a task with arguments or settings that it cannot use. */
export const WRONG_USE = 2;

/** How often progress is shown, milliseconds. */
const SHOWN_EVERY_MS = 1_000;

/** The options that a task knows. */
export interface KnownOptions {
  /** Names of options without a value, such as `replace` for `--replace`. */
  readonly flags: readonly string[];
  /** Names of options with a value, such as `wait` for `--wait=60`. */
  readonly values: readonly string[];
}

/** The arguments of a task. */
export interface TaskArguments {
  /** What is not an option. */
  readonly paths: readonly string[];
  /** The flags that are given. */
  readonly flags: ReadonlySet<string>;
  /** The values that are given, by the names of their options. */
  readonly values: ReadonlyMap<string, string>;
}

/** The arguments, or what is wrong with them in a sentence. */
export function parseArguments(
  given: readonly string[],
  known: KnownOptions,
): TaskArguments | { readonly problem: string } {
  const paths: string[] = [];
  const flags = new Set<string>();
  const values = new Map<string, string>();
  for (const text of given) {
    const option = /^--([a-z-]+)(?:=(.*))?$/.exec(text);
    if (option === null) {
      if (text.startsWith("-")) return { problem: `Unknown option: ${text}` };
      paths.push(text);
      continue;
    }
    const [, name, value] = option;
    if (value === undefined && known.flags.includes(name)) flags.add(name);
    else if (value !== undefined && known.values.includes(name)) values.set(name, value);
    else return { problem: `Unknown option: ${text}` };
  }
  return { paths, flags, values };
}

/** What a task works with. */
export interface TaskContext {
  /** Its arguments. */
  readonly given: TaskArguments;
  /** The settings of the service. */
  readonly settings: Settings;
  /** Says something about the work, at most once a second; with `isLast`, in any case. */
  readonly say: (text: string, isLast?: boolean) => void;
  /** Writes a result to standard output. */
  readonly report: (text: string) => void;
}

/** Runs a task: reads arguments and settings, and returns the exit code. Errors are shown. */
export async function runTask(
  usage: string,
  known: KnownOptions,
  work: (context: TaskContext) => Promise<number>,
): Promise<number> {
  const given = parseArguments(Deno.args, known);
  if ("problem" in given) return refuse(`${given.problem}\n${usage}`);
  const result = readSettings(await readEnvironment(SETTING_NAMES));
  if ("problems" in result) return refuse(["Wrong settings:", ...result.problems].join("\n  "));
  let shownMs = -Infinity;
  const say = (text: string, isLast = false) => {
    const nowMs = performance.now();
    if (!isLast && nowMs - shownMs < SHOWN_EVERY_MS) return;
    shownMs = nowMs;
    console.error(text);
  };
  try {
    return await work({
      given,
      settings: result.settings,
      say,
      report: (text) => console.log(text),
    });
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return FAILED;
  }
}

/** The database of the settings as a path or a URL; null for one that no other process reaches. */
export function databaseOf({ kvPath }: Pick<Settings, "kvPath">): string | null {
  return kvPath === ":memory:" ? null : kvPath;
}

/** Shows why a task cannot begin, and returns its exit code. */
export function refuse(text: string): number {
  console.error(text);
  return WRONG_USE;
}
