/**
 * The readings that a file in `cases/` must give, as another program wrote them down.
 *
 * @module
 */

import { Temporal } from "../../support/temporal.ts";
import { plainDecimal } from "../../support/pages.ts";

const CASES = new URL("cases/", import.meta.url);

/** The bytes of a file. */
export function caseFile(name: string): Uint8Array {
  return Deno.readFileSync(new URL(name, CASES));
}

/** Times and energy of a file `timestamp,energy_kwh`, as rows of a meter without other metrics. */
export function expectedRows(name: string): [number, string, string, string, string][] {
  const [, ...lines] = new TextDecoder().decode(caseFile(name)).trim().split("\n");
  return lines.map((line) => {
    const [time, energy] = line.split(",");
    const { epochMilliseconds } = Temporal.Instant.from(time);
    return [epochMilliseconds, plainDecimal(energy), "", "", ""];
  });
}
