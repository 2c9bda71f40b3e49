import { assert, assertEquals } from "../support/assert.ts";
import {
  ADMIN_KEY,
  bearer,
  type KeyedService,
  startKeyedService,
} from "../support/keyed_service.ts";
import { ask, type ReadAnswer } from "../support/openapi.ts";
import { message } from "../support/telemetry.ts";

const CSV = { "content-type": "text/csv" };
const JSON_TYPE = { "content-type": "application/json" };
const HOUR_MS = 3_600_000;

/** The keys of the table, and the jobs of the one that asked for them. */
interface Given {
  readonly url: string;
  readonly key: Readonly<Record<string, string>>;
  readonly jobId: string;
  readonly reportId: string;
  readonly deletionId: string;
}

/** A way to ask, and how it must end. */
interface Way {
  /** What is tried. */
  readonly what: string;
  /** Method and path. */
  readonly request: string;
  /** The headers. */
  readonly headers: Readonly<Record<string, string>> | readonly (readonly [string, string])[];
  /** The body. */
  readonly body?: string;
  /** The status of the answer. */
  readonly status: number;
  /** The code of the problem. */
  readonly code?: string;
  /** A text that the answer must have. */
  readonly has?: string;
  /** Whether a challenge says what would help (RFC 6750); by default that of 401. */
  readonly hasChallenge?: boolean;
}

async function asAdmin(url: string, request: string, body?: string, type = JSON_TYPE) {
  const [method, path] = request.split(" ");
  const headers = { ...bearer(ADMIN_KEY), ...type, prefer: "wait=20" };
  const answer = await ask(url + path, { method, headers, body });
  assert(answer.status < 300, `${request}: ${answer.text}`);
  return answer.text === "" ? null : JSON.parse(answer.text);
}

/** Things of two sites, keys, and jobs of one of them. */
async function prepare(service: KeyedService, passTime: (ms: number) => void): Promise<Given> {
  const { url, makeKey } = service;
  const ids = ["site-a.1", "site-b.1"];
  const rows = ids.map((id) => `${id},2026-02-01T00:00:00Z,1.5`).join("\n");
  await asAdmin(url, "POST /api/readings", `smart_meter_id,timestamp,power_kw\n${rows}\n`, CSV);
  const messages = ids.map((device_id) => message({ device_id }));
  await asAdmin(url, "POST /telemetry", JSON.stringify(messages));
  const zones = `store_id,timezone_str\n${ids.map((id) => `${id},UTC`).join("\n")}\n`;
  await asAdmin(url, "POST /stores/timezones", zones, CSV);
  const key: Record<string, string> = {};
  for (const scope of ["read", "export", "ingest", "import", "manage"]) {
    key[scope] = await makeKey({ scopes: [scope], name: scope });
  }
  const patterns = { meters: ["site-a.*"], devices: ["site-a.*"], stores: ["site-a.*"] };
  const scopes = ["read", "export", "ingest", "import", "manage"];
  key.site = await makeKey({ scopes, ...patterns });
  key.network = await makeKey({ scopes: ["read"], networks: ["192.0.2.0/24"] });
  key.late = await makeKey({ scopes: ["read"], expires_at: "2026-03-01T01:00:00Z" });
  for (const name of ["revoked", "rotated", "graced"]) {
    key[name] = await makeKey({ scopes: ["read"], name });
  }
  const idOf = (name: string) => key[name].split("_")[1];
  await asAdmin(url, `DELETE /api/keys/${idOf("revoked")}`);
  await asAdmin(url, `POST /api/keys/${idOf("rotated")}/rotate`, '{"grace_seconds":60}');
  passTime(2 * HOUR_MS);
  await asAdmin(url, `POST /api/keys/${idOf("graced")}/rotate`, '{"grace_seconds":3600}');
  const range = { start_datetime: "2026-02-01", end_datetime: "2026-02-02" };
  const source = JSON.stringify({ smart_meter_id: "site-a.1", ...range, gaps: "report" });
  const exported = await asAdmin(url, "POST /api/exports", source);
  const report = await asAdmin(url, "POST /trigger_report", "{}");
  const span = "from=1999-01-01&to=1999-01-02";
  const deletion = await asAdmin(url, `DELETE /api/meters/site-a.1/readings?${span}`);
  return {
    url,
    key,
    jobId: exported.job_id,
    reportId: report.report_id,
    deletionId: deletion.job_id,
  };
}

const UNAUTHENTICATED = { status: 401, code: "UNAUTHENTICATED" };
const FORBIDDEN = { status: 403, code: "FORBIDDEN" };
/** A header that is not a key: RFC 6750, section 3.1. */
const MALFORMED = { status: 400, code: "INVALID_REQUEST", hasChallenge: true };
const READ = "GET /devices";

/** Credentials that are missing, wrong, no longer right, or in the wrong place. */
function credentials({ key }: Given): Way[] {
  const { read, manage } = key;
  const [, id, secret] = read.split("_");
  const other = manage.split("_")[2];
  const changed = `${secret.slice(0, -1)}${secret.endsWith("x") ? "y" : "x"}`;
  const way = (what: string, headers: Way["headers"], end: Partial<Way>): Way => (
    { what, request: READ, headers, ...UNAUTHENTICATED, ...end }
  );
  const authorization = (value: string) => ({ authorization: value });
  const basic = (text: string) => `Basic ${btoa(text)}`;
  const right = { status: 200, code: undefined };
  return [
    way("no key", {}, {}),
    way("an empty header", authorization(""), {}),
    way("a scheme without a token", authorization("Bearer"), MALFORMED),
    way("blanks for a token", authorization("Bearer  "), MALFORMED),
    way("a key that is none", authorization("Bearer secret"), {}),
    way("the id alone", authorization(`Bearer ow_${id}`), {}),
    way("the id and no secret", authorization(`Bearer ow_${id}_`), {}),
    way("the secret alone", authorization(`Bearer ${secret}`), {}),
    way("an unknown id", authorization(`Bearer ow_0000000000_${secret}`), {}),
    way("a secret that is changed", authorization(`Bearer ow_${id}_${changed}`), {}),
    way("a secret that is cut", authorization(`Bearer ${read.slice(0, -1)}`), {}),
    way("a secret that is longer", authorization(`Bearer ${read}A`), {}),
    way("the secret of another key", authorization(`Bearer ow_${id}_${other}`), {}),
    way("a key in capitals", authorization(`Bearer ${read.toUpperCase()}`), {}),
    way("a key in quotes", authorization(`Bearer "${read}"`), MALFORMED),
    way("a key without a scheme", authorization(read), {}),
    way("the right key", bearer(read), right),
    way("a lower-case scheme", authorization(`bearer ${read}`), right),
    way("an upper-case scheme", authorization(`BEARER ${read}`), right),
    way("the scheme of InfluxDB", authorization(`Token ${read}`), right),
    way("several blanks", authorization(`Bearer   ${read}`), right),
    way("X-API-Key", { "x-api-key": read }, right),
    way("a wrong X-API-Key", { "x-api-key": `${read}x` }, {}),
    way("a scheme in X-API-Key", { "x-api-key": `Bearer ${read}` }, MALFORMED),
    way("the same key twice", { ...bearer(read), "x-api-key": read }, right),
    way("two keys", { ...bearer(read), "x-api-key": manage }, MALFORMED),
    way("a right and a wrong one", { ...bearer(read), "x-api-key": "x" }, MALFORMED),
    way("two Authorization headers", [
      ["authorization", `Bearer ${read}`],
      ["authorization", `Bearer ${manage}`],
    ], MALFORMED),
    way("two keys in one header", authorization(`Bearer ${read}, Bearer ${manage}`), MALFORMED),
    way("two keys after one scheme", authorization(`Bearer ${read} ${manage}`), MALFORMED),
    way("Basic", authorization(basic(`user:${read}`)), {}),
    way("Digest", authorization(`Digest username="${read}"`), {}),
    way("Proxy-Authorization", { "proxy-authorization": `Bearer ${read}` }, {}),
    way("a cookie", { cookie: `authorization=Bearer ${read}; key=${read}` }, {}),
    ...["key", "api_key", "access_token", "token", "u=x&p"].map((name) =>
      way(`?${name}=`, {}, { request: `GET /devices?${name}=${read}` })
    ),
    way("a form", { "content-type": "application/x-www-form-urlencoded" }, {
      request: "POST /trigger_report",
      body: `access_token=${key.export}`,
    }),
    way("a key that has expired", bearer(key.late), {}),
    way("a key that was revoked", bearer(key.revoked), {}),
    way("the old secret after its grace", bearer(key.rotated), {}),
    way("the old secret within its grace", bearer(key.graced), right),
    way("a key of another network", bearer(key.network), {}),
    way("a made-up address", { ...bearer(key.network), "x-forwarded-for": "192.0.2.7" }, {}),
    way("another made-up address", { ...bearer(key.network), forwarded: "for=192.0.2.7" }, {}),
    way("one more", { ...bearer(key.network), "x-real-ip": "192.0.2.7" }, {}),
    way("Basic for line protocol", authorization(basic(`user:${key.ingest}`)), {
      request: "POST /write",
      body: "climate,host=site-a.7 t=1",
      status: 204,
      code: undefined,
    }),
    way("Basic with the wrong password", authorization(basic(`${key.ingest}:x`)), {
      request: "POST /write",
      body: "climate,host=x t=1",
      code: undefined,
      has: '{"error":',
    }),
    way("u and p of InfluxDB 1", {}, {
      request: `POST /write?u=user&p=${key.ingest}`,
      body: "climate,host=x t=1",
      code: undefined,
    }),
    way("a wrong key for a public page", authorization("Bearer x"), {
      request: "GET /health",
      ...right,
    }),
  ];
}

/** Keys that are right, for something that they may not do, and requests dressed up as others. */
function scopes({ key, jobId }: Given): Way[] {
  const way = (what: string, name: string, request: string, end: Partial<Way> = {}): Way => (
    {
      what,
      request,
      headers: { ...bearer(key[name]), ...JSON_TYPE },
      ...FORBIDDEN,
      hasChallenge: end.status === undefined || end.status === 401,
      ...end,
    }
  );
  const posted = { body: JSON.stringify(message()) };
  const override = { ...bearer(key.read), "x-http-method-override": "GET" };
  return [
    way("sending with read", "read", "POST /telemetry", { ...posted, has: "ingest" }),
    way("reading with ingest", "ingest", READ, { has: "read" }),
    way("HEAD with ingest", "ingest", "HEAD /devices", { code: undefined }),
    way("HEAD without a key", "read", "HEAD /devices", {
      headers: {},
      status: 401,
      code: undefined,
    }),
    way("an export with read", "read", "POST /api/exports", { body: "{}" }),
    way("the events of an export with read", "read", `GET /api/exports/${jobId}/events`),
    way("deleting with export", "export", "DELETE /devices/site-a.1"),
    way("setting up with import", "import", "PUT /devices/site-a.1", { body: "{}" }),
    way("a profile with import", "import", "PUT /api/profiles/x", { body: "{}" }),
    way("sending with manage", "manage", "POST /telemetry", posted),
    way("importing with manage", "manage", "POST /api/readings", {
      headers: { ...CSV, ...bearer(key.manage) },
    }),
    way("keys with manage", "manage", "GET /api/keys", { has: "admin" }),
    way("a key of one's own with manage", "manage", "POST /api/keys", {
      body: '{"name":"x","scopes":["admin"]}',
    }),
    way("more scopes for oneself", "read", `PATCH /api/keys/${key.read.split("_")[1]}`, {
      body: '{"scopes":["admin"]}',
    }),
    way("a new secret for oneself", "read", `POST /api/keys/${key.read.split("_")[1]}/rotate`),
    way("the audit with manage", "manage", "GET /api/audit"),
    way("a method override", "read", "DELETE /devices/site-a.1", { headers: override }),
    way("another one", "read", "POST /telemetry?_method=GET", posted),
    way("a method that is none", "read", "PATCH /devices", {
      status: 405,
      code: "METHOD_NOT_ALLOWED",
    }),
    way("a slash at the end", "ingest", "GET /devices/", { status: 404, code: "ROUTE_NOT_FOUND" }),
    way("encoded letters", "ingest", "GET /%64evices"),
    way("capitals", "ingest", "GET /DEVICES", { status: 404, code: "ROUTE_NOT_FOUND" }),
    way("two slashes", "ingest", "GET //devices", { status: 404, code: "ROUTE_NOT_FOUND" }),
    way("a path through another one", "ingest", "GET /docs/../devices"),
    way("a public path before it", "ingest", "GET /health/..%2fdevices", {
      status: 404,
      code: "ROUTE_NOT_FOUND",
    }),
    way("a matrix parameter", "ingest", "GET /devices;a=b", {
      status: 404,
      code: "ROUTE_NOT_FOUND",
    }),
  ];
}

/** A key of one site, for things of another. */
function patterns({ key }: Given): Way[] {
  const headers = { ...bearer(key.site), ...JSON_TYPE };
  const hidden = { status: 404 };
  const way = (what: string, request: string, end: Partial<Way> = {}): Way => (
    { what, request, headers, ...hidden, ...end }
  );
  const b = "site-b.1", range = { start_datetime: "2026-02-01", end_datetime: "2026-02-02" };
  const csv = { ...bearer(key.site), ...CSV };
  const rule = "that your key may touch";
  return [
    way("a meter", `GET /api/meters/${b}`, { code: "SMART_METER_NOT_FOUND" }),
    way("its own meter", "GET /api/meters/site-a.1", { status: 200 }),
    way("readings of a meter", `GET /api/meters/${b}/readings`, { code: "SMART_METER_NOT_FOUND" }),
    way("a device", `GET /devices/${b}`, { code: "DEVICE_NOT_FOUND" }),
    way("metrics of a device", `GET /devices/${b}/metrics`, { code: "DEVICE_NOT_FOUND" }),
    way("a store", `GET /stores/${b}`, { code: "STORE_NOT_FOUND" }),
    way("other capitals", "GET /api/meters/SITE-A.1", { code: "SMART_METER_NOT_FOUND" }),
    way("an encoded id", "GET /api/meters/site%2Db%2E1", { code: "SMART_METER_NOT_FOUND" }),
    way("an encoded path", `GET /api/meters/site-a.1%2f..%2f${b}`, { status: 400 }),
    way("a NUL in an id", `GET /api/meters/${b}%00site-a.1`, { status: 400 }),
    way("a pattern for an id", "GET /api/meters/site-a.*", { status: 400 }),
    way("a cursor of another site", `GET /api/meters?after=${b}`, {
      status: 200,
      has: '"meters":[]',
    }),
    way("setting up a meter", `PUT /api/meters/${b}`, { ...FORBIDDEN, body: "{}" }),
    way("setting up a device", `PUT /devices/${b}`, { ...FORBIDDEN, body: "{}" }),
    way("importing into a meter", `POST /api/meters/${b}/readings`, {
      ...FORBIDDEN,
      headers: csv,
      body: "x",
    }),
    way("importing of many meters", "POST /api/readings", {
      headers: csv,
      body: `smart_meter_id,timestamp,power_kw\n${b},2026-02-03T00:00:00Z,7\n`,
      status: 200,
      has: `"problem":"a meter ${rule}"`,
    }),
    way("sending a message", "POST /telemetry", {
      body: JSON.stringify(message({ device_id: b })),
      status: 400,
      has: `a device ${rule}`,
    }),
    way("sending a batch", "POST /telemetry", {
      body: JSON.stringify([message({ device_id: b })]),
      status: 200,
      has: '"created":0',
    }),
    way("line protocol", "POST /api/v2/write", {
      body: `climate,host=${b} t=1`,
      status: 400,
      has: `a device ${rule}`,
    }),
    way("uploading polls", "POST /stores/status", {
      headers: csv,
      body: `store_id,timestamp_utc,status\n${b},2026-02-03 00:00:00 UTC,active\n`,
      status: 200,
      has: `a store ${rule}`,
    }),
    way("exporting a meter", "POST /api/export/csv", {
      body: JSON.stringify({ smart_meter_id: b, ...range, format: "csv" }),
      status: 400,
      has: `a meter ${rule}`,
    }),
    way("exporting devices", "POST /api/exports", {
      body: JSON.stringify({ device_ids: ["site-a.1", b], ...range }),
      status: 400,
      has: `"value":"${b}"`,
    }),
    way("previewing", `GET /api/exports/preview?smart_meter_id=${b}&period=yesterday`, {
      status: 400,
      has: `a meter ${rule}`,
    }),
    way("a report on a store", "POST /trigger_report", {
      body: JSON.stringify({ stores: [b] }),
      status: 400,
      has: `a store ${rule}`,
    }),
    way("deleting a meter", `DELETE /api/meters/${b}`, { code: "SMART_METER_NOT_FOUND" }),
    way("deleting a device", `DELETE /devices/${b}`, { code: "DEVICE_NOT_FOUND" }),
    way("deleting a store", `DELETE /stores/${b}`, { code: "STORE_NOT_FOUND" }),
    way("controlling its continuous export", `POST /api/continuous-exports/${b}/pause`, {
      code: "CONTINUOUS_EXPORT_NOT_FOUND",
    }),
  ];
}

/** A key with the right scope, for jobs of another one. */
function jobsOfOthers({ key, jobId, reportId, deletionId }: Given): Way[] {
  const way = (request: string, end: Partial<Way> = {}): Way => ({
    what: `the job of another key: ${request.replace(/[0-9a-f-]{36}/i, "ID")}`,
    request,
    headers: { ...bearer(key.export), ...JSON_TYPE },
    status: 404,
    ...end,
  });
  return [
    way(`GET /api/export/status/${jobId}`, { status: 200, has: '"status":"not_found"' }),
    way(`GET /api/export/download/${jobId}`, { code: "JOB_NOT_FOUND" }),
    way(`HEAD /api/export/download/${jobId}`),
    way(`GET /api/export/download/${jobId.toUpperCase()}`, { code: "JOB_NOT_FOUND" }),
    way(`GET /api/exports/${jobId}`, { code: "JOB_NOT_FOUND" }),
    way(`GET /api/exports/${jobId}/manifest`, { code: "JOB_NOT_FOUND" }),
    way(`GET /api/exports/${jobId}/gaps`, { code: "JOB_NOT_FOUND" }),
    way(`GET /api/exports/${jobId}/events`, { code: "JOB_NOT_FOUND" }),
    way(`HEAD /api/exports/${jobId}/events`),
    way(`POST /api/exports/${jobId}/repeat`, { code: "JOB_NOT_FOUND" }),
    way(`DELETE /api/exports/${jobId}`, { code: "JOB_NOT_FOUND" }),
    way("GET /api/exports", { status: 200, has: '"exports":[]' }),
    way(`GET /get_report/${reportId}`, { code: "REPORT_NOT_FOUND" }),
    way(`GET /download_report/${reportId}`, { code: "REPORT_NOT_FOUND" }),
    way("GET /reports", { status: 200, has: '"reports":[]' }),
    way(`GET /api/jobs/${deletionId}`, { code: "JOB_NOT_FOUND" }),
    {
      ...way(`GET /api/exports/${jobId}`),
      what: "the same job with manage, but without export",
      headers: bearer(key.manage),
      ...FORBIDDEN,
      hasChallenge: true,
    },
    { ...way(`GET /api/jobs/${deletionId}`), headers: bearer(key.manage), status: 200 },
  ];
}

/** Signed links, which need no key, and what looks like one. */
async function links({ url, key, jobId }: Given): Promise<Way[]> {
  const make = async (name: string) => {
    const path = `${url}/api/exports/${jobId}/link`;
    const headers = name === "admin" ? bearer(ADMIN_KEY) : bearer(key[name]);
    return await ask(path, {
      method: "POST",
      headers: { ...headers, ...JSON_TYPE },
      body: '{"expires_in":600}',
    });
  };
  const made = await make("admin");
  assertEquals(made.status, 200, made.text);
  assertEquals((await make("export")).status, 404);
  const address = new URL(JSON.parse(made.text).url);
  const path = address.pathname, search = address.search;
  const query = (name: string, value: string) => {
    const changed = new URLSearchParams(search);
    changed.set(name, value);
    return `?${changed}`;
  };
  const invalid = { status: 403, code: "LINK_INVALID" };
  const way = (what: string, request: string, end: Partial<Way> = {}): Way => (
    { what: `a link ${what}`, request, headers: {}, ...invalid, ...end }
  );
  const right = { status: 200, code: undefined };
  const signature = address.searchParams.get("signature") ?? "";
  return [
    way("as it is", `GET ${path}${search}`, right),
    way("by HEAD", `HEAD ${path}${search}`, right),
    way("with a wrong key beside it", `GET ${path}${search}`, { ...right, headers: bearer("x") }),
    way("by POST", `POST ${path}${search}`, { status: 405, code: "METHOD_NOT_ALLOWED" }),
    way("without a signature", `GET ${path}`),
    way("that is valid for longer", `GET ${path}${query("expires", "99999999999")}`),
    way("by somebody else", `GET ${path}${query("by", "anyone")}`),
    way("by another key", `GET ${path}${query("by", `key-${key.manage.split("_")[1]}`)}`),
    way("with a parameter more", `GET ${path}${search}&x=1`),
    way("with a parameter twice", `GET ${path}${search}&signature=${signature}`),
    way(
      "with a signature in capitals",
      `GET ${path}${query("signature", signature.toUpperCase())}`,
    ),
    way("with a signature that is cut", `GET ${path}${query("signature", signature.slice(2))}`),
    way("with a signature of zeros", `GET ${path}${query("signature", "0".repeat(64))}`),
    way(
      "of another export",
      `GET ${path.replace(jobId, "00000000-0000-4000-8000-000000000000")}${search}`,
    ),
    way("of an id in capitals", `GET ${path.replace(jobId, jobId.toUpperCase())}${search}`),
    way("used for another file", `GET /api/export/download/${jobId}${search}`, UNAUTHENTICATED),
    way("used to read the export", `GET /api/exports/${jobId}${search}`, UNAUTHENTICATED),
  ];
}

function assertEnd(
  { what, status, code, has = "", hasChallenge = status === 401 }: Way,
  answer: ReadAnswer,
): void {
  const end = `${what}: ${answer.status} ${answer.text}`;
  assertEquals(answer.status, status, end);
  assert(answer.text.includes(has), end);
  const isProblem = answer.headers.get("content-type")?.startsWith("application/problem+json");
  if (code !== undefined) {
    assertEquals([isProblem, JSON.parse(answer.text).code], [true, code], end);
  }
  assertEquals(answer.headers.has("www-authenticate"), hasChallenge, end);
}

Deno.test("each of more than 100 ways in leads where it should, and none changes anything", async (t) => {
  let nowMs = Date.UTC(2026, 2, 1);
  await using service = await startKeyedService({
    now: () => nowMs,
    // The clock jumps.
    offlineAfterMs: 30 * 24 * HOUR_MS,
    rateLimit: { requests: 1e6, windowMs: 1_000 },
  });
  const given = await prepare(service, (ms) => nowMs += ms);
  const { url } = given;
  const view = async () => {
    const paths = ["/api/meters", "/devices", "/stores", "/api/exports", "/reports", "/api/keys"];
    return await Promise.all(paths.map((path) => asAdmin(url, `GET ${path}`)));
  };
  const ways = [
    ...credentials(given),
    ...scopes(given),
    ...patterns(given),
    ...jobsOfOthers(given),
    ...await links(given),
  ];
  assert(ways.length > 100);
  const before = JSON.stringify(await view());
  for (const way of ways) {
    await t.step(way.what, async () => {
      const [method, path] = way.request.split(" ");
      // Headers may come twice.
      const headers = new Headers();
      const given = Array.isArray(way.headers) ? way.headers : Object.entries(way.headers);
      for (const [name, value] of given) headers.append(name, value);
      assertEnd(way, await ask(url + path, { method, headers, body: way.body }));
    });
  }
  // The one way that may store something did so under its own id.
  const after = JSON.stringify(await view());
  assert(after.includes('"site-a.7"'));
  assertEquals(
    withoutUse(after.replace(/\{"device_id":"site-a\.7"[^}]*\},?/, "")),
    withoutUse(before),
  );
  const log = JSON.stringify(service.logged);
  for (const text of [ADMIN_KEY, ...Object.values(given.key)]) {
    assert(!log.includes(text.split("_")[2]), "a secret is in the log");
  }
});

Deno.test("a link with any character changed opens nothing, and none works once its key is revoked", async () => {
  let nowMs = Date.UTC(2026, 2, 1);
  await using service = await startKeyedService({ now: () => nowMs });
  const { url, makeKey } = service;
  await asAdmin(
    url,
    "POST /api/meters/m/readings",
    "timestamp,power_kw\n2026-02-01T00:00:00Z,1\n",
    CSV,
  );
  const key = await makeKey({ scopes: ["export"] });
  const headers = { ...bearer(key), ...JSON_TYPE, prefer: "wait=20" };
  const range = { start_datetime: "2026-02-01", end_datetime: "2026-02-02" };
  const body = JSON.stringify({ smart_meter_id: "m", ...range });
  const created = await ask(`${url}/api/exports`, { method: "POST", headers, body });
  const { job_id } = JSON.parse(created.text);
  const link = async (seconds: number): Promise<string> => {
    const path = `${url}/api/exports/${job_id}/link`;
    const sent = { method: "POST", headers, body: `{"expires_in":${seconds}}` };
    return JSON.parse((await ask(path, sent)).text).url;
  };
  const whole = await link(600);
  assertEquals((await ask(whole)).status, 200);
  for (let at = whole.indexOf("/api/") + 1; at < whole.length; at++) {
    // A character that may stand there, but another one.
    const other = /[0-9]/.test(whole[at])
      ? (whole[at] === "7" ? "6" : "7")
      : whole[at] === "a"
      ? "b"
      : "a";
    const answer = await ask(whole.slice(0, at) + other + whole.slice(at + 1));
    assert(answer.status >= 400 && answer.status < 500, `${at}: ${answer.status}`);
    assert(!answer.text.includes("power_kw"));
  }
  const short = await link(60);
  nowMs += 61_000;
  const expired = await ask(short);
  assertEquals([expired.status, JSON.parse(expired.text).code], [403, "LINK_EXPIRED"]);
  assertEquals((await ask(whole)).status, 200);
  await asAdmin(url, `DELETE /api/keys/${key.split("_")[1]}`);
  const after = await ask(whole);
  assertEquals([after.status, JSON.parse(after.text).code], [403, "LINK_INVALID"]);
});

Deno.test("a key that is revoked sees no further event of its export", async () => {
  // Nobody runs the export.
  await using service = await startKeyedService({ role: "api" });
  const { url, makeKey } = service;
  const key = await makeKey({ scopes: ["export"] });
  const headers = { ...bearer(key), ...JSON_TYPE };
  const body = '{"smart_meter_id":"m","period":"yesterday"}';
  const created = await ask(`${url}/api/exports`, { method: "POST", headers, body });
  const path = `/api/exports/${JSON.parse(created.text).job_id}`;
  const watched = await fetch(`${url}${path}/events`, { headers });
  assertEquals(watched.status, 200);
  await asAdmin(url, `DELETE /api/keys/${key.split("_")[1]}`);
  await asAdmin(url, `DELETE ${path}`);
  // The stream ends by itself.
  const text = await watched.text();
  assert(text.includes("retry:") && !text.includes("event: end"), text);
});

/** When keys were last used changes with every request. */
function withoutUse(text: string): string {
  return text.replace(/"last_used_at":[^,}]*/g, "");
}
