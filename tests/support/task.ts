/**
 * Running a task of `deno.json` in another folder, with the flags that it has.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };

/** The folder of the code. */
const TOP = new URL("../..", import.meta.url).pathname;
/** The command of such a task: its flags, the command that prints those of permissions, its module. */
const COMMAND = /^deno (.+) \$\(deno (.+) (data\/task_permissions\.ts) (files)\) (\S+)$/;

/** How a task has ended. */
export interface EndedTask {
  /** Its exit code. */
  readonly code: number;
  /** What it wrote to standard output. */
  readonly out: string;
  /** What it wrote to standard error. */
  readonly err: string;
}

/** A task with arguments, the folder in which it runs, and its variables besides those of this process. */
export interface TaskRun {
  /** The name of the task. */
  readonly task: "backup" | "restore" | "verify";
  /** Its arguments. */
  readonly args: readonly string[];
  /** The current folder. */
  readonly folder: string;
  /** The variables. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a task. */
export async function spawnTask(
  { task, args, folder, env = {} }: TaskRun,
): Promise<Deno.ChildProcess> {
  const tasks: Readonly<Record<string, { command: string }>> = config.tasks;
  const { command } = tasks[task];
  const [, flags, printing, printer, kind, module] = COMMAND.exec(command) ?? [];
  if (flags === undefined) throw new TypeError(`Cannot read the task: ${command}`);
  const printed = await new Deno.Command(Deno.execPath(), {
    args: [...printing.split(" "), TOP + printer, kind],
    cwd: folder,
    env,
    stderr: "inherit",
  }).output();
  const permissions = new TextDecoder().decode(printed.stdout).trim().split(" ");
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...flags.split(" "),
      "--config",
      `${TOP}deno.json`,
      ...permissions,
      TOP + module,
      ...args,
    ],
    cwd: folder,
    env,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs a task to its end. */
export async function runTask(run: TaskRun): Promise<EndedTask> {
  const { code, stdout, stderr } = await (await spawnTask(run)).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}
