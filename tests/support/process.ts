/**
 * The service in its own process, for tests that kill it.
 *
 * @module
 */

import { startArguments } from "./start_arguments.ts";

/** A service in its own process. Disposing of it kills it. */
export interface ServiceProcess extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`; "" for a worker, which does not listen. */
  readonly url: string;
  /** The process id. */
  readonly pid: number;
  /** Sends a signal. */
  kill(signal: Deno.Signal): void;
  /** Settles with the exit code. */
  readonly ended: Promise<number>;
  /** Its standard output and error so far. */
  output(): string;
}

/** The end of a process that did not start to listen. */
export interface FailedStart {
  /** Its exit code. */
  readonly code: number;
  /** Its standard output and error. */
  readonly output: string;
}

/** Environment variables by name. */
export type Environment = Record<string, string>;

/** The module that `deno task start` runs. */
const MAIN = new URL("../../main.ts", import.meta.url);

/**
 * Starts the service, or another module, like `deno task start`, and waits until it is up.
 *
 * @param prefix What stands before the command, such as a program that limits the process.
 */
export async function startProcess(
  folder: string,
  env: Environment,
  module: URL = MAIN,
  prefix: readonly string[] = [],
): Promise<ServiceProcess> {
  const { child, output, ended } = await spawn(folder, env, module, prefix);
  for (;;) {
    const turn = pause(10);
    const isOver = await Promise.race([ended.then(() => true), turn]);
    const isUp = /listens on (http:\S+)|Running jobs;/.exec(output());
    if (isUp !== null) return { ...processOf(child, ended), url: isUp[1] ?? "", output };
    // No timer may outlast the test that expects this.
    await turn;
    if (isOver) throw new Error(`The service did not start: ${output()}`);
  }
}

/** Starts a service that is expected to refuse, and waits for its end. */
export async function failStart(folder: string, env: Environment): Promise<FailedStart> {
  const { ended, output } = await spawn(folder, env, MAIN);
  return { code: await ended, output: output() };
}

/** Settles after `ms` milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function spawn(
  folder: string,
  given: Environment,
  module: URL,
  prefix: readonly string[] = [],
): Promise<{ child: Deno.ChildProcess; ended: Promise<number>; output: () => string }> {
  const env = { PORT: "0", DEMO_DATA: "false", ...given };
  const deno = await startArguments({ folder, env, module: module.pathname });
  const [program, ...args] = [...prefix, Deno.execPath(), ...deno];
  const child = new Deno.Command(program, {
    args,
    cwd: folder,
    env,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let text = "";
  const drained = [child.stdout, child.stderr].map(async (stream) => {
    for await (const part of stream.pipeThrough(new TextDecoderStream())) text += part;
  });
  const ended = child.status.then(async ({ code }) => {
    await Promise.all(drained);
    return code;
  });
  return { child, ended, output: () => text };
}

function processOf(
  child: Deno.ChildProcess,
  ended: Promise<number>,
): Pick<ServiceProcess, "pid" | "kill" | "ended" | typeof Symbol.asyncDispose> {
  let isOver = false;
  ended.then(() => isOver = true);
  return {
    pid: child.pid,
    kill: (signal) => child.kill(signal),
    ended,
    async [Symbol.asyncDispose]() {
      if (!isOver) child.kill("SIGKILL");
      await ended;
    },
  };
}
