import {
  neededPermissions,
  permissionFlags,
  permissionProblems,
  type Permissions,
} from "../../data/permissions.ts";
import { readSettings, SETTING_NAMES } from "../../data/settings.ts";
import { assert, assertEquals } from "../support/assert.ts";

const PLACE = {
  folder: "/opt/openwatts",
  codeFolder: "/opt/openwatts",
  packageFolders: ["/cache/redoc"],
};
const ALWAYS_READ = ["/opt/openwatts", "/cache/redoc"];
const AWS = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };

function neededOf(environment: Record<string, string>, place = PLACE): Permissions {
  const result = readSettings(environment);
  assert("settings" in result, JSON.stringify(result));
  return neededPermissions(result.settings, place);
}

Deno.test("webhooks need every host, because users name theirs while the service runs", () => {
  assertEquals(neededOf({}).net, null);
  assertEquals(neededOf({ WEBHOOKS: "on", ROLE: "worker" }).net, null);
});

Deno.test("without webhooks, the settings need one address, the data folder, and to read the code", () => {
  const written = [
    ".openwatts/kv.sqlite3",
    ".openwatts/kv.sqlite3.lock",
    ".openwatts",
    ".openwatts/files",
    ".openwatts/lake",
  ];
  assertEquals(neededOf({ WEBHOOKS: "off" }), {
    net: ["127.0.0.1:8000"],
    read: [".env", ...written, ...ALWAYS_READ],
    write: written,
    env: [...SETTING_NAMES, "DENO_KV_ACCESS_TOKEN"],
    sys: ["statfs", "getPriority", "setPriority"],
  });
});

Deno.test("only workers give way, and only what listens looks at the disk", () => {
  assertEquals(neededOf({ ROLE: "worker" }).sys, ["getPriority", "setPriority"]);
  assertEquals(neededOf({ WORKER_THREADS: "0" }).sys, ["statfs"]);
  assertEquals(neededOf({ ROLE: "worker", WORKER_THREADS: "0" }).sys, []);
});

Deno.test("each place that settings name is needed, and no other", () => {
  const net = (environment: Record<string, string>) =>
    neededOf({ WEBHOOKS: "off", ...environment }).net;
  assertEquals(net({ HOST: "::1", PORT: "0" }), ["[::1]:0"]);
  assertEquals(net({ HOST: "0.0.0.0", AUTH: "keys" }), ["0.0.0.0:8000"]);
  assertEquals(net({ ROLE: "worker" }), []);
  assertEquals(net({ ROLE: "worker", METRICS_PORT: "9464" }), ["127.0.0.1:9464"]);
  assertEquals(net({ METRICS_PORT: "9464" }), ["127.0.0.1:8000", "127.0.0.1:9464"]);
  const own = "127.0.0.1:8000";
  assertEquals(net({ KV_PATH: "http://kv:4512" }), [own, "kv:4512"]);
  // Its API names other hosts, which serve the database.
  assertEquals(net({ KV_PATH: "https://api.deno.com/databases/1/connect" }), null);
  assertEquals(net({ ...AWS, FILE_STORE: "s3://files/x" }), [
    own,
    "files.s3.us-east-1.amazonaws.com:443",
  ]);
  assertEquals(net({ ...AWS, FILE_STORE: "s3://files", S3_ENDPOINT: "http://127.0.0.1:9000/" }), [
    own,
    "127.0.0.1:9000",
  ]);
  // InfluxDB is asked only while continuous export is on. Deletions need its bucket at all times.
  const lake = { ...AWS, S3_BUCKET: "lake", INFLUXDB_URL: "https://influx", INFLUXDB_BUCKET: "b" };
  assertEquals(net(lake), [own, "lake.s3.us-east-1.amazonaws.com:443"]);
  assertEquals(net({ ...lake, CONTINUOUS_EXPORT: "on" }), [
    own,
    "lake.s3.us-east-1.amazonaws.com:443",
    "influx:443",
  ]);
  const oidc = { AUTH: "oidc", OIDC_AUDIENCE: "a", OIDC_ISSUER: "https://login.example/realm" };
  assertEquals(net(oidc), [own, "login.example:443"]);
  assertEquals(net({ ...oidc, OIDC_JWKS_URL: "https://keys.example:8443/" }), [
    own,
    "keys.example:8443",
  ]);
});

Deno.test("deliveries need their folder, their buckets and the mail server, where jobs run", () => {
  const neededWith = (environment: Record<string, string>) =>
    neededOf({ WEBHOOKS: "off", ...environment });
  const folder = neededWith({ DELIVERY_PATH: "/srv/delivered" });
  assert(folder.write.includes("/srv/delivered") && folder.read.includes("/srv/delivered"));
  const buckets = { ...AWS, DELIVERY_BUCKETS: "s3://grid/files,s3://accounting" };
  assertEquals(neededWith(buckets).net?.slice(1), [
    "grid.s3.us-east-1.amazonaws.com:443",
    "accounting.s3.us-east-1.amazonaws.com:443",
  ]);
  const mail = (url: string) => ({
    SMTP_URL: url,
    MAIL_FROM: "a@example.com",
    PUBLIC_URL: "https://watts.example",
  });
  assertEquals(neededWith(mail("smtp://127.0.0.1:25?tls=off")).net?.slice(1), ["127.0.0.1:25"]);
  assertEquals(neededWith(mail("smtp://[::1]")).net?.slice(1), ["[::1]:587"]);
  // The addresses of a name are looked up while the service runs.
  assertEquals(neededWith(mail("smtp://mail.example.com")).net, null);
  const api = { ...mail("smtp://mail.example.com"), ROLE: "api" };
  assertEquals(neededWith(api).net, ["127.0.0.1:8000"]);
});

Deno.test("credentials of S3 need their endpoint or their file", () => {
  const s3 = { WEBHOOKS: "off", FILE_STORE: "s3://files", S3_ENDPOINT: "http://s3:9000" };
  const roles = {
    ...s3,
    AWS_WEB_IDENTITY_TOKEN_FILE: "/var/run/token",
    AWS_ROLE_ARN: "arn:aws:iam::1:role/a",
  };
  const identity = neededOf(roles);
  assertEquals(identity.net?.slice(2), ["sts.us-east-1.amazonaws.com:443"]);
  assert(identity.read.includes("/var/run/token"));
  assert(!identity.write.includes("/var/run/token"));
  const container = neededOf({
    ...s3,
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/v2/credentials/1",
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: "/var/run/authorization",
  });
  assertEquals(container.net?.slice(2), ["169.254.170.2:80"]);
  assert(container.read.includes("/var/run/authorization"));
  const file = neededOf({ ...s3, AWS_SHARED_CREDENTIALS_FILE: "/etc/aws" });
  assertEquals(file.net?.slice(2), []);
  assert(file.read.includes("/etc/aws"));
});

Deno.test("paths are written only where data goes: never the folder of the code", () => {
  const write = (environment: Record<string, string>) => neededOf(environment).write;
  const files = { FILE_STORE: "/srv/files", LAKE_PATH: "/srv/lake" };
  const data = ["/srv/files", "/srv/lake"];
  const kv = (path: string) => [path, `${path}.lock`];
  assertEquals(write({ ...files, KV_PATH: ":memory:" }), data);
  assertEquals(write({ ...files, KV_PATH: "/srv/kv" }), [...kv("/srv/kv"), "/srv", ...data]);
  for (const path of ["kv", "./kv", "/opt/openwatts/kv", "/opt/kv", "/kv", "../kv"]) {
    assertEquals(write({ ...files, KV_PATH: path }), [...kv(path), ...data], path);
  }
  const inCode = "/opt/openwatts/data/kv";
  assertEquals(write({ ...files, KV_PATH: inCode }), [...kv(inCode), ...data]);
  const below = "/opt/openwatts/store/kv";
  assertEquals(write({ ...files, KV_PATH: below }), [
    ...kv(below),
    "/opt/openwatts/store",
    ...data,
  ]);
  assertEquals(write({ ...files, FILE_STORE: "kv:", KV_PATH: ":memory:" }), ["/srv/lake"]);
  const stores = neededOf({ STORE_DATA_DIR: "/srv/stores" });
  assert(stores.read.includes("/srv/stores"));
  assert(!stores.write.includes("/srv/stores"));
});

Deno.test("a start is refused where flags would grant the code or the whole disk", () => {
  const problemsOf = (environment: Record<string, string>, place = PLACE) => {
    const result = readSettings(environment);
    assert("settings" in result, JSON.stringify(result));
    return permissionProblems(result.settings, place);
  };
  const holds = (path: string) => [`${path} holds the code, so the service cannot write there`];
  const spaced = "has a space or comma, so";
  assertEquals(problemsOf({}), []);
  for (const path of [".", "..", "/opt", "/", "data", "/opt/openwatts/kv", "./routes"]) {
    assertEquals(problemsOf({ FILE_STORE: path }), holds(path), path);
    assertEquals(problemsOf({ LAKE_PATH: path }), holds(path), path);
  }
  for (const path of ["files", "data/files", "/opt/files", "..files", "../files", "my/files"]) {
    assertEquals(problemsOf({ FILE_STORE: path }), [], path);
  }
  assertEquals(problemsOf({ KV_PATH: "/my data/kv" }), [
    `/my data/kv ${spaced} the whole disk would be granted`,
    `/my data/kv.lock ${spaced} the whole disk would be granted`,
    `/my data ${spaced} the whole disk would be granted`,
  ]);
  assertEquals(problemsOf({ STORE_DATA_DIR: "/a,b" }), [
    `/a,b ${spaced} the whole disk would be granted`,
  ]);
  assertEquals(problemsOf({ FILE_STORE: "my files" }), [
    `my files ${spaced} /opt/openwatts would be granted, which holds the code`,
  ]);
  assertEquals(problemsOf({ FILE_STORE: "/srv/my files", STORE_DATA_DIR: "my stores" }), []);
  // The code itself may be in such a folder: from there, it is read as the current one.
  const folder = "/my watts";
  assertEquals(problemsOf({}, { ...PLACE, folder, codeFolder: folder }), []);
});

Deno.test("flags have no spaces or stray commas; the folder around such a path stands for it", () => {
  const needed = { net: ["127.0.0.1:8000"], write: [], env: ["HOST", "HOST"], sys: ["statfs"] };
  const flagsOf = (...read: string[]) =>
    permissionFlags({ ...needed, read }, "/opt/my watts").find((flag) => flag.includes("read"));
  assertEquals(permissionFlags({ ...needed, read: ["a", "/b"] }, "/opt"), [
    "--allow-net=127.0.0.1:8000",
    "--allow-read=a,/b",
    "--allow-env=HOST",
    "--allow-sys=statfs",
  ]);
  assertEquals(flagsOf("/srv/my data/kv", "/srv/a,b/c"), "--allow-read=/srv");
  assertEquals(flagsOf("/my data/kv"), "--allow-read=/");
  // Below the current folder, the relative path may do without the space.
  assertEquals(flagsOf("/opt/my watts/data"), "--allow-read=data");
  assertEquals(flagsOf("/opt/my watts"), "--allow-read=.");
  assertEquals(flagsOf("my data"), "--allow-read=/opt");
  assertEquals(permissionFlags({ ...needed, net: null, read: [] }, "/opt"), [
    "--allow-net",
    "--allow-env=HOST",
    "--allow-sys=statfs",
  ]);
});
