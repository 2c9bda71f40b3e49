/**
 * Runs the tools of other languages that these tests need, in a folder of its own.
 *
 * @module
 */

/** What a command wrote to standard output and standard error. */
export interface CommandResult {
  /** Its exit code. */
  readonly code: number;
  /** Both streams, in no exact order. */
  readonly text: string;
}

/** Whether a command is there. */
export async function hasCommand(name: string): Promise<boolean> {
  try {
    return (await new Deno.Command(name, { args: ["--version"] }).output()).success;
  } catch {
    return false;
  }
}

/** Runs a command to its end, whatever its exit code. */
export async function run(
  cwd: string,
  [command, ...args]: readonly string[],
  env: Record<string, string> = {},
): Promise<CommandResult> {
  const { code, stdout, stderr } = await new Deno.Command(command, { args, cwd, env }).output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

/** Runs a command that must succeed, and returns what it wrote. */
export async function runWell(
  cwd: string,
  command: readonly string[],
  env: Record<string, string> = {},
): Promise<string> {
  const { code, text } = await run(cwd, command, env);
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}:\n${text}`);
  return text;
}

/** Copies the files of a folder beside this file. */
export async function copyFiles(from: string, to: string): Promise<void> {
  const source = new URL(`./${from}/`, import.meta.url);
  for await (const { name, isFile } of Deno.readDir(source)) {
    if (isFile) await Deno.copyFile(new URL(name, source), `${to}/${name}`);
  }
}

/** Makes a Python environment in a folder from its `requirements.txt`; returns its `bin`. */
export async function makePythonEnvironment(folder: string): Promise<string> {
  await runWell(folder, ["python3", "-m", "venv", "env"]);
  const pip = ["env/bin/pip", "install", "--quiet", "--disable-pip-version-check"];
  await runWell(folder, [...pip, "--requirement", "requirements.txt"]);
  return `${folder}/env/bin`;
}
