/**
 * Finding the last release of the project.
 *
 * @module
 */

import { runProgram } from "./program.ts";

/** A commit, and the version that `deno.json` has in it. */
export interface Versioned {
  /** The id of the commit. */
  readonly commit: string;
  /** The version. */
  readonly version: string;
}

/**
 * The commit that set the version before this one, of the commits that changed `deno.json`, newest
 * first; null if there is none.
 */
export function previousRelease(history: readonly Versioned[], version: string): Versioned | null {
  const first = history.findIndex((one) => one.version !== version);
  if (first < 0) return null;
  // Later commits with that version changed something else in the file.
  const later = history.slice(first).findIndex((one) => one.version !== history[first].version);
  return later < 0 ? history[history.length - 1] : history[first + later - 1];
}

/** The version in the text of a `deno.json`; null if it has none. */
export function versionIn(text: string): string | null {
  return /^\s*"version":\s*"([^"]+)"/m.exec(text)?.[1] ?? null;
}

/**
 * The revision of the last release: the newest tag `v…` before the current commit, or the commit that
 * set the previous version in `deno.json`.
 *
 * @throws {Error} if there is neither.
 */
export async function findLastRelease(folder: string, signal: AbortSignal): Promise<string> {
  const git = (...args: string[]) => runProgram("git", { args: ["-C", folder, ...args], signal });
  const tag = await git("describe", "--tags", "--abbrev=0", "--match", "v*", "HEAD^")
    .catch(() => null);
  if (tag !== null) return tag;
  const commits = (await git("log", "--format=%H", `-G"version":`, "--", "deno.json"))
    .split("\n");
  const history: Versioned[] = [];
  for (const commit of commits) {
    const version = versionIn(await git("show", `${commit}:deno.json`));
    if (version !== null) history.push({ commit, version });
  }
  const version = versionIn(await Deno.readTextFile(`${folder}/deno.json`));
  const found = version === null ? null : previousRelease(history, version);
  if (found === null) throw new Error("Cannot find an earlier release: name one with --against");
  return found.commit;
}
