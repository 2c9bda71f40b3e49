import { readSettings } from "../../data/settings.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { readSource, TOP } from "../support/sources.ts";
import config from "../../deno.json" with { type: "json" };

/** Settings as `docs/settings.md` and `.env.example` show them: name and default. */
const DEFAULTS: Record<string, string> = {
  HOST: "127.0.0.1",
  PORT: "8000",
  AUTH: "off",
  ALLOW_ANONYMOUS: "false",
  TRUST_PROXY: "0",
  MAX_UPLOADS: "256",
  MAX_UPLOAD_BYTES: "2147483648",
  OIDC_ALGORITHMS: "RS256,PS256,ES256,EdDSA",
  OIDC_CLOCK_SKEW_SECONDS: "30",
  DATA_DIR: ".openwatts",
  KV_PATH: ".openwatts/kv.sqlite3",
  FILE_STORE: ".openwatts/files",
  KV_FILES_MAX_BYTES: "1073741824",
  WORKER_CONCURRENCY: "4",
  FILE_RETENTION_HOURS: "168",
  JOB_RETENTION_DAYS: "30",
  AUDIT_RETENTION_DAYS: "365",
  RATE_LIMIT_REQUESTS: "10",
  RATE_LIMIT_WINDOW_SECONDS: "1",
  OFFLINE_AFTER_SECONDS: "600",
  LINE_PROTOCOL_ID_TAGS: "device_id,entity_id,host,id",
  FUTURE_TOLERANCE_SECONDS: "300",
  OLDEST_READING: "2000-01-01",
  ROLE: "all",
  LOG_LEVEL: "info",
  CONTINUOUS_EXPORT: "off",
  EXPORT_INTERVAL_SECONDS: "60",
  EXPORT_BATCH_SIZE: "1000",
  EXPORT_FORMAT: "parquet",
  EXPORT_LAYOUT: "plain",
  EXPORT_COMPACT: "off",
  LOOKBACK_HOURS: "1",
  LAKE_PATH: ".openwatts/lake",
  READY_REQUIRES_DESTINATION: "false",
  S3_REGION: "us-east-1",
  S3_PREFIX: "telemetry",
  AWS_PROFILE: "default",
  AWS_ROLE_SESSION_NAME: "openwatts",
  WEBHOOKS: "on",
  WEBHOOK_ALLOW_PRIVATE: "false",
};
/** Settings without a default. */
const UNSET = [
  "ADMIN_KEY",
  "OIDC_AUDIENCE",
  "OIDC_ISSUER",
  "OIDC_JWKS_URL",
  "OIDC_MAPPING",
  "PUBLIC_URL",
  "REQUESTS_BURST",
  "REQUESTS_PER_SECOND",
  "UPLOAD_BYTES_AT_ONCE",
  "WORKER_THREADS",
  "AWS_ACCESS_KEY_ID",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_ENDPOINT_URL_STS",
  "AWS_ROLE_ARN",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_SHARED_CREDENTIALS_FILE",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "CORS_ORIGINS",
  "DELIVERY_BUCKETS",
  "DEMO_DATA",
  "DELIVERY_PATH",
  "DEVICE_IDS",
  "INFLUXDB_BUCKET",
  "INFLUXDB_ORG",
  "INFLUXDB_TOKEN",
  "INFLUXDB_URL",
  "MAIL_FROM",
  "MAX_FILE_BYTES",
  "MAX_JOBS_RUNNING",
  "MAX_JOBS_WAITING",
  "MAX_STORED_READINGS",
  "METRICS_PORT",
  "PUBLIC_DEVICES",
  "PUBLIC_STORES",
  "RETENTION_DAYS",
  "RETENTION_DAYS_BY_PROFILE",
  "S3_BUCKET",
  "S3_ENCRYPTION",
  "S3_ENDPOINT",
  "S3_KMS_KEY_ID",
  "SMTP_URL",
  "STALE_AFTER_HOURS",
  "STOP_GRACE_SECONDS",
  "STORE_DATA_DIR",
];

Deno.test("docs/settings.md and .env.example name every setting with its default", async () => {
  const settings = await readTable("docs/settings.md");
  const example = await Deno.readTextFile(`${TOP}.env.example`);
  for (const [name, value] of Object.entries(DEFAULTS)) {
    assertEquals(settings[name], `\`${value}\``, name);
    assert(example.includes(`# ${name}=${value}\n`), name);
  }
  for (const name of UNSET) {
    assertEquals(settings[name], "none", name);
    assert(example.includes(`# ${name}=\n`), name);
  }
  assertEquals(Object.keys(settings).length, Object.keys(DEFAULTS).length + UNSET.length);
  assertEquals(readSettings(DEFAULTS), readSettings({}));
});

Deno.test("docs/settings.md has every variable that the code reads", async () => {
  const settings = await readTable("docs/settings.md");
  const files = [
    "settings",
    "access_settings",
    "access/account_settings",
    "continuous_settings",
    "delivery_settings",
    "limit_settings",
    "public_settings",
    "retention_settings",
    "s3_settings",
    "webhook_settings",
    "work_settings",
  ];
  const sources = await Promise.all(files.map((file) => readSource(`data/${file}.ts`)));
  const read = sources.flatMap(({ code }) =>
    [...code.matchAll(/^ {2}([A-Z][A-Z0-9_]+): /gm)].map(([, name]) => name)
  );
  const names = new Set(read);
  assertEquals(Object.keys(settings).toSorted(), [...names].toSorted());
});

Deno.test("the README has ten settings, with the defaults of docs/settings.md", async () => {
  const settings = await readTable("docs/settings.md");
  const readme = await readTable("README.md");
  assertEquals(Object.keys(readme).length, 10);
  for (const [name, shown] of Object.entries(readme)) assertEquals(shown, settings[name], name);
});

/** The settings in a document's tables with their defaults as shown. */
async function readTable(path: string): Promise<Record<string, string>> {
  const text = await Deno.readTextFile(TOP + path);
  const rows = text.matchAll(/^\| `([A-Z][A-Z0-9_]+)` +\| (\S+) +\|/gm);
  return Object.fromEntries([...rows].map(([, name, shown]) => [name, shown]));
}

Deno.test("the README's two commands are tasks, with the version of Deno that is pinned", async () => {
  const readme = await Deno.readTextFile(`${TOP}README.md`);
  for (const task of ["start", "test"]) {
    assert(readme.includes(`npx -y deno@2.9.6 task ${task}`), task);
    assert(task in config.tasks);
  }
});

Deno.test("the version is the CHANGELOG's newest", async () => {
  const changelog = await Deno.readTextFile(`${TOP}CHANGELOG.md`);
  assertEquals(/^## (\S+)/m.exec(changelog)?.[1], config.version);
});
