/**
 * What the parts of the bench share: a temporary folder, and data that is prepared once.
 *
 * @module
 */

import type { Figure } from "./figure.ts";
import { createPeers, type Peers } from "./peers.ts";
import type { RaceOptions } from "./race.ts";
import { startService } from "./service.ts";
import { reportSkipped } from "./skipped.ts";
import { writeYearCsv } from "./year.ts";

/** How long a race may take on a busy machine, milliseconds. */
const BUDGET_MS = 60_000;

/** A part of the bench. It prints its measurements as details, and returns figures. */
export type Part = (bench: Bench) => Promise<Figure[]>;

/** What a part can use. */
export interface Bench {
  /** How often measurements are repeated, and when they are aborted. */
  readonly options: RaceOptions;
  /** Whether neither peers nor limits are measured, as for a comparison with another revision. */
  readonly alone: boolean;
  /** Prints a measurement if details are wanted. */
  details(text: string): void;
  /** Prints what the reader wants in any case. */
  print(text: string): void;
  /** The databases that exports and imports are compared with. */
  readonly peers: Peers;
  /** Creates an empty folder, which is removed when the bench ends. */
  folder(name: string): Promise<string>;
  /** The path of the year as CSV. The file is created once. */
  yearCsv(): Promise<string>;
  /** Creates a folder for a service that already holds the demo data. */
  demoFolder(name: string): Promise<string>;
}

/** Opens the bench. Disposing of it removes everything that was created. */
export async function openBench(
  { repeats, signal, alone, details, print }: {
    repeats: number;
    signal: AbortSignal;
    alone: boolean;
    /** Prints details; null if they are not wanted. */
    details: ((text: string) => void) | null;
    print: (text: string) => void;
  },
): Promise<Bench & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const top = await Deno.makeTempDir({ prefix: "openwatts_bench_" });
  stack.defer(() => Deno.remove(top, { recursive: true }));
  // The user that PostgreSQL runs as must be able to read the CSV and enter its own folder.
  await Deno.chmod(top, 0o755);
  const options = { repeats, budgetMs: BUDGET_MS, signal, onDropped: reportSkipped };

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
  const printDetails = details ?? (() => {});
  const peers = stack.use(
    createPeers({ folder, yearCsv, alone, details: printDetails, signal }),
  );
  const owned = stack.move();
  return {
    options,
    alone,
    details: printDetails,
    print,
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
