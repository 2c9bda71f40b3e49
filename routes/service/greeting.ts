/**
 * What is printed when the service is up.
 *
 * @module
 */

import type { AccessSettings } from "../../data/access_settings.ts";
import { DEMO_METER_ID } from "../../data/readings/demo_meter.ts";

/** A service that is up. */
export interface Greeted {
  /** Its address, `http:` or `unix:`; null if it does not listen. */
  readonly url: string | null;
  /** How many readings were added to the demo meter; null without one. */
  readonly demoReadings: number | null;
}

/** The text: where the service is, and how to try it. */
export function greeting(
  { url, demoReadings }: Greeted,
  { access, version }: { readonly access: AccessSettings; readonly version: string },
): string {
  const lines: string[] = [];
  if (demoReadings !== null) {
    lines.push(`Demo meter ${DEMO_METER_ID}: ${demoReadings.toLocaleString("en")} new readings`);
  }
  if (url === null) return [...lines, "Running jobs; this process does not listen"].join("\n");
  lines.push(`OpenWatts ${version} listens on ${url}`);
  // Nobody asks a socket of the host by hand.
  if (!url.startsWith("http:")) return lines.join("\n");
  lines.push(`API documentation: ${url}/docs`);
  const body = `{"smart_meter_id":"${DEMO_METER_ID}","start_datetime":"2024-01-01T00:00:00Z",` +
    `"end_datetime":"2024-01-31T23:59:59Z","format":"csv"}`;
  const needsKey = access.hasKeys || access.oidc !== null;
  const curl = needsKey ? `curl -s -H "Authorization: Bearer $OPENWATTS_KEY"` : "curl -s";
  lines.push(
    needsKey ? "Try, with a key in the variable OPENWATTS_KEY:" : "Try:",
    `  JOB=$(${curl} ${url}/api/export/csv -H 'Prefer: wait=60' -H 'Content-Type: application/json' -d '${body}' | cut -d '"' -f 4)`,
    `  ${curl} ${url}/api/export/status/$JOB`,
    `  ${curl} -o january.csv ${url}/api/export/download/$JOB`,
  );
  return lines.join("\n");
}
