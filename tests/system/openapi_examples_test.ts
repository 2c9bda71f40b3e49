import { gzipSync } from "node:zlib";
import { DELETE_STORE } from "../../jobs/deletions/deletion_contract.ts";
import { METER_EXPORT } from "../../jobs/exports/meter_export_contract.ts";
import { STORE_REPORT } from "../../jobs/stores/report_contract.ts";
import { newJob } from "../../jobs/engine/transitions.ts";
import { stageJob } from "../../kv/jobs/jobs.ts";
import { ANYONE, EVERY_ID } from "../../data/access/caller.ts";
import { createMaintenance } from "../../kv/alerts/maintenance.ts";
import { createAlertRule } from "../../kv/alerts/rules.ts";
import { ALL, ruleOf, START_MS } from "../support/alert_rig.ts";
import { type ExportCheckpoint, moveExportCheckpoint } from "../../kv/continuous/checkpoints.ts";
import { addressTag, stopToken } from "../../data/notify/mail_stop.ts";
import { mailStopSecret } from "../../kv/access/secrets.ts";
import { stageNewSchedule } from "../../kv/schedules/schedules.ts";
import { openKv } from "../../kv/opened_kv.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import {
  ask,
  type DocumentedOperation,
  fetchOpenApi,
  type Json,
  type ReadAnswer,
} from "../support/openapi.ts";
import {
  askJson,
  importText,
  postJson,
  startTestService,
  type TestService,
  waitForEnd,
} from "../support/service.ts";
import { scheduleRecord } from "../support/schedule_rig.ts";
import { waitForReport } from "../support/reports.ts";
import { postStores } from "../support/stores.ts";
import { message, postTelemetry } from "../support/telemetry.ts";
import { storeFailedDelivery, storeWebhook } from "../support/webhooks.ts";
import { storeKey } from "../support/keys.ts";
import { makeTempFolder, type TempFolder } from "../support/temp_folder.ts";
import { until } from "../support/until.ts";

/** The id of the job in the document's examples. */
const EXAMPLE_JOB = "4a9c7a4e-8f0e-4c57-9d3f-2b6f0c1d5e7a";

/** The id of the schedule in the document's examples. */
const EXAMPLE_SCHEDULE = "7c0b2d6e-1a53-4f0b-9a55-0c2f7d1e8b34";

/** The id of the report in the document's examples. */
const EXAMPLE_REPORT = "b2d0a6c4-5f1e-4d38-8a77-0c9e3f6b1d24";

/** The id of the deletion in the document's examples. */
const EXAMPLE_DELETION = "7f3f1f0a-2f6c-4a5d-9a54-5f0f4a5be0c1";

/** The checkpoint of the continuous export in the examples: windows of a minute, one object. */
const EXAMPLE_CHECKPOINT: ExportCheckpoint = {
  v: 1,
  plan: [{ lengthMs: 60_000, fromDayMs: 0 }],
  nextMs: Date.UTC(2026, 1, 7, 12, 1),
  pendingMs: null,
  revision: 0,
  seenVersion: "",
  compactedMs: null,
  compactingMs: null,
  sharedMs: null,
  sharingMs: null,
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

/** A request built from one example. */
interface ExampleRequest {
  readonly what: string;
  readonly url: string;
  readonly init: RequestInit;
}

/** A service with demo data, an export of its January and a report, under the ids of the examples. */
async function startWithExample(
  folder: TempFolder,
): Promise<TestService & { readonly mailToken: string }> {
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
  const ofStore = { id: EXAMPLE_DELETION, kind: DELETE_STORE, owner: "anyone", slot: null };
  stageJob(op, newJob({ ...ofStore, params: { id: "gone" } }, Date.now()));
  stageNewSchedule(op, scheduleRecord({ id: EXAMPLE_SCHEDULE, nextMs: Date.now() + 3_600_000 }));
  await op.commit();
  await moveExportCheckpoint(kv, "test-001", { from: null, to: EXAMPLE_CHECKPOINT });
  for (const id of ["roofgateway", "retired"]) await storeKey(kv, id);
  const secret = await mailStopSecret(kv, Date.now());
  const tag = addressTag(secret, "energy@example.com");
  const mailToken = stopToken(secret, { kind: "schedule", id: "s1", tag });
  await storeWebhook(kv);
  await storeWebhook(kv, { id: "wh_8899aabbccddeeff" });
  const delivery = { atMs: 1_700_000_000_000, eventId: "evt_00112233445566778899aabbccddeeff" };
  await storeFailedDelivery(kv, { webhookId: "wh_0011223344556677", ...delivery });
  await storeAlerts(kv);
  await opened[Symbol.asyncDispose]();
  const service = await startTestService({ kvPath, demoData: true });
  await waitForEnd(service.url, EXAMPLE_JOB);
  await waitForReport(service.url, EXAMPLE_REPORT);
  const batteries = ["battery-7", "battery-8"];
  await postTelemetry(service.url, batteries.map((device_id) => message({ device_id })));
  return Object.assign(service, { mailToken });
}

/** An alert and a maintenance window under the ids of the examples. */
async function storeAlerts(kv: Deno.Kv): Promise<void> {
  const scope = { kind: "device", ...ALL } as const;
  const id = "0d3f7a52-93b1-4c60-8e0f-5b8a6d1c2e94";
  await createAlertRule(kv, ruleOf({ id, scope, condition: { type: "offline", forMs: 0 } }));
  const times = { type: "once", fromMs: START_MS, toMs: START_MS + 1 } as const;
  const own = { owner: ANYONE, patterns: EVERY_ID, createdMs: START_MS, changedMs: START_MS };
  const windowId = "6a1e4c0b-2b7d-4d0c-9c1a-7f3e5d9b8a21";
  await createMaintenance(kv, {
    id: windowId,
    name: "A",
    scopes: null,
    alerts: null,
    times,
    ...own,
  });
}

/** The query that the example of a body needs. */
function queryOf(example: Json): [name: string, value: string][] {
  return [...new URLSearchParams(example["x-query"] ?? "")];
}

const JANUARY = "start_time=2024-01-05&end_time=2024-01-31";

/**
 * What the parameters of an operation need besides themselves. A parameter that stands for others,
 * such as `period` for two times, comes instead of them.
 */
const COMPANIONS: Readonly<Record<string, (chosen: string | undefined) => string>> = {
  previewExport: (chosen = "") => {
    const source = /^(smart_meter|device)_ids?$/.test(chosen) ? "" : "smart_meter_id=123";
    const range = chosen === "period" ? "" : "start_datetime=2024-01-01&end_datetime=2024-01-31";
    const rest: Record<string, string> = { aggregates: "interval=15m", layout: "format=csv" };
    return [source, range, rest[chosen] ?? ""].join("&");
  },
  // Not the three years of the demo meter.
  getStoreUptime: (chosen) =>
    chosen === "from" ? "to=2023-01-25" : chosen === "to" ? "from=2023-01-24" : "",
  // Checking the rows of 8 days against the document takes seconds.
  getMeterReadings: (chosen) => chosen === "start_time" ? "end_time=2026-02-01T02:00:00Z" : "",
  getMeterSeries: () => JANUARY,
  getMeterGaps: () => JANUARY,
  getMeterStatistics: () => JANUARY,
  getMeterHeatMap: () => "slot=1h",
  getDeviceHeatMap: () => "slot=1h",
};

/**
 * One request for each example of a body, with the required parameters and the query that the
 * example needs; then one more for each optional parameter that no example of a body sets.
 */
function requestsOf(operation: DocumentedOperation, base: string): ExampleRequest[] {
  const { parameters, method, path, id, body } = operation;
  const required = parameters.filter((parameter) => parameter.required);
  const bodies = body === null
    ? [null]
    : Object.entries<Json>(body).flatMap(([type, content]) =>
      Object.entries<Json>(content.examples ?? {}).map(([name, example]) => ({
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
      for (const [name, value] of new URLSearchParams(COMPANIONS[id]?.(chosen[0]?.name))) {
        if (!url.searchParams.has(name)) url.searchParams.set(name, value);
      }
      const text = typeof one?.value === "string" ? one.value : JSON.stringify(one?.value);
      const what = [id, one?.name, ...chosen.map(({ name }) => name)].join(" ");
      const isGzip = headers.get("content-encoding") === "gzip";
      const body = one === null ? null : isGzip ? Uint8Array.from(gzipSync(text)) : text;
      return { what, url: url.href, init: { method, headers, body } };
    })
  );
}

/**
 * The successful statuses. The examples of an operation must produce all of them, except 206 of HEAD,
 * and the answers of a cancellation: the export and the deletion of the examples have ended.
 */
function successes({ id, method, responses }: DocumentedOperation): string[] {
  const all = Object.keys(responses).filter((status) => status.startsWith("2"));
  if (id === "deleteExport" || id === "cancelDeletion") {
    return all.filter((status) => status === "204");
  }
  return method === "HEAD" ? all.filter((status) => status !== "206") : all;
}

Deno.test("every example of a request succeeds, with an answer that the document allows", async () => {
  await using folder = await makeTempFolder();
  await using service = await startWithExample(folder);
  const api = await fetchOpenApi(service.url);
  // A device is set up first, while it is unknown; things are deleted last.
  const isDeleting = ({ id, method }: DocumentedOperation) =>
    method === "DELETE" || id === "createDeletion";
  const order = (operation: DocumentedOperation) =>
    isDeleting(operation) ? 2 : ["PUT"].indexOf(operation.method);
  const operations = [...api.operations, ...api.heads].toSorted((one, other) =>
    (order(one) < 0 ? 1 : order(one)) - (order(other) < 0 ? 1 : order(other))
  );
  const listed = { smart_meter_id: "123", period: "yesterday", gaps: "report" };
  const withGaps = (await postJson(`${service.url}/api/exports`, listed)).body.job_id;
  await waitForEnd(service.url, withGaps);
  let endEvent = "";
  const keyed = new Set<string>();
  for (const operation of operations) {
    const statuses = new Set<string>();
    for (const { what, url: exampleUrl, init } of requestsOf(operation, service.url)) {
      // The export of the examples has no list of gaps.
      const url = operation.path.endsWith("/gaps")
        ? exampleUrl.replace(EXAMPLE_JOB, withGaps)
        : operation.path.startsWith("/api/links/")
        ? await linkLike(exampleUrl)
        : operation.path.startsWith("/mails/stop/")
        ? `${service.url}/mails/stop/${service.mailToken}`
        : exampleUrl;
      if (isDeleting(operation)) await createDeleted(service.url);
      const request = unusedKey(init, keyed);
      // The id of the last event, which the request without this header was given.
      if (request.headers.has("last-event-id")) {
        request.headers.set("last-event-id", endEvent);
      }
      const answer = await ask(url, request);
      endEvent = /^id: (.+)\nevent: end$/m.exec(answer.text)?.[1] ?? endEvent;
      assert(answer.status >= 200 && answer.status < 300, `${what}: ${answer.text}`);
      api.assertAllowed(operation, answer);
      statuses.add(String(answer.status));
      if (answer.status === 202 && isDeleting(operation)) {
        const job = service.url + answer.headers.get("location");
        const isOver = ({ status }: Json) => status !== "pending" && status !== "running";
        await until(async () => isOver((await askJson(job)).body));
      }
    }
    assertEquals([...statuses].toSorted(), successes(operation), operation.id);
  }
});

/** A link to the file that a link of the examples leads to: its signature there is made up. */
async function linkLike(exampleUrl: string): Promise<string> {
  const { origin, pathname } = new URL(exampleUrl);
  const path = `${pathname.replace("/links/", "/")}/link`;
  return (await postJson(origin + path, { expires_in: 60 })).body.url;
}

/** Creates what the examples of deletions name, unless it exists. */
async function createDeleted(url: string): Promise<void> {
  await importText(url, "123", "timestamp,power_kw\n2024-01-01T00:00:00Z,1\n");
  await postTelemetry(url, [message()]);
  await askJson(`${url}/api/profiles/unused_profile`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ metrics: [{ name: "power_w", unit: "W", aggregate: "mean" }] }),
  });
  await postStores(url, "timezones", "store_id,timezone_str\n8419537941919820732,UTC\n");
}

/** A key belongs to one request, so the second example of a body goes without it. */
function unusedKey(
  init: RequestInit,
  keyed: Set<string>,
): RequestInit & { headers: Headers } {
  const headers = new Headers(init.headers);
  const key = headers.get("idempotency-key");
  if (key === null) return { ...init, headers };
  if (keyed.has(key)) headers.delete("idempotency-key");
  keyed.add(key);
  return { ...init, headers };
}

Deno.test("the document's example of a finished export is the real export of the demo's January", async () => {
  await using folder = await makeTempFolder();
  await using service = await startWithExample(folder);
  const { operations } = await fetchOpenApi(service.url);
  const look = operations.find(({ id }) => id === "getExportStatus");
  const shown = look?.responses[200].content["application/json"].examples.completed.value;
  const status = await waitForEnd(service.url, EXAMPLE_JOB);
  // The times are those of this run.
  assertEquals(Object.keys(shown).toSorted(), Object.keys(status).toSorted());
  assertEquals([shown.job_id, shown.message], [status.job_id, status.message]);
  const { expires_at: _, ...expected } = status.file_info;
  const { expires_at: __, ...file_info } = shown.file_info;
  assertEquals(file_info, expected);
});

/** The value that an OpenAPI runtime expression of the form `$response.body#/name` selects. */
function selected(expression: string, body: Json): string {
  return body[expression.replace("$response.body#/", "")];
}

Deno.test("following the links of a new export and a new report leads to their statuses and files", async () => {
  await using service = await startTestService({ demoData: true });
  const api = await fetchOpenApi(service.url);
  for (const id of ["createExport", "triggerReport"]) {
    const [{ url, init }] = requestsOf(api.operation(id), service.url);
    const created = await ask(url, init);
    const { links } = api.operation(id).responses[created.status];
    const answers = new Map<string, ReadAnswer>();
    for (const [name, { operationId, parameters }] of Object.entries<Json>(links)) {
      const target = api.operation(operationId);
      const [[parameter, expression]] = Object.entries<string>(parameters);
      const value = selected(expression, JSON.parse(created.text));
      const path = service.url + target.path.replace(`{${parameter}}`, value);
      await until(async () => {
        const answer = await ask(path);
        api.assertAllowed(target, answer);
        answers.set(name, answer);
        // A job that has not ended says when to retry, and has no file yet.
        return !answer.headers.has("retry-after") && answer.status !== 404;
      });
    }
    assertEquals([...answers.keys()], ["status", "download"]);
    assertMatch(answers.get("status")?.text ?? "", /"status":"[Cc]omplete/);
    assertMatch(answers.get("download")?.text ?? "", /^\w+,/);
  }
});
