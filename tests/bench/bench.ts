/**
 * What the parts of the bench share: a temp folder, and what several of them need made once.
 *
 * @module
 */

import type { Figure } from "./figure.ts";
import { createPeers, type Peers } from "./peers.ts";
import type { RaceOptions } from "./race.ts";
import { startService } from "./service.ts";
import { tellSkipped } from "./skipped.ts";
import { writeYearCsv } from "./year.ts";

/** What a race may take on a busy machine, milliseconds. */
const BUDGET_MS = 60_000;

/** One thing to measure. It prints what it saw and returns the figures that have targets. */
export type Part = (bench: Bench) => Promise<Figure[]>;

/** The surroundings of a part. */
export interface Bench {
  /** How often things are repeated, and what ends them. */
  readonly options: RaceOptions;
  /** The databases that exports and imports are compared with. */
  readonly peers: Peers;
  /** Makes an empty folder, which goes when the bench ends. */
  folder(name: string): Promise<string>;
  /** Path of the year as CSV. */
  yearCsv(): Promise<string>;
  /** A folder of its own for a service, with demo data that an earlier start loaded. */
  demoFolder(name: string): Promise<string>;
}

/** Opens the surroundings. Disposing of them removes all that was made. */
export async function openBench(
  { repeats, signal }: { repeats: number; signal: AbortSignal },
): Promise<Bench & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const top = await Deno.makeTempDir({ prefix: "openwatts_bench_" });
  stack.defer(() => Deno.remove(top, { recursive: true }));
  // The user that PostgreSQL runs as reads the CSV and enters its own folder.
  await Deno.chmod(top, 0o755);
  const options = { repeats, budgetMs: BUDGET_MS, signal, onDropped: tellSkipped };

  async function folder(name: string): Promise<string> {
    const path = `${top}/${name}`;
    await Deno.mkdir(path);
    return path;
  }

  const yearCsv = once(async () => {
    const path = `${top}/year.csv`;
    await writeYearCsv(path);
    return path;
  });
  const loaded = once(async () => {
    const path = await folder("loaded");
    await using _service = await startService(path, { demoData: true });
    return path;
  });
  const peers = stack.use(createPeers({ folder, yearCsv, signal }));
  const owned = stack.move();
  return {
    options,
    peers,
    folder,
    yearCsv,
    async demoFolder(name) {
      const from = await loaded();
      const path = await folder(name);
      for await (const file of Deno.readDir(from)) {
        if (file.isFile) await Deno.copyFile(`${from}/${file.name}`, `${path}/${file.name}`);
      }
      return path;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => made ??= make();
}
