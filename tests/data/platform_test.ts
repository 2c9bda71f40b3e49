import { platformOf } from "../../data/platform.ts";
import { readSettings, type Settings } from "../../data/settings.ts";
import { assert, assertEquals } from "../support/assert.ts";

/** What Deno Deploy sets for an app with a database, and what its user must set. */
const DEPLOY = {
  DENO_DEPLOY: "true",
  DENO_DEPLOYMENT_ID: "f6p9bhnbk7ck",
  DENO_KV_DEFAULT_PATH: "https://api.deno.com/v2/databases/0a1b/connect",
  AUTH: "keys",
  FILE_STORE: "s3://files",
  AWS_ACCESS_KEY_ID: "id",
  AWS_SECRET_ACCESS_KEY: "secret",
};

function settingsOf(environment: Record<string, string>): Settings {
  const result = readSettings(environment);
  assert("settings" in result, JSON.stringify(result));
  return result.settings;
}

function problemsOf(more: Record<string, string>): readonly string[] {
  const result = readSettings({ ...DEPLOY, ...more });
  return "problems" in result ? result.problems : [];
}

Deno.test("platformOf() knows Deno Deploy by each of its two variables", () => {
  assert(platformOf({ DENO_DEPLOY: "true" }).isDeploy);
  assert(platformOf({ DENO_DEPLOY: "1" }).isDeploy);
  assert(platformOf({ DENO_DEPLOYMENT_ID: "f6p9bhnbk7ck" }).isDeploy);
  for (const value of ["", " ", "false", "0"]) {
    assert(!platformOf({ DENO_DEPLOY: value, DENO_DEPLOYMENT_ID: "" }).isDeploy, value);
  }
  assert(!platformOf({}).isDeploy);
});

Deno.test("on Deno Deploy the database of the app is used, jobs have 4 seconds to end, and requests are limited", () => {
  const { isDeploy, kvPath, graceMs, limits, fileStore } = settingsOf(DEPLOY);
  assertEquals({ isDeploy, kvPath, graceMs, fileStore }, {
    isDeploy: true,
    kvPath: null,
    graceMs: 4_000,
    fileStore: "s3://files",
  });
  assertEquals(settingsOf({ ...DEPLOY, FILE_STORE: "" }).fileStore, "kv:");
  assertEquals(limits.requestRate, { perSecond: 100, burst: 1_000 });
  assertEquals(settingsOf({ ...DEPLOY, STOP_GRACE_SECONDS: "2" }).graceMs, 2_000);
  const kvPath2 = "https://kv.example.com/";
  const { DENO_KV_DEFAULT_PATH: _, ...others } = DEPLOY;
  assertEquals(settingsOf({ ...others, KV_PATH: kvPath2 }).kvPath, kvPath2);
});

Deno.test("on Deno Deploy an app without a database, or with one of its own disk, is refused", () => {
  const problem = (shown: string) => [
    "The app has no database: assign a Deno KV database to it in the dashboard of Deno Deploy, " +
    `then deploy again (DENO_KV_DEFAULT_PATH is ${shown})`,
  ];
  assertEquals(problemsOf({ DENO_KV_DEFAULT_PATH: "" }), problem("not set"));
  assertEquals(problemsOf({ DENO_KV_DEFAULT_PATH: "/tmp/kv" }), problem("/tmp/kv"));
  for (const KV_PATH of [":memory:", ".openwatts/kv.sqlite3"]) {
    assertEquals(problemsOf({ KV_PATH }), [
      `KV_PATH must be an http(s) URL on Deno Deploy, or not be set, as an instance's disk goes with it: ${KV_PATH}`,
    ]);
  }
});

Deno.test("on Deno Deploy nothing that must last may be in a folder", () => {
  const lost = "on Deno Deploy, as an instance's disk goes with it";
  assertEquals(problemsOf({ FILE_STORE: "kv:" }), []);
  assertEquals(
    problemsOf({
      FILE_STORE: "./files",
      CONTINUOUS_EXPORT: "on",
      DELIVERY_PATH: "/srv/out",
      STORE_DATA_DIR: "stores",
    }),
    [
      `FILE_STORE must be kv: or s3://BUCKET/PATH ${lost}: ./files`,
      `S3_BUCKET must be set for CONTINUOUS_EXPORT=on ${lost}`,
      `DELIVERY_PATH must not be set ${lost}: /srv/out`,
      `STORE_DATA_DIR must not be set ${lost}: stores`,
    ],
  );
  assertEquals(problemsOf({ CONTINUOUS_EXPORT: "on", S3_BUCKET: "lake" }), []);
});

Deno.test("on Deno Deploy each instance must answer requests, and everyone can reach it", () => {
  assertEquals(problemsOf({ ROLE: "worker" }), [
    "ROLE must be all or api on Deno Deploy, where each instance answers requests: worker",
  ]);
  const [problem, ...others] = problemsOf({ AUTH: "" });
  assert(problem.startsWith("Deno Deploy lets other machines connect, and AUTH is off"), problem);
  assertEquals(others, []);
  assertEquals(problemsOf({ AUTH: "", ALLOW_ANONYMOUS: "true" }), []);
});

Deno.test("what Deno Deploy cannot do is not refused elsewhere", () => {
  const result = readSettings({ DELIVERY_PATH: "/srv/out", ROLE: "worker", KV_PATH: ":memory:" });
  assert("settings" in result);
  assert(!result.settings.isDeploy);
});
