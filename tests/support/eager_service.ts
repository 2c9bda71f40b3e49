/**
 * The service as a process that folds and flushes all the time, so that a kill mostly hits it in the
 * middle of that.
 *
 * @module
 */

import { createLog } from "../../data/log.ts";
import { readSettings, SETTING_NAMES } from "../../data/settings.ts";
import { readEnvironment } from "../../data/environment.ts";
import { start } from "../../main.ts";

if (import.meta.main) {
  const result = readSettings(await readEnvironment(SETTING_NAMES));
  if ("problems" in result) throw new Error(result.problems.join("\n"));
  const write = (line: string) => console.error(line);
  const service = await start(result.settings, {
    now: Date.now,
    log: createLog({ level: "info", now: Date.now, write }),
    upkeep: {
      everyMs: 5,
      foldSegments: 2,
      foldAfterMs: 20,
      flushAfterMs: 10,
      journalMaxBytes: 20_000,
    },
  });
  console.log(`It listens on ${service.url}`);
}
