import { AppError } from "../../../data/app_error.ts";
import { createS3Client, type S3Client } from "../../../data/s3/client.ts";
import { createCredentialSource } from "../../../data/s3/credentials.ts";
import type { CredentialSettings } from "../../../data/s3/load_credentials.ts";
import { createLog } from "../../../data/log.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { type IssuedCredentials, startCredentialServer } from "../../support/credential_server.ts";
import { never } from "../../support/file_store_box.ts";
import { startS3Double } from "../../support/s3_double.ts";
import { openS3Box, type S3Server } from "../../support/s3_server.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";

const call = { signal: never };
const HELLO = new TextEncoder().encode("hello");
const MINUTE_MS = 60_000, HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 1, 7, 12);

/** An S3 that accepts one key at a time: the one in `accepted`, with its token. */
async function openStrictS3(): Promise<
  AsyncDisposable & {
    accepted: { id: string; token: string | null };
    requests: number;
    clientOf(credentials: CredentialSettings, now?: () => number): S3Client;
  }
> {
  const state = { accepted: { id: "double", token: null as string | null }, requests: 0 };
  const server: S3Server = startS3Double((id, token) => {
    state.requests++;
    if (id !== state.accepted.id) return "InvalidAccessKeyId";
    return token === state.accepted.token ? null : "ExpiredToken";
  });
  const { bucket } = await openS3Box(server);
  return Object.assign(state, {
    clientOf: (credentials: CredentialSettings, now?: () => number) =>
      createS3Client({
        ...server.access,
        credentials,
        bucket,
        now,
        patience: { retryBaseMs: 1, tries: 3 },
      }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  });
}

Deno.test("a session token is sent with every request, and the signature covers it", async () => {
  await using s3 = await openStrictS3();
  const keys = { kind: "keys", accessKeyId: "ASIA", secretAccessKey: "secret" } as const;
  s3.accepted = { id: "ASIA", token: "token" };
  await s3.clientOf({ ...keys, sessionToken: "token" }).put("a", HELLO, call);
  const without = s3.clientOf({ ...keys, sessionToken: null });
  const error = await assertRejects(() => without.put("a", HELLO, call), AppError);
  assertEquals(error.message, "S3 answered 400 ExpiredToken");
});

Deno.test("a credentials file is read again as soon as S3 rejects the old key, also by HEAD", async () => {
  await using folder = await makeTempFolder();
  await using s3 = await openStrictS3();
  const path = `${folder.path}/credentials`;
  const write = (id: string, token: string) =>
    Deno.writeTextFile(
      path,
      "# comment\n[other]\naws_access_key_id = x\naws_secret_access_key = y\n\n" +
        `[export]\r\naws_access_key_id=${id}\r\n aws_secret_access_key = se/cr+et= \r\n` +
        `AWS_SESSION_TOKEN = ${token}\r\n`,
    );
  const client = s3.clientOf({ kind: "file", path, profile: "export" });
  await write("first", "token+/1=");
  s3.accepted = { id: "first", token: "token+/1=" };
  await client.put("a", HELLO, call);
  await write("second", "token2");
  s3.accepted = { id: "second", token: "token2" };
  await client.put("b", HELLO, call);
  await write("third", "token3");
  s3.accepted = { id: "third", token: "token3" };
  assertEquals((await client.head("b", call))?.sizeBytes, 5);
  // If the file still has the rejected key, one request is enough.
  s3.accepted = { id: "fourth", token: null };
  const before = s3.requests;
  await assertRejects(() => client.put("c", HELLO, call), AppError, "403 InvalidAccessKeyId");
  assertEquals(s3.requests, before + 1);
});

Deno.test("credentials of a container are cached, and renewed five minutes before they expire", async () => {
  await using folder = await makeTempFolder();
  await using s3 = await openStrictS3();
  let nowMs = START_MS, issued = 0;
  await using server = startCredentialServer((): IssuedCredentials => {
    s3.accepted = { id: `ASIA${++issued}`, token: `token${issued}` };
    return {
      accessKeyId: s3.accepted.id,
      sessionToken: `token${issued}`,
      expiresMs: nowMs + HOUR_MS,
    };
  });
  const authorizationFile = `${folder.path}/token`;
  await Deno.writeTextFile(authorizationFile, "first\n");
  const client = s3.clientOf({
    kind: "container",
    url: `${server.url}/v1/credentials`,
    authorization: "ignored",
    authorizationFile,
  }, () => nowMs);
  await Promise.all(["a", "b", "c"].map((key) => client.put(key, HELLO, call)));
  nowMs += 55 * MINUTE_MS - 1;
  await client.put("d", HELLO, call);
  assertEquals(server.requests, [{ path: "/v1/credentials", authorization: "first", form: {} }]);
  // The file rotates too.
  await Deno.writeTextFile(authorizationFile, "second\n");
  nowMs += 1;
  await Promise.all(["e", "f"].map((key) => client.put(key, HELLO, call)));
  assertEquals(server.requests.map(({ authorization }) => authorization), ["first", "second"]);
});

Deno.test("a web identity token is exchanged at STS, and read again for each renewal", async () => {
  await using folder = await makeTempFolder();
  await using s3 = await openStrictS3();
  let nowMs = START_MS, issued = 0;
  await using server = startCredentialServer((): IssuedCredentials => {
    s3.accepted = { id: `ASIA${++issued}`, token: `token${issued}` };
    return {
      accessKeyId: s3.accepted.id,
      sessionToken: `token${issued}`,
      expiresMs: nowMs + HOUR_MS,
    };
  });
  const tokenFile = `${folder.path}/token`;
  await Deno.writeTextFile(tokenFile, "eyJ.one\n");
  const client = s3.clientOf({
    kind: "web_identity",
    tokenFile,
    roleArn: "arn:aws:iam::123456789012:role/openwatts",
    sessionName: "openwatts",
    url: server.url,
  }, () => nowMs);
  await client.put("a", HELLO, call);
  await Deno.writeTextFile(tokenFile, "eyJ.two");
  nowMs += HOUR_MS;
  await client.put("b", HELLO, call);
  assertEquals(
    server.requests.map(({ path, form }) => [path, form]),
    ["one", "two"].map((token) => [
      "/",
      {
        Action: "AssumeRoleWithWebIdentity",
        Version: "2011-06-15",
        RoleArn: "arn:aws:iam::123456789012:role/openwatts",
        RoleSessionName: "openwatts",
        WebIdentityToken: `eyJ.${token}`,
      },
    ]),
  );
});

Deno.test("if renewal fails, the old credentials serve until they expire, and then the error says so", async () => {
  let nowMs = START_MS, isAway = false;
  await using server = startCredentialServer(() =>
    isAway ? null : { accessKeyId: "ASIA", sessionToken: "hush", expiresMs: START_MS + HOUR_MS }
  );
  const url = `${server.url}/role`;
  const source = createCredentialSource(
    { kind: "container", url, authorization: "hush hush", authorizationFile: null },
    { fetch, now: () => nowMs },
  );
  const first = await source.get(never);
  assertEquals(first.expiresMs, START_MS + HOUR_MS);
  isAway = true;
  nowMs += 56 * MINUTE_MS;
  assertEquals(await source.get(never), first);
  assertEquals(server.requests.length, 2);
  // Tried again after a minute, not with every request.
  assertEquals(await source.get(never), first);
  assertEquals(server.requests.length, 2);
  nowMs += MINUTE_MS;
  assertEquals(await source.get(never), first);
  assertEquals(server.requests.length, 3);
  // Credentials that S3 rejected do not serve any longer.
  await assertRejects(() => source.get(never, first), AppError);
  nowMs += 3 * MINUTE_MS;
  const error = await assertRejects(() => source.get(never), AppError);
  assertEquals([error.code, error.message], [
    "STORAGE_UNAVAILABLE",
    "The credentials of S3 cannot be read",
  ]);
  let line = "";
  createLog({ level: "info", now: () => 0, write: (text) => line = text })("error", "x", { error });
  assert(line.includes(`Cannot read credentials as ${url} answered 403 AccessDenied`), line);
  assert(!line.includes("hush"), line);
  isAway = false;
  assertEquals((await source.get(never)).accessKeyId, "ASIA");
});

Deno.test("places without an access key are reported, without what they contain", async () => {
  await using folder = await makeTempFolder();
  await Deno.writeTextFile(`${folder.path}/empty`, "[default]\naws_secret_access_key = hush\n");
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    ({ url }) => new Response(url.endsWith("/html") ? "<html>hush</html>" : '{"Token":"hush"}'),
  );
  const url = `http://127.0.0.1:${server.addr.port}`;
  const container = { kind: "container", authorization: null, authorizationFile: null } as const;
  const cases: [CredentialSettings, string][] = [
    [{ kind: "file", path: `${folder.path}/empty`, profile: "default" }, "profile default in"],
    [{ kind: "file", path: `${folder.path}/none`, profile: "default" }, "No such file"],
    [{ ...container, url: `${url}/html` }, "is not a JSON object"],
    [{ ...container, url: `${url}/json` }, "has no access key"],
    [{ kind: "none" }, "no credentials are set"],
  ];
  for (const [settings, fact] of cases) {
    const source = createCredentialSource(settings, { fetch, now: Date.now });
    const { cause } = await assertRejects(() => source.get(never), AppError);
    assert(cause instanceof Error && cause.message.includes(fact), String(cause));
    assert(!cause.message.includes("hush"), cause.message);
  }
  await server.shutdown();
});

Deno.test("an abort ends the wait for credentials, and other requests still get them", async () => {
  const gate = Promise.withResolvers<void>();
  const send: typeof fetch = async () => {
    await gate.promise;
    return Response.json({ AccessKeyId: "ASIA", SecretAccessKey: "secret" });
  };
  const source = createCredentialSource(
    { kind: "container", url: "http://x", authorization: null, authorizationFile: null },
    { fetch: send, now: () => START_MS },
  );
  const aborter = new AbortController();
  const aborted = source.get(aborter.signal).catch((error) => error);
  const other = source.get(never);
  const reason = new Error("asked to stop");
  aborter.abort(reason);
  assertEquals(await aborted, reason);
  gate.resolve();
  assertEquals((await other).accessKeyId, "ASIA");
});
