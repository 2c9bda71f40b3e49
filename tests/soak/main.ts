/**
 * `deno task soak --minutes N`: three processes over one database server and one S3, under random faults,
 * for as long as you like. The end says what was lost or doubled; the exit code is 1 if anything was.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { hasKvServer } from "../support/kv_server.ts";
import { runChaos } from "../support/chaos.ts";

/** Runs with these arguments and returns the exit code. */
async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { minutes: { type: "string", default: "10" } } });
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) {
    console.error("Usage: deno task soak --minutes N, with N more than 0");
    return 1;
  }
  if (!await hasKvServer()) {
    console.error("Cannot run without denokv: install it and put it into PATH");
    return 1;
  }
  const startMs = performance.now();
  const show = (line: string) =>
    console.log(`${Math.round((performance.now() - startMs) / 1_000)} s: ${line}`);
  const report = await runChaos({ durationMs: minutes * 60_000, show });
  console.log(JSON.stringify(report, null, 2));
  const { readings, exports } = report;
  const isRight = [readings.lost, readings.extra, exports.lost, exports.extra]
    .every((count) => count === 0);
  console.log(
    isRight ? "Nothing was lost, nothing was doubled." : "Something was lost or doubled.",
  );
  return isRight ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
