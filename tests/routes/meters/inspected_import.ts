/**
 * Importing a file without a human: by the request that its inspection proposes.
 *
 * @module
 */

import { assertEquals } from "../../support/assert.ts";
import { type OpenApp, openApp } from "../../support/open_app.ts";
import type { InspectionBody } from "../../../routes/meters/inspect_schemas.ts";
import { NOW_MS } from "../exports/export_example.ts";

/** The meter of the address, where a file names none. */
export const HOUSE = "house";

/** What happened to a file. */
export interface InspectedImport {
  /** What was found. */
  readonly found: InspectionBody;
  /** The report of the import. */
  // deno-lint-ignore no-explicit-any -- the report of either route, read as a user would
  readonly report: any;
  /** The stored readings by meter: `time values`, ascending, without trailing missing values. */
  readonly stored: Readonly<Record<string, readonly string[]>>;
}

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Inspects a file and imports it by the proposed request into an empty service.
 *
 * @param more are parameters for what cannot be in the file, such as the zone.
 */
export async function importAsInspected(
  bytes: Bytes,
  more: Readonly<Record<string, string>> = {},
): Promise<InspectedImport> {
  await using service = await openApp(NOW_MS);
  const found = await inspect(service, bytes);
  const call = found.import;
  assertEquals(found.importable, true, found.advice ?? "");
  if (call === null) throw new Error("nothing proposed");
  const query = new URLSearchParams(call.query);
  for (const [name, value] of Object.entries(more)) query.set(name, value);
  const { path, headers } = call;
  return { found, ...await send(service, { path, headers, query: query.toString(), bytes }) };
}

/** Imports a file by a query into an empty service. */
export async function importBy(
  query: string,
  { bytes, path }: { bytes: Bytes; path: string },
): Promise<Pick<InspectedImport, "report" | "stored">> {
  await using service = await openApp(NOW_MS);
  return await send(service, { path, headers: { "content-type": "text/csv" }, query, bytes });
}

async function inspect({ app }: OpenApp, bytes: Bytes): Promise<InspectionBody> {
  const answer = await app.request("/api/readings/inspect", { method: "POST", body: bytes });
  assertEquals(answer.status, 200);
  return await answer.json();
}

async function send(
  service: OpenApp,
  { path, headers, query, bytes }: {
    path: string;
    headers: Readonly<Record<string, string>>;
    query: string;
    bytes: Bytes;
  },
): Promise<Pick<InspectedImport, "report" | "stored">> {
  const url = `${path.replace("{id}", HOUSE)}?${query}`;
  const answer = await service.app.request(url, { method: "POST", headers, body: bytes });
  const report = await answer.json();
  assertEquals(answer.status, 200, JSON.stringify(report));
  const { readings } = await service.dump();
  return { report, stored: Object.fromEntries([...readings].map(linesOf)) };
}

function linesOf(
  [series, readings]: [string, ReadonlyMap<number, string>],
): [string, readonly string[]] {
  const lines = [...readings].map(([timeMs, values]) =>
    `${new Date(timeMs).toISOString().replace(".000Z", "Z")} ${values.replace(/,+$/, "")}`.trim()
  );
  return [series.replace(/^meter\//, ""), lines];
}
