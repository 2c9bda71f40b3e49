/**
 * The report on stores in pandas, as Debian packages it.
 *
 * @module
 */

import { z } from "zod";
import { createInstaller } from "./peer.ts";
import { findInPath, runProgram } from "./program.ts";

const SCRIPT = new URL("stores_pandas.py", import.meta.url).pathname;

/** The Python that Debian's packages are for. Another one may come first in PATH. */
const DEBIAN_PYTHON = "/usr/bin/python3";

const times = z.object({ readSeconds: z.number(), reportSeconds: z.number() });

/** How long pandas took, and its version. */
export interface PandasRun extends z.infer<typeof times> {
  /** The versions, as a line for the reader. */
  readonly note: string;
}

/** Python with pandas. */
export interface Pandas {
  /** Writes the report on the files of a folder to a CSV file. */
  report(folder: string, outPath: string): Promise<PandasRun>;
}

/**
 * Finds pandas, or installs it.
 *
 * @throws {Error} with the reason if it is not available.
 */
export async function openPandas(signal: AbortSignal): Promise<Pandas> {
  let note = "";

  async function find(): Promise<string | null> {
    const found = await findInPath("python3");
    for (const python of [DEBIAN_PYTHON, ...(found === null ? [] : [found])]) {
      const code = "import pandas, platform; print(pandas.__version__, platform.python_version())";
      const printed = await runProgram(python, { args: ["-c", code], signal }).catch(() => null);
      if (printed === null) continue;
      const [pandasVersion, pythonVersion] = printed.split(" ");
      note = `pandas ${pandasVersion} on Python ${pythonVersion}`;
      return python;
    }
    return null;
  }

  const python = await createInstaller(signal).require(find, "python3-pandas");
  return {
    async report(folder, outPath) {
      const printed = await runProgram(python, { args: [SCRIPT, folder, outPath], signal });
      return { ...times.parse(JSON.parse(printed)), note };
    },
  };
}
