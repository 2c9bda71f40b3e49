/**
 * Measures what a key costs a telemetry request, side by side in one process and without a network,
 * where it shows most.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import type { Figure } from "./figure.ts";
import { AT_ONCE, openKeysRig, REQUESTS } from "./keys_rig.ts";
import { race, timed } from "./race.ts";
import { median } from "./spread.ts";
import { resultsTable } from "./table.ts";
import { TARGETS } from "./targets.ts";

/** Rounds for each repeat: the difference is small beside the noise of a machine. */
const ROUNDS = 3;

/** Measures requests of a caller who is known beforehand, and the same with the look-up of a key. */
export async function measureKeys(bench: Bench): Promise<Figure[]> {
  const { options } = bench;
  await using rig = await openKeysRig(`${await bench.folder("keys")}/kv.sqlite3`);
  const contestants = [
    { name: "the caller is known", path: null, run: () => timed(() => rig.post(rig.known)) },
    { name: "the key is looked up", path: null, run: () => timed(() => rig.post(rig.keyed)) },
    { name: "only the look-ups", path: null, run: () => timed(() => rig.lookUp()) },
  ];
  const repeats = options.repeats * ROUNDS;
  const results = await race(contestants, { ...options, repeats });
  const [known, , lookUps] = results.map(({ runsMs }) => median(runsMs));
  bench.details(
    `\n${REQUESTS} telemetry requests with one reading each, ${AT_ONCE} at a time, within one ` +
      "process.\n",
  );
  bench.details(resultsTable(results, {}));
  const perRequest = 1_000 / REQUESTS;
  return [{
    what: "look-up of a key",
    ours: lookUps * perRequest,
    unit: "µs",
    as: "long",
    other: { name: "a telemetry request without it", value: known * perRequest },
    target: TARGETS.keyShare,
  }];
}
