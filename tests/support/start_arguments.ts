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
/** Flags of permissions by what they depend on, as tests start the same service by the dozen. */
const printedFlags = new Map<string, string>();

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
  const file = await Deno.readTextFile(`${folder}/.env`).catch(() => null);
  const key = JSON.stringify([folder, env, file]);
  const permissions = printedFlags.get(key) ?? await printFlags(printing.split(" "), folder, env);
  printedFlags.set(key, permissions);
  return [...flags.split(" "), ...permissions.split(" "), module];
}

async function printFlags(
  args: readonly string[],
  folder: string,
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const printed = await new Deno.Command(Deno.execPath(), {
    args: [...args, `${TOP}data/task_permissions.ts`],
    cwd: folder,
    env,
    stderr: "inherit",
  }).output();
  return new TextDecoder().decode(printed.stdout).trim();
}
