import { FAMILIES } from "../../../data/metrics/families.ts";
import { ROUTE_RULES } from "../../../routes/access/route_rules.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { bearer, startKeyedService } from "../../support/keyed_service.ts";
import { readPrometheus, type ScrapedFamily } from "../../support/prometheus.ts";
import {
  askJson,
  exportToEnd,
  importText,
  postJson,
  startTestService,
  type TestService,
} from "../../support/service.ts";
import { message, postTelemetry } from "../../support/telemetry.ts";
import { until } from "../../support/until.ts";
import { EXAMPLE } from "../exports/export_example.ts";

async function scrape(url: string): Promise<Map<string, ScrapedFamily>> {
  const answer = await fetch(`${url}/metrics`);
  assertEquals(answer.status, 200);
  assertEquals(answer.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  return readPrometheus(await answer.text());
}

/** The value of a line; undefined if there is none. */
function valueOf(families: Map<string, ScrapedFamily>, line: string): number | undefined {
  const name = line.replace(/\{.*/, "");
  const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ""));
  return family?.values.get(line);
}

Deno.test("what happens is counted: requests, jobs, readings in and out", async () => {
  await using service = await startTestService({ now: () => Date.UTC(2026, 1, 1, 14, 24) });
  const { url } = service;
  await importText(
    url,
    "123",
    "timestamp,power_kw\n2024-01-01T00:00:00Z,1\n2024-01-01T00:01:00Z,2\n",
  );
  await exportToEnd(url, EXAMPLE);
  await postTelemetry(url, message());
  await askJson(`${url}/devices/test-001`);
  await askJson(`${url}/devices/nobody`);
  await askJson(`${url}/devices/nobody-else`);
  await askJson(`${url}/no/such/path`);
  const found = await scrape(url);
  const values: Record<string, number> = {
    'openwatts_http_requests_total{method="POST",route="/api/meters/:id/readings",status="200"}': 1,
    'openwatts_http_requests_total{method="GET",route="/devices/:device_id",status="200"}': 1,
    'openwatts_http_requests_total{method="GET",route="/devices/:device_id",status="404"}': 2,
    'openwatts_http_requests_total{method="GET",route="none",status="404"}': 1,
    'openwatts_http_request_duration_seconds_count{method="GET",route="/devices/:device_id"}': 3,
    "openwatts_http_requests_running": 1,
    'openwatts_jobs_created_total{kind="meter_export"}': 1,
    'openwatts_jobs_ended_total{kind="meter_export",state="completed"}': 1,
    'openwatts_jobs_running{kind="meter_export"}': 0,
    'openwatts_job_attempts_total{kind="meter_export",outcome="completed"}': 1,
    'openwatts_job_queue_wait_seconds_count{kind="meter_export"}': 1,
    'openwatts_job_attempt_duration_seconds_count{kind="meter_export"}': 1,
    'openwatts_jobs_waiting{lane="main"}': 0,
    'openwatts_readings_in_total{way="import"}': 2,
    'openwatts_readings_in_total{way="live"}': 1,
    "openwatts_readings_out_total": 2,
    "openwatts_segments_waiting": 1,
    "openwatts_series_unfolded": 1,
    "openwatts_database_up": 1,
  };
  for (const [line, value] of Object.entries(values)) {
    assertEquals(valueOf(found, line), value, line);
  }
  assert((valueOf(found, "openwatts_ingest_commit_duration_seconds_count") ?? 0) >= 1);
  assert((valueOf(found, "openwatts_file_bytes") ?? 0) > 0);
  assert((valueOf(found, "openwatts_journal_bytes") ?? 0) > 0);
  assert((valueOf(found, "process_resident_memory_bytes") ?? 0) > 1e7);
  assertMatch(
    String([...found.get("openwatts_build_info")?.values.keys() ?? []]),
    /version="\d+\./,
  );
});

Deno.test("the text has every family, with its help and type, and nothing else", async () => {
  await using service = await startTestService();
  const found = await scrape(service.url);
  assertEquals([...found.keys()].toSorted(), Object.keys(FAMILIES).toSorted());
  for (const [name, { type, help }] of Object.entries(FAMILIES)) {
    assertEquals([found.get(name)?.type, found.get(name)?.help], [type, help]);
  }
});

Deno.test("routes are labelled by their templates, so ids and unknown paths add no time series", async () => {
  await using service = await startTestService();
  for (let id = 0; id < 30; id++) {
    await askJson(`${service.url}/devices/device-${id}`);
    await askJson(`${service.url}/nothing/${id}`);
  }
  await fetch(`${service.url}/health`, { method: "BREW" }).then((answer) => answer.body?.cancel());
  const lines = [
    ...(await scrape(service.url)).get("openwatts_http_requests_total")?.values.keys() ?? [],
  ];
  const paths = new Set(Object.keys(ROUTE_RULES).map((name) => name.split(" ")[1]));
  for (const line of lines) {
    const [, method, route] = /method="([^"]+)",route="([^"]+)"/.exec(line) ?? [];
    assert(route === "none" || paths.has(route), line);
    assert(["GET", "other"].includes(method), line);
  }
  assert(lines.length <= 4, lines.join("\n"));
});

Deno.test("a job that waits counts as waiting, and one that is cancelled then as cancelled", async () => {
  await using service = await startTestService({ role: "api" });
  await importText(service.url, "123", "timestamp,power_kw\n2024-01-01T00:00:00Z,1\n");
  const { body } = await postJson(`${service.url}/api/export/csv`, EXAMPLE);
  const waiting = await scrape(service.url);
  assertEquals(valueOf(waiting, 'openwatts_jobs_waiting{lane="main"}'), 1);
  const removed = await fetch(`${service.url}/api/exports/${body.job_id}`, { method: "DELETE" });
  await removed.body?.cancel();
  const line = 'openwatts_jobs_ended_total{kind="meter_export",state="cancelled"}';
  assertEquals(valueOf(await scrape(service.url), line), 1);
});

Deno.test("with keys, only those with the scope metrics read the metrics", async () => {
  await using service = await startKeyedService();
  const keys = {
    metrics: await service.makeKey({ scopes: ["metrics"] }),
    reader: await service.makeKey({ scopes: ["read", "export", "ingest", "import", "manage"] }),
  };
  const ask = async (path: string, headers?: Record<string, string>) => {
    const answer = await fetch(service.url + path, { headers });
    await answer.body?.cancel();
    return answer.status;
  };
  assertEquals(await ask("/metrics"), 401);
  assertEquals(await ask("/metrics", bearer(keys.reader)), 403);
  assertEquals(await ask("/metrics", bearer(keys.metrics)), 200);
  assertEquals(await ask("/devices", bearer(keys.metrics)), 403);
});

/** Where the metrics of a service with a port for them are. */
function metricsUrl({ logged }: TestService): string {
  const { fields } = logged.find(({ event }) => event === "metrics served") ?? {};
  return String(fields?.url);
}

Deno.test("a port of their own serves the metrics without a key, nothing else, and the service not any more", async () => {
  await using service = await startKeyedService({ metricsPort: 0 });
  const url = metricsUrl(service);
  assertMatch(url, /^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
  assert(!url.startsWith(service.url));
  const found = readPrometheus(await (await fetch(url)).text());
  assertEquals([...found.keys()].toSorted(), Object.keys(FAMILIES).toSorted());
  const admin = await service.makeKey({ scopes: ["admin"] });
  const main = await askJson(`${service.url}/metrics`, { headers: bearer(admin) });
  assertEquals([main.status, main.body.code], [404, "ROUTE_NOT_FOUND"]);
  const other = await askJson(url.replace("/metrics", "/devices"), { headers: bearer(admin) });
  assertEquals([other.status, other.body.code], [404, "ROUTE_NOT_FOUND"]);
  const posted = await askJson(url, { method: "POST" });
  assertEquals([posted.status, posted.headers.get("allow")], [405, "GET, HEAD"]);
  const head = await fetch(url, { method: "HEAD" });
  assertEquals([head.status, await head.text()], [200, ""]);
});

Deno.test("a worker, which listens on no other port, has metrics and probes on that of the metrics", async () => {
  await using service = await startTestService({ role: "worker", metricsPort: 0 });
  assertEquals(service.url, "");
  const ask = (path: string) => askJson(metricsUrl(service).replace("/metrics", path));
  assertEquals((await ask("/health")).body.status, "healthy");
  // Once its worker has been seen.
  await until(async () => (await ask("/ready")).status === 200);
  assertEquals((await ask("/ready")).body.ready, true);
  assertEquals((await ask("/api/meters")).status, 404);
  const found = readPrometheus(await (await fetch(metricsUrl(service))).text());
  assertEquals(found.get("openwatts_database_up")?.values.get("openwatts_database_up"), 1);
});
