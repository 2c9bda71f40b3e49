import { gzipSync } from "node:zlib";
import { METER_EXPORT } from "../../jobs/exports/meter_export_contract.ts";
import { STORE_REPORT } from "../../jobs/stores/report_contract.ts";
import { newJob } from "../../jobs/engine/transitions.ts";
import { stageJob } from "../../kv/jobs/jobs.ts";
import { type ExportCheckpoint, moveExportCheckpoint } from "../../kv/continuous/checkpoints.ts";
import { openKv } from "../../kv/opened_kv.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { ask, type DocumentedOperation, fetchOpenApi, type Json } from "../support/openapi.ts";
import { startTestService, type TestService, waitForEnd } from "../support/service.ts";
import { waitForReport } from "../support/reports.ts";
import { makeTempFolder, type TempFolder } from "../support/temp_folder.ts";

/** The job that the examples of the document speak of. */
const EXAMPLE_JOB = "4a9c7a4e-8f0e-4c57-9d3f-2b6f0c1d5e7a";

/** The report that they speak of. */
const EXAMPLE_REPORT = "b2d0a6c4-5f1e-4d38-8a77-0c9e3f6b1d24";

/** How far the continuous export is that they speak of: a day of a minute each, and one object. */
const EXAMPLE_CHECKPOINT: ExportCheckpoint = {
  v: 1,
  plan: [{ lengthMs: 60_000, fromDayMs: 0 }],
  nextMs: Date.UTC(2026, 1, 7, 12, 1),
  pendingMs: null,
  revision: 0,
  seenVersion: "",
  totals: { objects: 1, rows: 60, sizeBytes: 4_211, rewrites: 0, deletions: 0 },
  last: {
    key: "device_id=test-001/date=2026/02/07/export_120000.parquet",
    fromMs: Date.UTC(2026, 1, 7, 12),
    toMs: Date.UTC(2026, 1, 7, 12, 1),
    rows: 60,
    sizeBytes: 4_211,
    sha256: "0".repeat(64),
    revision: 1,
    writtenMs: Date.UTC(2026, 1, 7, 12, 1, 3),
  },
  fault: { message: "It is full", sinceMs: 0, atMs: 1_000, count: 2 },
};

/** What one example asks for. */
interface ExampleRequest {
  readonly what: string;
  readonly url: string;
  readonly init: RequestInit;
}

/** The demo's data with an export of its January, and a report, that have the ids of the examples. */
async function startWithExample(folder: TempFolder): Promise<TestService> {
  const kvPath = `${folder.path}/kv.sqlite3`;
  const { kv, ...opened } = await openKv(kvPath);
  const fromMs = Date.UTC(2024, 0, 1);
  const toMs = Date.UTC(2024, 0, 31, 23, 59, 59) + 1;
  const params = { meterId: "123", fromMs, toMs, format: "csv" };
  const job = { id: EXAMPLE_JOB, kind: METER_EXPORT, params, owner: "anyone", slot: null };
  const op = kv.atomic();
  stageJob(op, newJob(job, Date.now()));
  const ofStores = { id: EXAMPLE_REPORT, kind: STORE_REPORT, owner: "anyone", slot: null };
  stageJob(op, newJob({ ...ofStores, params: { asOfMs: null, maxHoldMs: null } }, Date.now()));
  await op.commit();
  await moveExportCheckpoint(kv, "test-001", { from: null, to: EXAMPLE_CHECKPOINT });
  await opened[Symbol.asyncDispose]();
  const service = await startTestService({ kvPath, demoData: true });
  await waitForEnd(service.url, EXAMPLE_JOB);
  await waitForReport(service.url, EXAMPLE_REPORT);
  return service;
}

/** What the query of an example of a body says. */
function queryOf(example: Json): [name: string, value: string][] {
  return [...new URLSearchParams(example["x-query"] ?? "")];
}

/**
 * Each example of a body with what is required and what it needs itself, then with each further
 * parameter, but for those that belong to the example of a body.
 */
function requestsOf(operation: DocumentedOperation, base: string): ExampleRequest[] {
  const { parameters, method, path, id, body } = operation;
  const required = parameters.filter((parameter) => parameter.required);
  const bodies = body === null
    ? [null]
    : Object.entries<Json>(body).flatMap(([type, content]) =>
      Object.entries<Json>(content.examples).map(([name, example]) => ({
        type,
        name,
        value: example.value,
        query: queryOf(example),
      }))
    );
  const bound = new Set(bodies.flatMap((one) => one?.query.map(([name]) => name) ?? []));
  const free = parameters.filter(({ required, name }) => !required && !bound.has(name));
  const choices = [[], ...free.map((one) => [one])];
  return bodies.flatMap((one) =>
    choices.map((chosen) => {
      const url = new URL(base + path);
      const headers = new Headers();
      for (const { in: place, name, example, schema } of [...required, ...chosen]) {
        const value = String(example ?? schema.examples[0]);
        if (place === "header") headers.set(name, value);
        else if (place === "query") url.searchParams.set(name, value);
        else url.pathname = decodeURI(url.pathname).replace(`{${name}}`, value);
      }
      if (one !== null) headers.set("content-type", one.type);
      for (const [name, value] of one?.query ?? []) url.searchParams.set(name, value);
      const text = typeof one?.value === "string" ? one.value : JSON.stringify(one?.value);
      const what = [id, one?.name, ...chosen.map(({ name }) => name)].join(" ");
      const isGzip = headers.get("content-encoding") === "gzip";
      const body = one === null ? null : isGzip ? Uint8Array.from(gzipSync(text)) : text;
      return { what, url: url.href, init: { method, headers, body } };
    })
  );
}

/** Statuses that are no error, each of which some example must be answered with. */
function successes({ responses }: DocumentedOperation): string[] {
  return Object.keys(responses).filter((status) => status.startsWith("2"));
}

Deno.test("every example of a request is answered with a success that the document describes", async () => {
  await using folder = await makeTempFolder();
  await using service = await startWithExample(folder);
  const api = await fetchOpenApi(service.url);
  // What sets a device up goes first, while it is not known; what removes a meter goes last.
  const order = ({ method }: DocumentedOperation) => ["PUT", "", "DELETE"].indexOf(method);
  const operations = api.operations.toSorted((one, other) =>
    (order(one) < 0 ? 1 : order(one)) - (order(other) < 0 ? 1 : order(other))
  );
  const keyed = new Set<string>();
  for (const operation of operations) {
    const statuses = new Set<string>();
    for (const { what, url, init } of requestsOf(operation, service.url)) {
      const answer = await ask(url, unusedKey(init, keyed));
      assert(answer.status >= 200 && answer.status < 300, `${what}: ${answer.text}`);
      api.assertAllowed(operation, answer);
      statuses.add(String(answer.status));
    }
    assertEquals([...statuses].toSorted(), successes(operation), operation.id);
  }
});

/** A key names one request: the second example of a body goes without it. */
function unusedKey(init: RequestInit, keyed: Set<string>): RequestInit {
  const headers = new Headers(init.headers);
  const key = headers.get("idempotency-key");
  if (key === null) return init;
  if (keyed.has(key)) headers.delete("idempotency-key");
  keyed.add(key);
  return { ...init, headers };
}

Deno.test("what the document shows of a finished export is what the demo's January gives", async () => {
  await using folder = await makeTempFolder();
  await using service = await startWithExample(folder);
  const { operations } = await fetchOpenApi(service.url);
  const look = operations.find(({ id }) => id === "getExportStatus");
  const shown = look?.responses[200].content["application/json"].examples.completed.value;
  const status = await waitForEnd(service.url, EXAMPLE_JOB);
  // Times are those of the run.
  assertEquals(Object.keys(shown).toSorted(), Object.keys(status).toSorted());
  assertEquals([shown.job_id, shown.message], [status.job_id, status.message]);
  const { expires_at: _, ...expected } = status.file_info;
  const { expires_at: __, ...file_info } = shown.file_info;
  assertEquals(file_info, expected);
});
