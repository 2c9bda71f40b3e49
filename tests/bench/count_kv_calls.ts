/**
 * Loaded into a service before anything else (`deno run --preload`), it counts the calls of its database.
 *
 * @module
 */

import { CALLS_FILE, countCalls } from "./kv_calls.ts";

const calls = countCalls();
const path = `${Deno.env.get("FILE_STORE")}/${CALLS_FILE}`;
Deno.addSignalListener("SIGUSR2", () => {
  // The file appears whole.
  Deno.writeTextFileSync(`${path}.new`, JSON.stringify(calls));
  Deno.renameSync(`${path}.new`, path);
});
