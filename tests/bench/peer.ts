/**
 * Peers: what people would use instead of this service, and how it is installed.
 *
 * @module
 */

import { runProgram } from "./program.ts";
import type { Contestant } from "./race.ts";

/** A database that holds the year. Disposing of it stops it. Its folder belongs to the caller. */
export interface Peer extends AsyncDisposable {
  /** Version and settings, a line below the table. */
  readonly note: string;
  /** Ways to export the year to a CSV file. */
  readonly exports: readonly Contestant[];
  /** Ways to export the year to files in other formats, by format. */
  readonly formats?: Readonly<Record<string, Contestant>>;
  /** Ways to import the year from a CSV file into an empty table. */
  readonly imports: readonly Contestant[];
}

/** What a peer needs. */
export interface PeerOptions {
  /** An empty folder of its own. */
  readonly folder: string;
  /** Path of the year as CSV, readable by every user. */
  readonly csvPath: string;
  /** Installs programs. */
  readonly installer: Installer;
  /** Aborts an installation. */
  readonly signal: AbortSignal;
}

/** Finds programs, and installs missing ones. */
export interface Installer {
  /**
   * Returns what `find` finds. If it finds nothing at first, the Debian package is installed.
   *
   * @throws {Error} with the reason why it cannot be had.
   */
  require(find: () => Promise<string | null>, debianPackage: string): Promise<string>;
}

/** Creates an installer. It updates the package index once, when it is first needed. */
export function createInstaller(signal: AbortSignal): Installer {
  let isIndexFresh = false;
  return {
    async require(find, debianPackage) {
      const found = await find();
      if (found !== null) return found;
      if (Deno.uid() !== 0) {
        throw new Error(`${debianPackage} is not installed, and only root can install it`);
      }
      console.error(`installing the Debian package ${debianPackage}; it stays installed`);
      if (!isIndexFresh) await runProgram("apt-get", { args: ["update", "-q"], signal });
      isIndexFresh = true;
      const args = ["install", "-y", "-q", "--no-install-recommends", debianPackage];
      await runProgram("apt-get", { args, signal, env: { DEBIAN_FRONTEND: "noninteractive" } });
      const installed = await find();
      if (installed === null) {
        throw new Error(`the package ${debianPackage} does not have the program`);
      }
      return installed;
    },
  };
}
