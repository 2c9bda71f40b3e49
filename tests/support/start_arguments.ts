/**
 * How `deno task start` starts the service.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };

/** The folder of the code. */
const TOP = new URL("../..", import.meta.url).pathname;
/** The command of the task: its flags, and the command that prints those of permissions. */
const COMMAND = /^deno (.+) \$\(deno (.+) data\/task_permissions\.ts\) main\.ts$/;

/** The arguments with which the task starts `deno`, with another module in place of `main.ts`. */
export async function startArguments(
  { folder, env, module }: {
    /** The current folder of the service. */
    folder: string;
    /** The variables that the service gets besides those of this process. */
    env: Readonly<Record<string, string>>;
    /** The path of the module. */
    module: string;
  },
): Promise<string[]> {
  const { command } = config.tasks.start;
  const [, flags, printing] = COMMAND.exec(command) ?? [];
  if (flags === undefined) throw new TypeError(`Cannot read the task start: ${command}`);
  const printed = await new Deno.Command(Deno.execPath(), {
    args: [...printing.split(" "), `${TOP}data/task_permissions.ts`],
    cwd: folder,
    env,
    stderr: "inherit",
  }).output();
  const permissions = new TextDecoder().decode(printed.stdout).trim();
  return [...flags.split(" "), ...permissions.split(" "), module];
}
