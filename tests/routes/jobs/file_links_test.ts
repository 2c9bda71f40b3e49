import { type Caller, createCaller } from "../../../data/access/caller.ts";
import type { LinkMaker } from "../../../data/access/link.ts";
import type { JobRecord } from "../../../jobs/engine/jobs.ts";
import { claimed, completed, expired } from "../../../jobs/engine/transitions.ts";
import { STORE_REPORT } from "../../../jobs/stores/report_contract.ts";
import type { AppDeps } from "../../../routes/app.ts";
import { UNKNOWN_MAKER } from "../../../routes/access/links.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { openApiOf } from "../../support/openapi.ts";
import { createTestApp, exportJob, JOB_ID } from "../app_fixture.ts";
import { NOW_MS } from "../exports/export_example.ts";

const TEXT = "timestamp,power_kw\n2024-01-01T00:00:00Z,1\n";
const DAY_S = 86_400;

const exported = completed(claimed(exportJob(), "owner", NOW_MS), NOW_MS, {
  artifact: {
    name: "file",
    filename: "january.csv",
    contentType: "text/csv",
    sizeBytes: TEXT.length,
    sha256: "0".repeat(64),
  },
  result: { recordCount: 1, missingIntervals: null },
  fileExpiresMs: NOW_MS + 365 * DAY_S * 1_000,
});
const reported: JobRecord = {
  ...exported,
  kind: STORE_REPORT,
  params: { asOfMs: null, maxHoldMs: null },
  result: { storeCount: 1 },
};

/** An app with one job, a clock, and makers of links that a test changes. */
interface Rig extends Disposable {
  job: JobRecord | null;
  maker: Caller | null;
  readonly asked: LinkMaker[];
  later(seconds: number): void;
  /** Makes a link; returns its address. */
  link(body?: unknown, path?: string): Promise<string>;
  ask(
    url: string,
    init?: RequestInit,
  ): Promise<{ status: number; code: string; response: Response; text: string }>;
}

const MAKE = `http://watts.local:8000/api/exports/${JOB_ID}/link`;
const MAKE_REPORT = `http://watts.local:8000/api/reports/${JOB_ID}/link`;

async function makeRig(
  changes: Partial<AppDeps> = {},
  publicUrl: string | null = null,
): Promise<Rig> {
  const kv = await Deno.openKv(":memory:");
  let nowMs = NOW_MS;
  const now = () => nowMs;
  const files: AppDeps["files"] = {
    read: (_name, range) =>
      Promise.resolve(
        new Blob([TEXT.slice(range?.start ?? 0, range?.end ?? TEXT.length)]).stream(),
      ),
  };
  const findMaker = (maker: LinkMaker) => {
    rig.asked.push(maker);
    return rig.maker;
  };
  const { jobs, ...others } = changes;
  const { app } = createTestApp({
    now,
    files,
    jobs: {
      get: (id) => Promise.resolve(id === JOB_ID ? rig.job : null),
      waitForEnd: (job) => Promise.resolve(job),
      list: () => Promise.resolve({ jobs: [], next: null }),
      watch: async function* () {},
      cancel: () => Promise.resolve(false),
      remove: () => Promise.resolve(false),
      create: () => Promise.resolve(exported),
      ...jobs,
    },
    links: { kv, now, publicUrl, findMaker },
    ...others,
  });
  const rig: Rig = {
    job: exported,
    maker: UNKNOWN_MAKER,
    asked: [],
    later: (seconds) => nowMs += seconds * 1_000,
    async link(body, path = MAKE) {
      const { text, status } = await rig.ask(path, jsonRequest(body));
      assertEquals(status, 200, text);
      return JSON.parse(text).url;
    },
    async ask(url, init) {
      const response = await app.request(url, init);
      const text = await response.text();
      const isProblem = response.headers.get("content-type") === "application/problem+json";
      const code = isProblem && text !== "" ? JSON.parse(text).code : "";
      return { status: response.status, code, response, text };
    },
    [Symbol.dispose]: () => kv.close(),
  };
  return rig;
}

function jsonRequest(body: unknown): RequestInit {
  return body === undefined ? { method: "POST" } : {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
}

Deno.test("a link downloads the file without a key, whole, in ranges and as HEAD", async () => {
  using rig = await makeRig({ authenticators: null });
  const url = await rig.link();
  assertMatch(
    url,
    /^http:\/\/watts\.local:8000\/api\/links\/exports\/[0-9a-f-]{36}\?expires=\d+&by=anyone&signature=[0-9a-f]{64}$/,
  );
  const whole = await rig.ask(url);
  assertEquals([whole.status, whole.text], [200, TEXT]);
  assertEquals(
    whole.response.headers.get("content-disposition"),
    'attachment; filename="january.csv"',
  );
  const part = await rig.ask(url, { headers: { range: "bytes=10-17" } });
  assertEquals([part.status, part.text], [206, "power_kw"]);
  const head = await rig.ask(url, { method: "HEAD" });
  assertEquals([head.status, head.text], [200, ""]);
  assertEquals(head.response.headers.get("content-length"), String(TEXT.length));
  assertEquals((await rig.ask(url, { method: "POST" })).status, 405);
});

Deno.test("the answers that make and use links are as documented", async () => {
  using rig = await makeRig();
  const document = await createTestApp().app.request("/openapi.json");
  const api = openApiOf(await document.json());
  const make = await rig.ask(MAKE, jsonRequest({ expires_in: 60 }));
  const { response, text } = make;
  api.assertAllowed("makeExportLink", { status: 200, headers: response.headers, text });
  const url = JSON.parse(text).url;
  for (
    const [address, status] of [[url, 200], [`${url}0`, 403], [url.slice(0, -1), 403]] as const
  ) {
    const answer = await rig.ask(address);
    assertEquals(answer.status, status);
    api.assertAllowed("downloadLinkedExport", {
      status,
      headers: answer.response.headers,
      text: answer.text,
    });
  }
  rig.later(61);
  const late = await rig.ask(url);
  api.assertAllowed("downloadLinkedExport", {
    status: late.status,
    headers: late.response.headers,
    text: late.text,
  });
  assertEquals(late.code, "LINK_EXPIRED");
});

Deno.test("a link with any one byte changed, removed or added is refused", async () => {
  using rig = await makeRig();
  const url = await rig.link();
  const start = url.indexOf("/api/") + 1;
  let tried = 0;
  for (let at = start; at <= url.length; at++) {
    const [before, here, after] = [url.slice(0, at), url[at] ?? "", url.slice(at + 1)];
    const others = ["0", "f", "F", "/", "&", "%", "=", "."].filter((other) => other !== here);
    const changed = [
      ...(here === "" ? [] : [before + after, ...others.map((other) => before + other + after)]),
      ...others.map((other) => before + other + here + after),
    ];
    for (const address of changed) {
      // A URL drops these before it is sent.
      if (!URL.canParse(address) || new URL(address).href === url) continue;
      const { status, text } = await rig.ask(address);
      assert([403, 404, 405].includes(status), `${address}: ${status} ${text}`);
      tried++;
    }
  }
  assert(tried > 2_000, String(tried));
  assertEquals((await rig.ask(url)).status, 200);
});

Deno.test("a link holds for no other export, no other maker, and no later time", async () => {
  using rig = await makeRig();
  const url = await rig.link();
  const other = "00000000-0000-4000-8000-000000000000";
  const wrong = [
    url.replace(JOB_ID, other),
    url.replace("/exports/", "/reports/"),
    url.replace("by=anyone", "by=oidc"),
    url.replace("by=anyone", "by=key-abc"),
    url.replace(/expires=\d+/, "expires=4102444800"),
    url.replace(/signature=\w+/, `signature=${"0".repeat(64)}`),
    `${url}&expires=4102444800`,
    url.replace("?", "?expires=4102444800&"),
    url.toUpperCase().replace(
      "HTTP://WATTS.LOCAL:8000/API/LINKS/EXPORTS",
      url.split(JOB_ID)[0].slice(0, -1),
    ),
    `${url}&x=1`,
    url.split("?")[0],
  ];
  for (const address of wrong) {
    const { status, code } = await rig.ask(address);
    assertEquals([status, code], [403, "LINK_INVALID"], address);
  }
});

Deno.test("a link of another service is refused, as is one whose secret is gone", async () => {
  using rig = await makeRig();
  using other = await makeRig();
  const foreign = await other.link();
  assertEquals((await rig.ask(foreign)).code, "LINK_INVALID");
  await rig.link();
  assertEquals((await rig.ask(foreign)).code, "LINK_INVALID");
});

Deno.test("a link is valid for an hour, or for expires_in seconds, through its last second", async () => {
  using rig = await makeRig();
  for (
    const [body, seconds] of [[undefined, 3_600], [{}, 3_600], [{ expires_in: 1 }, 1]] as const
  ) {
    const { text } = await rig.ask(MAKE, jsonRequest(body));
    const { url, expires_at: expiresAt } = JSON.parse(text);
    rig.later(seconds);
    assertEquals((await rig.ask(url)).status, 200);
    rig.later(1);
    const late = await rig.ask(url);
    assertEquals([late.status, late.code], [403, "LINK_EXPIRED"]);
    assertEquals(JSON.parse(late.text).detail, `The link was valid until ${expiresAt}`);
    assertEquals((await rig.ask(url, { method: "HEAD" })).status, 403);
  }
});

Deno.test("expires_in is a whole number of seconds of at most seven days", async () => {
  using rig = await makeRig();
  await rig.link({ expires_in: 604_800 });
  assertEquals((await rig.ask(MAKE, jsonRequest(null))).status, 400);
  for (const value of [0, -1, 604_801, 1.5, "60", null]) {
    const { status, text } = await rig.ask(MAKE, jsonRequest({ expires_in: value }));
    assertEquals(status, 400, String(value));
    assertEquals(JSON.parse(text).errors[0].pointer, "/expires_in");
    assertEquals(JSON.parse(text).detail, "expires_in must be a whole number of 1 to 604800");
  }
  const unknown = await rig.ask(MAKE, jsonRequest({ expires: 60 }));
  assertEquals(JSON.parse(unknown.text).detail, "Unknown property 'expires'");
});

Deno.test("every link lasts as long as it says while secrets rotate, and no secret signs after that", async () => {
  using rig = await makeRig();
  const week = { expires_in: 7 * DAY_S };
  const first = await rig.link(week);
  // The last second in which the first secret signs, and the last one of its first link.
  rig.later(7 * DAY_S);
  const last = await rig.link(week);
  assertEquals((await rig.ask(first)).status, 200);
  rig.later(1);
  const second = await rig.link(week);
  rig.later(7 * DAY_S - 1);
  assertEquals((await rig.ask(last)).status, 200);
  assertEquals((await rig.ask(second)).status, 200);
  rig.later(2);
  assertEquals((await rig.ask(last)).code, "LINK_EXPIRED");
  // With a third secret, the first one is forgotten.
  await rig.link(week);
  assertEquals((await rig.ask(last)).code, "LINK_INVALID");
  assertEquals((await rig.ask(second)).code, "LINK_EXPIRED");
});

Deno.test("a link behaves like its file: deleted, expired, of an export that is not ready", async () => {
  using rig = await makeRig();
  const url = await rig.link();
  rig.job = null;
  assertEquals([(await rig.ask(url)).status, (await rig.ask(url)).code], [404, "JOB_NOT_FOUND"]);
  assertEquals((await rig.ask(MAKE, { method: "POST" })).code, "JOB_NOT_FOUND");
  rig.job = expired(exported, NOW_MS, NOW_MS + DAY_S);
  assertEquals([(await rig.ask(url)).status, (await rig.ask(url)).code], [410, "EXPORT_EXPIRED"]);
  assertEquals((await rig.ask(MAKE, { method: "POST" })).code, "EXPORT_EXPIRED");
  rig.job = exportJob();
  assertEquals((await rig.ask(MAKE, { method: "POST" })).code, "EXPORT_NOT_READY");
  rig.job = reported;
  assertEquals((await rig.ask(url)).code, "JOB_NOT_FOUND");
});

Deno.test("links of reports work as those of exports", async () => {
  using rig = await makeRig();
  rig.job = reported;
  const url = await rig.link(undefined, MAKE_REPORT);
  assertMatch(url, /\/api\/links\/reports\//);
  assertEquals([(await rig.ask(url)).status, (await rig.ask(url)).text], [200, TEXT]);
  assertEquals((await rig.ask(url.replace("&by", "0&by"))).code, "LINK_INVALID");
  rig.job = null;
  assertEquals((await rig.ask(url)).code, "REPORT_NOT_FOUND");
  rig.job = expired(reported, NOW_MS, NOW_MS + DAY_S);
  assertEquals((await rig.ask(url)).code, "REPORT_EXPIRED");
  rig.job = exported;
  assertEquals((await rig.ask(MAKE_REPORT, { method: "POST" })).code, "REPORT_NOT_FOUND");
});

Deno.test("a link ends with who made it, or when they may not see the file any more", async () => {
  const reader = (
    patterns: readonly string[],
    scopes: readonly ("export" | "read")[] = ["export"],
  ) =>
    createCaller({
      owner: "key:abc",
      actor: { kind: "key", id: "abc", name: "reader" },
      scopes,
      patterns: { meter: patterns, device: null, store: null },
    });
  const key = reader(["123"]);
  using rig = await makeRig({ authenticators: [{ authenticate: () => key }] });
  rig.job = { ...exported, owner: "key:abc" };
  const url = await rig.link();
  assertMatch(url, /&by=key-abc&/);
  rig.maker = key;
  assertEquals((await rig.ask(url)).status, 200);
  assertEquals(rig.asked, [{ kind: "key", id: "abc" }]);
  rig.maker = reader(["site-a.*"]);
  assertEquals((await rig.ask(url)).code, "JOB_NOT_FOUND");
  rig.maker = reader(["123"], ["read"]);
  assertEquals((await rig.ask(url)).code, "LINK_INVALID");
  rig.maker = null;
  assertEquals([(await rig.ask(url)).status, (await rig.ask(url)).code], [403, "LINK_INVALID"]);
  // The token of an issuer stands in no link: subjects may be names.
  rig.maker = UNKNOWN_MAKER;
  using signed = await makeRig({
    authenticators: [{ authenticate: () => ({ ...key, owner: "oidc:0123:anna@example.org" }) }],
  });
  signed.job = { ...exported, owner: "oidc:0123:anna@example.org" };
  const byToken = await signed.link();
  assertMatch(byToken, /&by=oidc&/);
  assertEquals((await signed.ask(byToken)).status, 200);
});

Deno.test("DELETE /api/links ends all links; new ones work", async () => {
  using rig = await makeRig();
  const before = [await rig.link(), await rig.link()];
  assertEquals(
    (await rig.ask("http://watts.local:8000/api/links", { method: "DELETE" })).status,
    204,
  );
  for (const url of before) assertEquals((await rig.ask(url)).code, "LINK_INVALID");
  assertEquals((await rig.ask(await rig.link())).status, 200);
});

Deno.test("links begin with PUBLIC_URL where it is set", async () => {
  using rig = await makeRig({}, "https://watts.example");
  const url = await rig.link();
  assert(url.startsWith("https://watts.example/api/links/exports/"), url);
  // Whatever name the service has for the client, the link is the same.
  assertEquals((await rig.ask(url)).status, 200);
  assertEquals(
    (await rig.ask(url.replace("https://watts.example", "http://127.0.0.1:8000"))).status,
    200,
  );
});

Deno.test("first links that are made at once are signed by one secret", async () => {
  using rig = await makeRig();
  const urls = await Promise.all(Array.from({ length: 10 }, () => rig.link()));
  for (const url of urls) assertEquals((await rig.ask(url)).status, 200);
});
