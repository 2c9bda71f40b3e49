/**
 * A service in its own process, started like `deno task start`, with temporary folders.
 *
 * @module
 */

import { readPeakMb } from "./peak_memory.ts";
import { startArguments } from "../support/start_arguments.ts";
import { endProgram } from "./program.ts";

/** How long it may take to start or stop, milliseconds. */
const PATIENCE_MS = 20_000;

/** A running service. Disposing of it stops it like Ctrl-C. */
export interface ServiceProcess extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** The id of the process. */
  readonly pid: number;
  /** Its peak memory so far, MB (10^6); null if the system does not report it. */
  peakMemoryMb(): Promise<number | null>;
}

/**
 * Starts a service on a free port. Its database and files are in a folder, which may already have
 * some. `settings` are those that differ from the defaults.
 */
export async function startService(
  folder: string,
  { demoData, settings = {}, prefix, preload }: {
    demoData: boolean;
    settings?: Record<string, string>;
    /** What stands before the command of the task, such as a program that limits it. */
    prefix?: readonly string[];
    /** A module to load first; not with a `prefix`. */
    preload?: string;
  },
): Promise<ServiceProcess> {
  const env = { ...serviceEnvironment(folder, { demoData }), ...settings };
  const cwd = new URL("../..", import.meta.url);
  const [program, ...args] = prefix === undefined
    ? [Deno.execPath(), ...await argumentsOf({ folder: cwd.pathname, env, preload })]
    : [...prefix, Deno.execPath(), "task", "start"];
  return await startServer(program, { args, env });
}

async function argumentsOf(
  { folder, env, preload }: {
    folder: string;
    env: Record<string, string>;
    preload: string | undefined;
  },
): Promise<string[]> {
  const [run, ...args] = await startArguments({ folder, env, module: "main.ts" });
  return preload === undefined ? [run, ...args] : [run, `--preload=${preload}`, ...args];
}

/** Starts a program that prints `listens on URL`, in the folder of the code. */
export async function startServer(
  program: string,
  { args, env }: { args: string[]; env: Record<string, string> },
): Promise<ServiceProcess> {
  const child = new Deno.Command(program, {
    args,
    cwd: new URL("../..", import.meta.url),
    env: { ...env, DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => endProgram(child, PATIENCE_MS));
  const url = await printedUrl(child.stdout);
  const owned = stack.move();
  return {
    url,
    pid: child.pid,
    peakMemoryMb: () => readPeakMb(child.pid),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The environment of such a service: everything is default except where it listens and stores. */
export function serviceEnvironment(
  folder: string,
  { demoData }: { demoData: boolean },
): Record<string, string> {
  return {
    HOST: "127.0.0.1",
    PORT: "0",
    KV_PATH: `${folder}/kv.sqlite3`,
    FILE_STORE: `${folder}/files`,
    DEMO_DATA: String(demoData),
    WORKER_CONCURRENCY: "4",
    ROLE: "all",
    LOG_LEVEL: "error",
  };
}

/** Reads the address that it prints. Later output is discarded, so that printing never blocks. */
async function printedUrl(stdout: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  const reader = stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const timer = setTimeout(() => reader.cancel(), PATIENCE_MS);
  for (;;) {
    const { value, done } = await reader.read();
    text += value ?? "";
    const found = /listens on (http:\S+)\s/.exec(text);
    if (found === null && !done) continue;
    clearTimeout(timer);
    if (found === null) throw new Error(`Cannot measure as the service did not start: ${text}`);
    readPast(reader);
    return found[1];
  }
}

async function readPast(reader: ReadableStreamDefaultReader<string>): Promise<void> {
  while (!(await reader.read()).done);
}
