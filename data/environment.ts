/**
 * The environment from which the settings are read.
 *
 * @module
 */

import { parseEnv } from "node:util";

/**
 * The variables of some names, those of `.env` in the current folder included. Variables of the
 * environment override the file. Others are not read, so that no permission is needed for them.
 */
export async function readEnvironment(names: readonly string[]): Promise<Record<string, string>> {
  const file = parseEnv(await readFile(".env"));
  const given: Record<string, string> = {};
  for (const name of names) {
    const value = Deno.env.get(name) ?? file[name];
    if (value !== undefined) given[name] = value;
  }
  return given;
}

async function readFile(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
