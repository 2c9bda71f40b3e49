/**
 * Runs a task in the current folder, as its arguments say: `backup FILE`. What it writes to standard
 * error, such as progress, is shown only if it fails.
 *
 * @module
 */

import { runTask, type TaskRun } from "./task.ts";

if (import.meta.main) {
  const [task, ...args] = Deno.args;
  // Documents name only tasks that are there; another one has no command.
  const run = { task: task as TaskRun["task"], args, folder: Deno.cwd() };
  const { code, out, err } = await runTask(run);
  console.log(out.trimEnd());
  if (code !== 0) console.error(err);
  Deno.exit(code);
}
