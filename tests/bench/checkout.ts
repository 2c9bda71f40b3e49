/**
 * Checking out another revision to measure it with this bench.
 *
 * @module
 */

import { exists, runProgram } from "./program.ts";

/**
 * Files of the bench that use the inside of the service. A revision is measured with its own ones, as
 * its inside may be another one. All others come from this checkout, so that both are measured alike.
 */
const OF_REVISION: ReadonlySet<string> = new Set([
  "continuous_child.ts",
  "keys_rig.ts",
  "loop_child.ts",
  "ours.ts",
]);

/**
 * Clones a repository into a folder, which must not exist, at a revision of the original, and gives
 * the clone the bench of the original. Helpers of tests that the revision lacks are added.
 *
 * @throws {Error} if the revision does not exist.
 */
export async function checkOut(
  { top, revision, folder, signal }: {
    /** The repository. */
    top: string;
    revision: string;
    folder: string;
    signal: AbortSignal;
  },
): Promise<void> {
  const git = (cwd: string, ...args: string[]) => runProgram("git", { args, cwd, signal });
  const commit = await git(top, "rev-parse", "--verify", "--quiet", `${revision}^{commit}`)
    .catch(() => {
      throw new Error(`Cannot find the revision ${revision}`);
    });
  await git(top, "clone", "--quiet", "--shared", "--no-checkout", top, folder);
  await git(folder, "checkout", "--quiet", "--detach", commit);
  await copyFiles(top, folder, { path: "tests/bench", keeps: (name) => OF_REVISION.has(name) });
  await copyFiles(top, folder, { path: "tests/support", keeps: () => true });
}

/** Copies the files of a folder. Those that are kept are only copied where they are missing. */
async function copyFiles(
  from: string,
  to: string,
  { path, keeps }: { path: string; keeps: (name: string) => boolean },
): Promise<void> {
  await Deno.mkdir(`${to}/${path}`, { recursive: true });
  for await (const { name, isFile } of Deno.readDir(`${from}/${path}`)) {
    const target = `${to}/${path}/${name}`;
    if (!isFile || keeps(name) && await exists(target)) continue;
    await Deno.copyFile(`${from}/${path}/${name}`, target);
  }
}
