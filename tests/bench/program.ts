/**
 * Finding, running and ending programs of this machine.
 *
 * @module
 */

/** How long a program may run by default, milliseconds. */
const PATIENCE_MS = 300_000;

/** The path of a program in the folders of PATH, or null. */
export async function findInPath(name: string): Promise<string | null> {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    if (folder !== "" && await exists(`${folder}/${name}`)) return `${folder}/${name}`;
  }
  return null;
}

/** Whether a file or folder exists. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}

/**
 * Runs a program to its end and returns what it printed.
 *
 * @throws {Error} with its error output, when it fails or takes too long: five minutes by default.
 */
export async function runProgram(
  program: string,
  { args, signal, env = {}, cwd, patienceMs = PATIENCE_MS }: {
    args: string[];
    signal: AbortSignal;
    env?: Record<string, string>;
    cwd?: string | URL;
    patienceMs?: number;
  },
): Promise<string> {
  const { success, code, stdout, stderr } = await new Deno.Command(program, {
    args,
    env,
    cwd,
    stdin: "null",
    signal: patienceMs === Infinity
      ? signal
      : AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]),
  }).output();
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout).trim();
  const said = decoder.decode(stderr).trim().split("\n").slice(-3).join("; ");
  throw new Error(`${program} ${args[0]} failed with ${code}: ${said}`);
}

/** Ends a program with SIGTERM, or with SIGKILL if it does not end in time. */
export async function endProgram(child: Deno.ChildProcess, patienceMs: number): Promise<void> {
  try {
    child.kill("SIGTERM");
  } catch {
    // It has ended already.
  }
  const timer = setTimeout(() => child.kill("SIGKILL"), patienceMs);
  await child.status;
  clearTimeout(timer);
}
