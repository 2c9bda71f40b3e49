/**
 * A program that reads commands from its standard input and stays open, so that measurements include
 * neither its start nor its connection.
 *
 * @module
 */

/** Most characters of a program's error output that an error quotes. */
const QUOTED_CHARS = 500;
/** How long a program may take to end after its input was closed, milliseconds. */
const END_MS = 5_000;

/** A running program. Disposing of it closes its input and waits for its end. */
export interface Session extends AsyncDisposable {
  /**
   * Runs commands, one per line, and returns what they printed. One call at a time.
   *
   * @throws {Error} with the error output of the program, when it ended instead.
   */
  run(...commands: string[]): Promise<string>;
}

/** Which program to run, and how. */
export interface SessionOptions {
  /** Path of the program. It must end at the first command that fails. */
  readonly program: string;
  /** Its arguments. */
  readonly args: string[];
  /** Its working directory. */
  readonly cwd: string;
  /** Its environment; by default PATH and the C locale. */
  readonly env?: Record<string, string>;
  /** The command that prints a word and a line end, without delay. */
  readonly printCommand: (word: string) => string;
}

/** Starts a program. */
export function openSession({ program, args, cwd, env, printCommand }: SessionOptions): Session {
  const child = new Deno.Command(program, {
    args,
    cwd,
    clearEnv: true,
    env: env ?? { PATH: Deno.env.get("PATH") ?? "", LC_ALL: "C" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const printed = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const errorOutput = collect(child.stderr);
  let runs = 0;

  async function printedUntil(word: string): Promise<string> {
    let text = "";
    while (!text.endsWith(`${word}\n`)) {
      const { value, done } = await printed.read();
      if (done) throw new Error(`${program} ended: ${(await errorOutput).slice(0, QUOTED_CHARS)}`);
      text += value;
    }
    return text.slice(0, -word.length - 1).trimEnd();
  }

  return {
    async run(...commands) {
      const word = `done-${++runs}`;
      const lines = [...commands, printCommand(word)].map((command) => `${command}\n`);
      // A program that has ended refuses input. Its error output is reported when reading its output.
      const sent = writer.write(new TextEncoder().encode(lines.join(""))).catch(() => {});
      const text = await printedUntil(word);
      await sent;
      return text;
    },
    async [Symbol.asyncDispose]() {
      const timer = setTimeout(() => child.kill("SIGKILL"), END_MS);
      await writer.close().catch(() => {});
      await printed.cancel().catch(() => {});
      await Promise.all([child.status, errorOutput]);
      clearTimeout(timer);
    },
  };
}

async function collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  let text = "";
  for await (const part of stream.pipeThrough(new TextDecoderStream())) text += part;
  return text.trim();
}
