import fc from "fast-check";
import { assert, assertEquals } from "../support/assert.ts";
import {
  ADMIN_KEY,
  bearer,
  type KeyedService,
  startKeyedService,
} from "../support/keyed_service.ts";
import { fetchOpenApi } from "../support/openapi.ts";
import { type Known, RANGE, requestsOf, send } from "../support/openapi_walk.ts";
import { askJson, type JsonAnswer } from "../support/service.ts";
import { APPLIANCE, message } from "../support/telemetry.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { amount } from "../support/thorough.ts";

/** Another seed makes other requests; a failure prints the seed. */
const SEED = Number(Deno.env.get("WALK_SEED") ?? 20_240_501);
/** Requests to each operation with each key. */
const RUNS = amount({ quick: 15, thorough: 30 });
/** What requests may leave behind: when a key was last used, and that others were refused. */
const MAY_CHANGE = ["key_used", "audit"];

/** Sends a request with a key that may do everything; it must succeed. */
async function asAdmin(url: string, request: string, body?: string, type = "application/json") {
  const [method, path] = request.split(" ");
  const headers = { ...bearer(ADMIN_KEY), "content-type": type, prefer: "wait=20" };
  const answer = await askJson(url + path, { method, headers, body });
  assert(answer.status < 300, `${request}: ${JSON.stringify(answer.body)}`);
  return answer.body as JsonAnswer["body"];
}

/** Fills a service with a bit of everything; returns its ids, and ids of nothing. */
async function fill({ url, makeKey }: KeyedService): Promise<Known> {
  const csv = "timestamp,power_kw\n2024-01-01T00:00:00Z,1\n2024-01-01T00:05:00Z,2\n";
  await asAdmin(url, "POST /api/meters/123/readings", csv, "text/csv");
  const messages = [message(), message({ device_id: "a", metrics: APPLIANCE })];
  await asAdmin(url, "POST /telemetry", JSON.stringify(messages));
  await asAdmin(url, "PUT /devices/empty", "{}");
  const zones = "store_id,timezone_str\n1,Europe/Berlin\n2,UTC\n";
  await asAdmin(url, "POST /stores/timezones", zones, "text/csv");
  const profile = { metrics: [{ name: "power_w", unit: "W", aggregate: "mean" }] };
  await asAdmin(url, "PUT /api/profiles/unused_profile", JSON.stringify(profile));
  const source = JSON.stringify({ smart_meter_id: "123", ...RANGE });
  const { job_id } = await asAdmin(url, "POST /api/exports", source);
  const { report_id } = await asAdmin(url, "POST /trigger_report", "{}");
  const span = "from=1999-01-01&to=1999-01-02";
  const deletion = await asAdmin(url, `DELETE /api/meters/123/readings?${span}`);
  const other = await makeKey({ scopes: ["manage"], name: "Another key" });
  const none = "00000000-0000-4000-8000-000000000000";
  const keyId = other.split("_")[1];
  return {
    "report_id": [report_id, none],
    "job_id": [job_id, deletion.job_id, none],
    "export_id": [job_id, none],
    "id": ["123", "999", keyId, "admin"],
    "store_id": ["1", "2", "other"],
    "device_id": ["test-001", "a", "empty", "other"],
    "name": ["unused_profile", "meter", "new_profile"],
    "from": ["2024-01-01T00:00:00Z", "2026-02-01"],
    "to": ["2024-01-02T00:00:00Z", "2026-02-02"],
    "start_time": ["2026-02-01T00:00:00Z"],
    "limit": ["1", "1000"],
    "Prefer": ["respond-async", "wait=1"],
    "Idempotency-Key": ["one", "two"],
  };
}

/** Everything in a database by its key, as bytes, except what may change. */
async function dump(kvPath: string): Promise<Map<string, string>> {
  using kv = await Deno.openKv(kvPath);
  const entries = new Map<string, string>();
  for await (const { key, versionstamp } of kv.list({ prefix: [] })) {
    if (!MAY_CHANGE.includes(String(key[0]))) entries.set(Deno.inspect(key), versionstamp);
  }
  return entries;
}

/** The files in a folder, with their sizes. */
async function filesIn(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    files.push(`${name} ${(await Deno.stat(`${folder}/${name}`)).size}`);
  }
  return files.toSorted();
}

Deno.test("no request with a key that may only read changes anything, nor one without a key", async (t) => {
  await using folder = await makeTempFolder();
  const kvPath = `${folder.path}/kv.sqlite3`, fileStore = `${folder.path}/files`;
  await Deno.mkdir(fileStore);
  const keys: string[] = [];
  let known: Known = {};
  {
    await using service = await startKeyedService({ kvPath, fileStore });
    known = await fill(service);
    keys.push(await service.makeKey({ scopes: ["read"] }));
    keys.push(await service.makeKey({ scopes: ["read"], meters: ["1*"], devices: ["a"] }));
  }
  const before = await dump(kvPath), filesBefore = await filesIn(fileStore);
  assert(before.size > 20 && filesBefore.length > 0);
  {
    // Without a worker, so that nothing but a request changes the database.
    await using service = await startKeyedService({ kvPath, fileStore, role: "api" });
    const { url } = service;
    const api = await fetchOpenApi(url);
    // It is not ready without a worker.
    const all = [...api.operations, ...api.heads].filter(({ path }) => path !== "/ready");
    for (const operation of all) {
      await t.step(`${operation.method} ${operation.path}`, async () => {
        const presented = fc.constantFrom(...keys.map(bearer), {}, bearer(`${keys[0]}x`));
        const property = fc.asyncProperty(
          requestsOf(operation, { known, api }),
          presented,
          async (request, headers) => {
            const answer = await send(url, operation, request, headers);
            assert(answer.status < 500, `${answer.status}: ${answer.text}`);
            const isRead = operation.method === "GET" || operation.method === "HEAD";
            assert(isRead || answer.status >= 400, answer.text);
          },
        );
        await fc.assert(property, { seed: SEED, numRuns: RUNS });
      });
    }
    assertEquals(service.logged.filter(({ level }) => level === "error"), []);
  }
  const after = await dump(kvPath);
  const changed = [...new Set([...before.keys(), ...after.keys()])]
    .filter((key) => before.get(key) !== after.get(key));
  assertEquals(changed, []);
  assertEquals(await filesIn(fileStore), filesBefore);
});
