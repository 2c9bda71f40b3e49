/**
 * What people would use instead, and how it is brought here.
 *
 * @module
 */

import { runProgram } from "./program.ts";
import type { Contestant } from "./race.ts";

/** A database with the year in it. Disposing of it stops it; its folder is the caller's. */
export interface Peer extends AsyncDisposable {
  /** Version and settings, a line for the reader of the table. */
  readonly note: string;
  /** Ways to write the year into a CSV file. */
  readonly exports: readonly Contestant[];
  /** Ways to read the year from a CSV file into an empty table. */
  readonly imports: readonly Contestant[];
}

/** What a peer is opened with. */
export interface PeerOptions {
  /** An empty folder of its own. */
  readonly folder: string;
  /** The year as CSV; readable by every user. */
  readonly csvPath: string;
  /** Where it gets programs from. */
  readonly installer: Installer;
  /** Ends an installation. */
  readonly signal: AbortSignal;
}

/** Has programs at hand. */
export interface Installer {
  /**
   * What `find` finds, after the Debian package was installed where it finds nothing at first.
   *
   * @throws {Error} with the reason why it cannot be had.
   */
  require(find: () => Promise<string | null>, debianPackage: string): Promise<string>;
}

/** An installer that reads the package index once, when it is first needed. */
export function createInstaller(signal: AbortSignal): Installer {
  let isIndexFresh = false;
  return {
    async require(find, debianPackage) {
      const found = await find();
      if (found !== null) return found;
      if (Deno.uid() !== 0) throw new Error(`${debianPackage} is not here, and only root installs`);
      console.log(`installing the Debian package ${debianPackage}; it stays installed`);
      if (!isIndexFresh) await runProgram("apt-get", { args: ["update", "-q"], signal });
      isIndexFresh = true;
      const args = ["install", "-y", "-q", "--no-install-recommends", debianPackage];
      await runProgram("apt-get", { args, signal, env: { DEBIAN_FRONTEND: "noninteractive" } });
      const installed = await find();
      if (installed === null) throw new Error(`${debianPackage} has no such program`);
      return installed;
    },
  };
}
