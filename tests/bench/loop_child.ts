/**
 * A service in this process, with a probe of its event loop (`loop_child.ts FOLDER`). It reads
 * commands, one per line: `url`, `begin`, `end` (prints the delays since then) and `print WORD`.
 *
 * @module
 */

import { createInterface } from "node:readline";
import { createLog } from "../../data/log.ts";
import { readSettings } from "../../data/settings.ts";
import { type Service, start } from "../../main.ts";
import { createLoopProbe, type LoopProbe } from "./loop_probe.ts";
import { serviceEnvironment } from "./service.ts";

async function main([folder]: readonly string[]): Promise<void> {
  const result = readSettings(serviceEnvironment(folder, { demoData: true }));
  if ("problems" in result) throw new Error(result.problems.join("; "));
  const write = (line: string) => console.error(line);
  const log = createLog({ level: result.settings.logLevel, now: Date.now, write });
  await using service = await start(result.settings, { now: Date.now, log });
  const probe = createLoopProbe();
  for await (const line of createInterface({ input: process.stdin })) {
    const answer = answerTo(line, service, probe);
    if (answer !== null) console.log(answer);
  }
}

function answerTo(line: string, { url }: Service, probe: LoopProbe): string | null {
  if (line === "url") return url;
  if (line === "end") return JSON.stringify(probe.end());
  if (line === "begin") probe.begin();
  return line.startsWith("print ") ? line.slice("print ".length) : null;
}

if (import.meta.main) await main(Deno.args);
