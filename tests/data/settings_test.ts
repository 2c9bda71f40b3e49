import { EVERY_ID } from "../../data/access/caller.ts";
import { readSettings, type Settings } from "../../data/settings.ts";
import { assert, assertEquals } from "../support/assert.ts";

const DEFAULTS: Settings = {
  isDeploy: false,
  host: "127.0.0.1",
  port: 8000,
  metricsPort: null,
  access: { hasKeys: false, oidc: null, adminKey: null, publicUrl: null },
  limits: {
    trustedProxies: 0,
    requestRate: null,
    maxUploads: 256,
    maxUploadBytes: 2 * 1024 ** 3,
    uploadBytesAtOnce: 4 * 1024 ** 3,
  },
  corsOrigins: [],
  kvPath: ".openwatts/kv.sqlite3",
  fileStore: ".openwatts/files",
  kvFilesMaxBytes: 1024 ** 3,
  storeDataDir: null,
  demoData: "if_new",
  workerConcurrency: 4,
  workerThreads: null,
  fileRetentionMs: 7 * 24 * 3_600_000,
  jobRetentionMs: 30 * 24 * 3_600_000,
  offlineAfterMs: 600_000,
  lineProtocolIdTags: ["device_id", "entity_id", "host", "id"],
  staleAfterMs: null,
  // 2000-01-01T00:00:00Z and five minutes.
  acceptedTimes: { oldestMs: 946_684_800_000, futureToleranceMs: 300_000 },
  accountLimits: { jobsWaiting: null, jobsRunning: null, storedReadings: null, fileBytes: null },
  rateLimit: { requests: 10, windowMs: 1_000 },
  retention: { days: null, daysByProfile: new Map(), auditDays: 365 },
  webhooks: { isOn: true, allowPrivate: false },
  continuous: {
    isOn: false,
    intervalMs: 60_000,
    batchSize: 1_000,
    format: "parquet",
    layout: "plain",
    isCompacting: false,
    isSharing: false,
    deviceIds: [],
    lookbackMs: 3_600_000,
    path: ".openwatts/lake",
    isDestinationRequired: false,
    influx: null,
  },
  delivery: { mail: null, folder: null, buckets: [] },
  publicStatus: { stores: [], devices: [] },
  role: "all",
  graceMs: 10_000,
  logLevel: "info",
  s3: {
    endpoint: null,
    region: "us-east-1",
    bucket: null,
    prefix: "telemetry",
    credentials: { kind: "none" },
    encryption: null,
  },
};

/** A key with 32 bytes in hexadecimal. */
const ADMIN_KEY = `ow_admin_${"0123456789abcdef".repeat(4)}`;

/** The settings of a valid environment. */
function settingsOf(environment: Record<string, string>): Settings {
  const result = readSettings(environment);
  assert("settings" in result, JSON.stringify(result));
  return result.settings;
}

/** The problems of an invalid environment. */
function problemsOf(environment: Record<string, string>): readonly string[] {
  const result = readSettings(environment);
  assert("problems" in result, JSON.stringify(result));
  return result.problems;
}

Deno.test("readSettings() of an empty environment returns the defaults", () => {
  assertEquals(settingsOf({}), DEFAULTS);
});

Deno.test("readSettings() reads every variable and ignores others", () => {
  const environment = {
    HOST: "0.0.0.0",
    PORT: "0",
    METRICS_PORT: "9464",
    AUTH: "oidc, keys",
    ADMIN_KEY,
    PUBLIC_URL: "https://watts.example/",
    OIDC_ISSUER: "https://login.example/realms/a/",
    OIDC_AUDIENCE: "openwatts, https://watts.example",
    OIDC_JWKS_URL: "https://keys.example/set?all=1",
    OIDC_ALGORITHMS: "ES256,RS512",
    OIDC_CLOCK_SKEW_SECONDS: "0",
    OIDC_MAPPING: '[{"when":{"groups":"ops"},"scopes":["admin"]}]',
    TRUST_PROXY: "2",
    REQUESTS_PER_SECOND: "20",
    REQUESTS_BURST: "50",
    MAX_UPLOADS: "8",
    MAX_UPLOAD_BYTES: "1000000",
    UPLOAD_BYTES_AT_ONCE: "3000000",
    CORS_ORIGINS: "https://app.example, HTTP://Localhost:5173/,https://app.example:443",
    KV_PATH: ":memory:",
    FILE_STORE: "s3://artifacts.example/open/watts",
    KV_FILES_MAX_BYTES: "5000000000",
    S3_ENDPOINT: "http://127.0.0.1:9000",
    S3_REGION: "eu-central-1",
    S3_BUCKET: "exports-2",
    S3_PREFIX: "my/exports_1",
    AWS_ACCESS_KEY_ID: "AKIA",
    AWS_SECRET_ACCESS_KEY: "wJal/+=",
    AWS_SESSION_TOKEN: "FwoG/+=",
    S3_ENCRYPTION: "aws:kms",
    S3_KMS_KEY_ID: "arn:aws:kms:eu-central-1:1:key/a",
    STORE_DATA_DIR: "/srv/stores",
    DEMO_DATA: "false",
    WORKER_CONCURRENCY: "64",
    WORKER_THREADS: "2",
    FILE_RETENTION_HOURS: "0.5",
    JOB_RETENTION_DAYS: "3650",
    OFFLINE_AFTER_SECONDS: "1",
    LINE_PROTOCOL_ID_TAGS: "name, host,,device_id",
    STALE_AFTER_HOURS: "1.5",
    FUTURE_TOLERANCE_SECONDS: "0",
    OLDEST_READING: "2020-01-01T01:00:00+01:00",
    MAX_JOBS_WAITING: "500",
    MAX_JOBS_RUNNING: "2",
    MAX_STORED_READINGS: "9007199254740991",
    MAX_FILE_BYTES: "1000000000",
    RETENTION_DAYS: "730",
    RETENTION_DAYS_BY_PROFILE: "battery=90, site = 365,meter=forever,",
    AUDIT_RETENTION_DAYS: "36500",
    RATE_LIMIT_REQUESTS: "25",
    RATE_LIMIT_WINDOW_SECONDS: "60",
    SMTP_URL: "smtps://energy%40example.com:p%2F%40ss@mail.example.com",
    MAIL_FROM: "OpenWatts <energy@example.com>",
    WEBHOOKS: "off",
    WEBHOOK_ALLOW_PRIVATE: "true",
    DELIVERY_PATH: "/srv/delivered/",
    DELIVERY_BUCKETS: "s3://accounting/energy/, s3://grid",
    PUBLIC_STORES: "shop-*, 101",
    PUBLIC_DEVICES: "roof",
    ROLE: "worker",
    STOP_GRACE_SECONDS: "45",
    LOG_LEVEL: "debug",
    PATH: "/usr/bin",
  };
  assertEquals(settingsOf(environment), {
    isDeploy: false,
    host: "0.0.0.0",
    port: 0,
    metricsPort: 9464,
    access: {
      hasKeys: true,
      oidc: {
        issuer: "https://login.example/realms/a/",
        audiences: ["openwatts", "https://watts.example"],
        jwksUrl: "https://keys.example/set?all=1",
        algorithms: ["ES256", "RS512"],
        clockSkewSeconds: 0,
        rules: [{
          when: { groups: ["ops"] },
          scopes: ["admin"],
          scopesFrom: null,
          patterns: EVERY_ID,
        }],
      },
      adminKey: ADMIN_KEY,
      publicUrl: "https://watts.example",
    },
    limits: {
      trustedProxies: 2,
      requestRate: { perSecond: 20, burst: 50 },
      maxUploads: 8,
      maxUploadBytes: 1_000_000,
      uploadBytesAtOnce: 3_000_000,
    },
    corsOrigins: ["https://app.example", "http://localhost:5173"],
    kvPath: ":memory:",
    fileStore: "s3://artifacts.example/open/watts",
    kvFilesMaxBytes: 5_000_000_000,
    s3: {
      endpoint: "http://127.0.0.1:9000",
      region: "eu-central-1",
      bucket: "exports-2",
      prefix: "my/exports_1",
      credentials: {
        kind: "keys",
        accessKeyId: "AKIA",
        secretAccessKey: "wJal/+=",
        sessionToken: "FwoG/+=",
      },
      encryption: { algorithm: "aws:kms", kmsKeyId: "arn:aws:kms:eu-central-1:1:key/a" },
    },
    storeDataDir: "/srv/stores",
    demoData: false,
    workerConcurrency: 64,
    workerThreads: 2,
    fileRetentionMs: 1_800_000,
    jobRetentionMs: 3650 * 24 * 3_600_000,
    offlineAfterMs: 1_000,
    lineProtocolIdTags: ["device_id", "name", "host"],
    staleAfterMs: 5_400_000,
    acceptedTimes: { oldestMs: 1_577_836_800_000, futureToleranceMs: 0 },
    accountLimits: {
      jobsWaiting: 500,
      jobsRunning: 2,
      storedReadings: 9_007_199_254_740_991,
      fileBytes: 1_000_000_000,
    },
    rateLimit: { requests: 25, windowMs: 60_000 },
    retention: {
      days: 730,
      daysByProfile: new Map([["battery", 90], ["site", 365], ["meter", null]]),
      auditDays: 36_500,
    },
    continuous: DEFAULTS.continuous,
    webhooks: { isOn: false, allowPrivate: true },
    delivery: {
      mail: {
        server: {
          host: "mail.example.com",
          port: 465,
          security: "tls",
          login: { user: "energy@example.com", password: "p/@ss" },
        },
        sender: { name: "OpenWatts", address: "energy@example.com" },
      },
      folder: "/srv/delivered",
      buckets: ["s3://accounting/energy", "s3://grid"],
    },
    publicStatus: { stores: ["shop-*", "101"], devices: ["roof"] },
    role: "worker",
    graceMs: 45_000,
    logLevel: "debug",
  });
});

Deno.test("readSettings() counts an empty variable as not set", () => {
  const names = ["HOST", "PORT", "KV_PATH", "FILE_STORE", "DEMO_DATA", "WORKER_CONCURRENCY"];
  names.push("FILE_RETENTION_HOURS", "JOB_RETENTION_DAYS", "OFFLINE_AFTER_SECONDS", "ROLE");
  names.push("LOG_LEVEL");
  for (const blank of ["", "  "]) {
    const environment = Object.fromEntries(names.map((name) => [name, blank]));
    assertEquals(settingsOf({ ...environment, DENO_DEPLOYMENT_ID: blank }), DEFAULTS);
  }
});

Deno.test("readSettings() creates demo data in a new database of this machine, or as DEMO_DATA says", () => {
  const open = { ALLOW_ANONYMOUS: "true" };
  for (const HOST of ["127.0.0.1", "localhost", "::1"]) {
    assertEquals(settingsOf({ HOST }).demoData, "if_new");
  }
  for (const HOST of ["0.0.0.0", "::", "192.0.2.1"]) {
    assertEquals(settingsOf({ ...open, HOST }).demoData, false);
    assertEquals(settingsOf({ ...open, HOST, DEMO_DATA: "true" }).demoData, true);
  }
  assertEquals(settingsOf({ DEMO_DATA: "true" }).demoData, true);
  assertEquals(settingsOf({ DEMO_DATA: "false" }).demoData, false);
});

Deno.test("readSettings() puts database, files and objects into DATA_DIR unless they have a place", () => {
  const { kvPath, fileStore, continuous: { path } } = settingsOf({ DATA_DIR: "/srv/watts/" });
  assertEquals([kvPath, fileStore, path], [
    "/srv/watts/kv.sqlite3",
    "/srv/watts/files",
    "/srv/watts/lake",
  ]);
  const own = settingsOf({ DATA_DIR: "/srv/watts", FILE_STORE: "files", KV_PATH: ":memory:" });
  assertEquals([own.kvPath, own.fileStore], [":memory:", "files"]);
});

Deno.test("readSettings() reports all problems at once, each with name, rule and value", () => {
  const problems = problemsOf({
    HOST: "my host",
    PORT: "65536",
    KV_PATH: "redis://localhost",
    FILE_STORE: "s3://my_bucket",
    DEMO_DATA: "yes",
    WORKER_CONCURRENCY: "0",
    FILE_RETENTION_HOURS: "0",
    JOB_RETENTION_DAYS: "-1",
    OFFLINE_AFTER_SECONDS: "0",
    ROLE: "boss",
    LOG_LEVEL: "loud",
    S3_ENDPOINT: "localhost:9000",
    S3_REGION: "eu west",
    S3_BUCKET: "Exports",
    S3_PREFIX: "/exports",
    AWS_ACCESS_KEY_ID: "a b",
    AWS_SECRET_ACCESS_KEY: "hush hush",
  });
  assertEquals(problems, [
    'HOST must be a host name or IP address: "my host"',
    'PORT must be a whole number of 0 to 65535: "65536"',
    'KV_PATH must be a file path, :memory: or an http(s) URL: "redis://localhost"',
    'FILE_STORE must be a folder path, s3://BUCKET/PATH, or kv: for the database: "s3://my_bucket"',
    'DEMO_DATA must be true or false: "yes"',
    'WORKER_CONCURRENCY must be a whole number of 1 to 64: "0"',
    'FILE_RETENTION_HOURS must be a number above 0, at most 87600: "0"',
    'JOB_RETENTION_DAYS must be a number above 0, at most 3650: "-1"',
    'OFFLINE_AFTER_SECONDS must be a whole number of 1 to 31536000: "0"',
    'ROLE must be all, api or worker: "boss"',
    'LOG_LEVEL must be debug, info, warn, error: "loud"',
    'S3_ENDPOINT must be an http(s) URL of a host, optionally with a path: "localhost:9000"',
    'S3_REGION must be a region name: a-z 0-9 and -: "eu west"',
    'S3_BUCKET must be a bucket name: 3 to 63 characters of a-z 0-9 . and -: "Exports"',
    'S3_PREFIX must be empty, or a path of names of A-Z a-z 0-9 _ . = and -, without a slash at either end: "/exports"',
    "AWS_ACCESS_KEY_ID must be the id of an access key, without spaces: (not shown)",
    "AWS_SECRET_ACCESS_KEY must be the secret of an access key, without spaces: (not shown)",
  ]);
});

Deno.test("readSettings() says what is wrong with days of retention", () => {
  const rule = "must be a whole number of 1 to 36500";
  assertEquals(problemsOf({ RETENTION_DAYS: "0", AUDIT_RETENTION_DAYS: "36501" }), [
    `RETENTION_DAYS ${rule}: "0"`,
    `AUDIT_RETENTION_DAYS ${rule}: "36501"`,
  ]);
  for (
    const wrong of [
      "battery",
      "battery=",
      "battery=x",
      "Battery=1",
      "=1",
      "a=1,a=2",
      "a=1=2",
      "a=0",
    ]
  ) {
    assertEquals(problemsOf({ RETENTION_DAYS_BY_PROFILE: wrong }), [
      "RETENTION_DAYS_BY_PROFILE must be profiles with a whole number of 1 to 36500 or forever, " +
      `separated by commas, such as battery=90,meter=forever: "${wrong}"`,
    ]);
  }
});

Deno.test("readSettings() limits requests where other machines can connect, unless it is set", () => {
  const rateOf = (more: Record<string, string>) => settingsOf(more).limits.requestRate;
  const usual = { perSecond: 100, burst: 1000 };
  assertEquals(rateOf({}), null);
  assertEquals(rateOf({ HOST: "0.0.0.0", ALLOW_ANONYMOUS: "true" }), usual);
  assertEquals(rateOf({ AUTH: "keys" }), usual);
  assertEquals(rateOf({ AUTH: "keys", REQUESTS_PER_SECOND: "0" }), null);
  assertEquals(rateOf({ REQUESTS_PER_SECOND: "3" }), { perSecond: 3, burst: 30 });
});

Deno.test("readSettings() requires an access key if S3 is used, and only then", () => {
  const missing = (name: string) =>
    `${name} must be set, as FILE_STORE, S3_BUCKET or DELIVERY_BUCKETS uses S3`;
  const both = [missing("AWS_ACCESS_KEY_ID"), missing("AWS_SECRET_ACCESS_KEY")];
  assertEquals(problemsOf({ FILE_STORE: "s3://files" }), both);
  assertEquals(problemsOf({ S3_BUCKET: "exports", PORT: "x" }).slice(1), both);
  assertEquals(problemsOf({ S3_BUCKET: "exports", AWS_ACCESS_KEY_ID: "A" }), [both[1]]);
  assertEquals(settingsOf({ S3_ENDPOINT: "http://s3.local", S3_PREFIX: "a" }).s3.prefix, "a");
});

Deno.test("readSettings() rejects each of these values", () => {
  const wrong: Record<string, string[]> = {
    HOST: ["http://localhost", "a/b", "ä"],
    CORS_ORIGINS: [
      "app.example",
      "https://*.example",
      "*, https://a.example",
      "https://a.example/path",
      "https://a.example?x",
      "https://u@a.example",
      "https://a b",
      "ftp://a.example",
      "null",
      "https://",
    ],
    PORT: ["-1", "1.5", "80 ", "0x50", "1e3", "eighty", "99999999999999999999"],
    KV_PATH: ["ftp://x", "file:///x", "https://"],
    KV_FILES_MAX_BYTES: ["1048575", "1099511627777", "1GB", "-1"],
    // Files of continuous export are read by other programs, so they are never in the database.
    LAKE_PATH: ["kv:"],
    FILE_STORE: [
      "kv:files",
      "kv://",
      "KV:",
      "s3:bucket",
      "s3://",
      "s3://Bucket",
      "s3://b1",
      "s3://abc/../x",
    ],
    S3_ENDPOINT: [
      "s3.local",
      "ftp://x",
      "http://",
      "http://a b",
      "http://u:p@host",
      "http://h?a=b",
    ],
    S3_BUCKET: ["ab", "-abc", "abc-", "a/b/c", "a".repeat(64)],
    S3_PREFIX: ["a/", "/a", "a//b", ".", "a/..", "a b"],
    TRUST_PROXY: ["17", "-1", "true"],
    REQUESTS_PER_SECOND: ["1000001", "0.5"],
    REQUESTS_BURST: ["0"],
    MAX_UPLOADS: ["0", "10001"],
    MAX_UPLOAD_BYTES: ["65535", "1GB"],
    UPLOAD_BYTES_AT_ONCE: ["0"],
    DATA_DIR: ["s3://data"],
    DEMO_DATA: ["TRUE", "1", "no"],
    WORKER_CONCURRENCY: ["65", "2.5", "-4", "many"],
    WORKER_THREADS: ["65", "-1", "all"],
    FILE_RETENTION_HOURS: ["87601", "-1", "1e2", "Infinity", "0.0", ".5", "7d"],
    JOB_RETENTION_DAYS: ["3650.1", "0", "NaN"],
    LINE_PROTOCOL_ID_TAGS: [","],
    STALE_AFTER_HOURS: ["8761", "0", "-1", "1h"],
    FUTURE_TOLERANCE_SECONDS: ["31536001", "-1", "0.5", "5m"],
    OLDEST_READING: ["1969-12-31", "2000-02-30", "2000", "yesterday", "946684800"],
    OFFLINE_AFTER_SECONDS: ["31536001", "1.5", "-1", "10m"],
    ROLE: ["ALL", "api,worker"],
    LOG_LEVEL: ["INFO", "trace"],
  };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      const keys = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
      const problems = problemsOf({ ...keys, [name]: value });
      assertEquals(problems.length, 1);
      assert(problems[0].startsWith(`${name} must be `), problems[0]);
      assert(problems[0].endsWith(`: ${JSON.stringify(value)}`), problems[0]);
    }
  }
});

Deno.test("readSettings() accepts each of these values", () => {
  const right: Record<string, string[]> = {
    HOST: ["::1", "localhost"],
    PORT: ["0", "65535", "08080"],
    KV_PATH: ["kv.sqlite3", "./a b/kv", "/abs/kv", "C:\\kv\\db", "http://localhost:4512"],
    KV_FILES_MAX_BYTES: ["1048576", "1099511627776"],
    FILE_STORE: [
      "kv:",
      "files",
      "../files",
      "D:\\files",
      "s3://abc",
      "s3://abc/",
      "s3://abc/d=1/..e/",
    ],
    S3_ENDPOINT: ["https://s3.eu-west-1.amazonaws.com", "http://[::1]:9000", "http://h/base/"],
    S3_BUCKET: ["abc", "a.b-c", "a".repeat(63)],
    S3_PREFIX: ["a", "a/b=1/c.d", "..a"],
    WORKER_CONCURRENCY: ["1", "64"],
    WORKER_THREADS: ["0", "64"],
    FILE_RETENTION_HOURS: ["87600", "0.01"],
    OFFLINE_AFTER_SECONDS: ["1", "31536000"],
    STALE_AFTER_HOURS: ["8760", "0.25"],
    ROLE: ["all", "api", "worker"],
    LOG_LEVEL: ["debug", "info", "warn", "error"],
  };
  for (const [name, values] of Object.entries(right)) {
    const keys = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
    for (const value of values) settingsOf({ ...keys, [name]: value });
  }
});

Deno.test("the metrics cannot have the port of the service, unless any free one is asked for", () => {
  const problem = ["METRICS_PORT must be another port than PORT, or not be set: 9464"];
  assertEquals(readSettings({ PORT: "9464", METRICS_PORT: "9464" }), { problems: problem });
  assert("settings" in readSettings({ PORT: "0", METRICS_PORT: "0" }));
});
