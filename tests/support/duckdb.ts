/**
 * DuckDB by its npm package, under node, as its addon does not load in Deno: a reader of files that
 * has nothing in common with what wrote them.
 *
 * @module
 */

import { findInPath, runProgram } from "../bench/program.ts";

const PACKAGE = "@duckdb/node-api@1.5.6-r.1";
/** What node runs: one query, its rows as JSON. */
const SCRIPT = `
import { DuckDBInstance } from "@duckdb/node-api";
const instance = await DuckDBInstance.create();
const connection = await instance.connect();
await connection.run("SET TimeZone = 'UTC'");
const rows = await (await connection.runAndReadAll(process.argv[2])).getRowObjectsJson();
console.log(JSON.stringify(rows));
`;

/** Runs a query and gives its rows, large integers as texts. */
export type AskDuckdb = (query: string) => Promise<Record<string, unknown>[]>;

/** Installs it into a folder. Files of queries are named by whole paths. */
export async function openDuckdb(folder: string): Promise<AskDuckdb> {
  const { signal } = new AbortController();
  const [node, npm] = await Promise.all([findInPath("node"), findInPath("npm")]);
  if (node === null || npm === null) throw new Error("there is no node or no npm");
  await Deno.writeTextFile(`${folder}/package.json`, '{ "private": true }');
  await Deno.writeTextFile(`${folder}/ask.mjs`, SCRIPT);
  const args = ["install", "--no-save", "--no-audit", "--no-fund", "--prefer-offline", PACKAGE];
  await runProgram(npm, { args, signal, cwd: folder });
  return async (query) =>
    JSON.parse(await runProgram(node, { args: ["ask.mjs", query], signal, cwd: folder }));
}
