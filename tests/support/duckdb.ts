/**
 * DuckDB from npm, as a reader of files that shares no code with their writer. It runs under node, as
 * its addon does not load in Deno.
 *
 * @module
 */

import { findInPath, runProgram } from "../bench/program.ts";

const PACKAGE = "@duckdb/node-api@1.5.6-r.1";
/** The program that node runs: one query, with its rows as JSON. */
const SCRIPT = `
import { DuckDBInstance } from "@duckdb/node-api";
const instance = await DuckDBInstance.create();
const connection = await instance.connect();
await connection.run("SET TimeZone = 'UTC'");
const rows = await (await connection.runAndReadAll(process.argv[2])).getRowObjectsJson();
console.log(JSON.stringify(rows));
`;

/** Runs a query and returns its rows. Large integers are texts. */
export type AskDuckdb = (query: string) => Promise<Record<string, unknown>[]>;

/** Installs DuckDB into a folder. Queries must use absolute paths. */
export async function openDuckdb(folder: string): Promise<AskDuckdb> {
  const { signal } = new AbortController();
  const [node, npm] = await Promise.all([findInPath("node"), findInPath("npm")]);
  if (node === null || npm === null) throw new Error("node or npm is missing");
  await Deno.writeTextFile(`${folder}/package.json`, '{ "private": true }');
  await Deno.writeTextFile(`${folder}/ask.mjs`, SCRIPT);
  const args = ["install", "--no-save", "--no-audit", "--no-fund", "--prefer-offline", PACKAGE];
  await runProgram(npm, { args, signal, cwd: folder });
  return async (query) =>
    JSON.parse(await runProgram(node, { args: ["ask.mjs", query], signal, cwd: folder }));
}
