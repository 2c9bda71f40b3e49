import { readSettings, type Settings } from "../../data/settings.ts";
import { assert, assertEquals } from "../support/assert.ts";

const KEYS = { AWS_ACCESS_KEY_ID: "AKIA", AWS_SECRET_ACCESS_KEY: "secret" };
const WEB_IDENTITY = {
  AWS_WEB_IDENTITY_TOKEN_FILE: "/var/run/secrets/token",
  AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/openwatts",
};

function s3Of(environment: Record<string, string>): Settings["s3"] {
  const result = readSettings({ S3_BUCKET: "exports", ...environment });
  assert("settings" in result, JSON.stringify(result));
  return result.settings.s3;
}

function problemsOf(environment: Record<string, string>): readonly string[] {
  const result = readSettings({ S3_BUCKET: "exports", ...environment });
  assert("problems" in result, JSON.stringify(result));
  return result.problems;
}

Deno.test("S3_PREFIX may be empty, unlike every other variable, which is then not set", () => {
  assertEquals(s3Of({ ...KEYS, S3_PREFIX: "" }).prefix, "");
  assertEquals(s3Of({ ...KEYS, S3_PREFIX: "  " }).prefix, "");
  assertEquals(s3Of(KEYS).prefix, "telemetry");
  assertEquals(s3Of({ ...KEYS, S3_REGION: "" }).region, "us-east-1");
});

Deno.test("an access key may have a session token", () => {
  assertEquals(s3Of({ ...KEYS, AWS_SESSION_TOKEN: "token" }).credentials, {
    kind: "keys",
    accessKeyId: "AKIA",
    secretAccessKey: "secret",
    sessionToken: "token",
  });
});

Deno.test("credentials may come from a file, a web identity or a container instead of an access key", () => {
  assertEquals(s3Of({ AWS_SHARED_CREDENTIALS_FILE: "/run/aws" }).credentials, {
    kind: "file",
    path: "/run/aws",
    profile: "default",
  });
  assertEquals(
    s3Of({ AWS_SHARED_CREDENTIALS_FILE: "/run/aws", AWS_PROFILE: "export" }).credentials,
    {
      kind: "file",
      path: "/run/aws",
      profile: "export",
    },
  );
  assertEquals(s3Of({ ...WEB_IDENTITY, S3_REGION: "eu-west-1" }).credentials, {
    kind: "web_identity",
    tokenFile: "/var/run/secrets/token",
    roleArn: "arn:aws:iam::123456789012:role/openwatts",
    sessionName: "openwatts",
    url: "https://sts.eu-west-1.amazonaws.com/",
  });
  assertEquals(
    s3Of({ AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/v2/credentials/1" }).credentials,
    {
      kind: "container",
      url: "http://169.254.170.2/v2/credentials/1",
      authorization: null,
      authorizationFile: null,
    },
  );
  assertEquals(
    s3Of({
      AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://169.254.170.23/v1/credentials",
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: "/var/run/token",
      AWS_CONTAINER_AUTHORIZATION_TOKEN: "unused",
    }).credentials,
    {
      kind: "container",
      url: "http://169.254.170.23/v1/credentials",
      authorization: "unused",
      authorizationFile: "/var/run/token",
    },
  );
});

Deno.test("if several kinds of credentials are set, the access key wins, then the file, then the web identity", () => {
  const container = { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/v2/1" };
  const file = { AWS_SHARED_CREDENTIALS_FILE: "/run/aws" };
  const all = { ...container, ...WEB_IDENTITY, ...file, ...KEYS };
  assertEquals(s3Of(all).credentials.kind, "keys");
  assertEquals(s3Of({ ...container, ...WEB_IDENTITY, ...file }).credentials.kind, "file");
  assertEquals(s3Of({ ...container, ...WEB_IDENTITY }).credentials.kind, "web_identity");
});

Deno.test("half of an access key is a problem even if other credentials are set", () => {
  assertEquals(problemsOf({ AWS_ACCESS_KEY_ID: "AKIA", AWS_SHARED_CREDENTIALS_FILE: "/run/aws" }), [
    "AWS_SECRET_ACCESS_KEY must be set, as FILE_STORE, S3_BUCKET or DELIVERY_BUCKETS uses S3",
  ]);
});

Deno.test("variables that need each other are checked together", () => {
  assertEquals(problemsOf({ AWS_WEB_IDENTITY_TOKEN_FILE: "/t" }), [
    "AWS_ROLE_ARN must be the ARN of a role, required with AWS_WEB_IDENTITY_TOKEN_FILE: not set",
  ]);
  const rule = "the id or ARN of a key in KMS, only with S3_ENCRYPTION=aws:kms or aws:kms:dsse";
  for (const environment of [KEYS, { ...KEYS, S3_ENCRYPTION: "AES256" }]) {
    assertEquals(problemsOf({ ...environment, S3_KMS_KEY_ID: "key" }), [
      `S3_KMS_KEY_ID must be ${rule}: "key"`,
    ]);
  }
});

Deno.test("S3_ENCRYPTION accepts the three kinds of encryption that need no key of the customer", () => {
  assertEquals(s3Of(KEYS).encryption, null);
  for (const algorithm of ["AES256", "aws:kms", "aws:kms:dsse"]) {
    const { encryption } = s3Of({ ...KEYS, S3_ENCRYPTION: algorithm });
    assertEquals(encryption, { algorithm, kmsKeyId: null });
  }
});

Deno.test("readSettings() rejects each of these values of S3, and shows no secret", () => {
  const wrong: Record<string, string[]> = {
    S3_ENCRYPTION: ["aes256", "kms", "SSE-C"],
    AWS_PROFILE: ["a]b"],
    AWS_ROLE_SESSION_NAME: ["a", "with space", "x".repeat(65)],
    AWS_ENDPOINT_URL_STS: ["sts", "http://u:p@sts"],
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: ["v2/1", "/a b"],
    // Credentials would travel unencrypted.
    AWS_CONTAINER_CREDENTIALS_FULL_URI: [
      "http://10.0.0.1/x",
      "http://169.254.170.2.evil.com/",
      "x",
    ],
  };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      const problems = problemsOf({ ...KEYS, [name]: value });
      assertEquals(problems.length, 1, `${name}=${value}`);
      assert(problems[0].startsWith(`${name} must be `), problems[0]);
    }
  }
  const secret = problemsOf({ ...KEYS, AWS_SESSION_TOKEN: "hush hush" });
  assertEquals(secret, ["AWS_SESSION_TOKEN must be a session token, without spaces: (not shown)"]);
});

Deno.test("readSettings() accepts each of these container endpoints", () => {
  const urls = ["https://creds.example/x", "http://localhost:9911/x", "http://127.0.0.1/x"];
  urls.push("http://[::1]:80/x", "http://169.254.170.2/v2", "http://[fd00:ec2::23]/v1/credentials");
  for (const url of urls) {
    assertEquals(s3Of({ AWS_CONTAINER_CREDENTIALS_FULL_URI: url }).credentials.kind, "container");
  }
});
