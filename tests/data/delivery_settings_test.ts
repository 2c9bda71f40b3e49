import { assertEquals } from "../support/assert.ts";
import { parseSmtpUrl } from "../../data/notify/smtp_server.ts";
import { readSettings } from "../../data/settings.ts";

// Ports: RFC 6409 (587), RFC 8314 (465), RFC 5321 (25).
Deno.test("parseSmtpUrl() takes the port of the scheme, and wants STARTTLS unless told otherwise", () => {
  const login = { user: "u", password: "p" };
  const host = "mail.example.com";
  assertEquals(parseSmtpUrl("smtp://mail.example.com"), {
    host,
    port: 587,
    security: "starttls",
    login: null,
  });
  assertEquals(parseSmtpUrl("smtps://u:p@mail.example.com/"), {
    host,
    port: 465,
    security: "tls",
    login,
  });
  assertEquals(parseSmtpUrl("smtp://[::1]:2525?tls=off"), {
    host: "::1",
    port: 2525,
    security: "none",
    login: null,
  });
  assertEquals(parseSmtpUrl("smtp://localhost?tls=off")?.port, 25);
});

Deno.test("parseSmtpUrl() refuses what is no address of a mail server", () => {
  for (
    const text of [
      "",
      "mail.example.com",
      "http://mail.example.com",
      "smtp://",
      "smtp://user@mail.example.com",
      "smtp://:secret@mail.example.com",
      "smtp://u:%0d%0aRSET@mail.example.com",
      "smtp://u:%zz@mail.example.com",
      "smtps://mail.example.com?tls=off",
      "smtp://mail.example.com?tls=none",
      "smtp://mail.example.com/path",
      "smtp://mail.example.com:99999",
      "smtp://mail.exa\r\nmple.com",
    ]
  ) assertEquals(parseSmtpUrl(text), null, text);
});

Deno.test("readSettings() wants a sender and an address for links with a mail server, and hides its password", () => {
  const problemsOf = (environment: Record<string, string>) => {
    const result = readSettings(environment);
    return "problems" in result ? result.problems : [];
  };
  assertEquals(problemsOf({ SMTP_URL: "smtp://u:secret@mail.example.com" }), [
    "MAIL_FROM must be set, as SMTP_URL is",
    "PUBLIC_URL must be set, as SMTP_URL is: mails have links",
  ]);
  const [wrong] = problemsOf({
    SMTP_URL: "imap://u:secret@mail.example.com",
    MAIL_FROM: "a@example.com",
    PUBLIC_URL: "https://watts.example",
  });
  assertEquals(wrong.includes("(not shown)") && !wrong.includes("secret"), true, wrong);
  const KEY = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
  assertEquals(problemsOf({ DELIVERY_BUCKETS: "s3://grid,/srv", ...KEY }).length, 1);
  assertEquals(problemsOf({ DELIVERY_PATH: "s3://grid" }).length, 1);
});

Deno.test("no place of the service's own may be one to which users deliver", () => {
  const problemsOf = (environment: Record<string, string>) => {
    const result = readSettings({
      AWS_ACCESS_KEY_ID: "a",
      AWS_SECRET_ACCESS_KEY: "b",
      ...environment,
    });
    return "problems" in result ? result.problems : [];
  };
  assertEquals(problemsOf({ DELIVERY_PATH: ".openwatts" }), [
    "DELIVERY_PATH must not hold FILE_STORE: .openwatts/files",
    "DELIVERY_PATH must not hold KV_PATH: .openwatts/kv.sqlite3",
    "DELIVERY_PATH must not hold LAKE_PATH: .openwatts/lake",
  ]);
  assertEquals(problemsOf({ DELIVERY_PATH: "/srv/", FILE_STORE: "/srv/a/../files" }).length, 1);
  assertEquals(problemsOf({ DELIVERY_PATH: "/srv/files", FILE_STORE: "/srv/files" }).length, 1);
  assertEquals(problemsOf({ DELIVERY_PATH: "/srv/out", FILE_STORE: "/srv/outer" }), []);
  const elsewhere = { KV_PATH: "/db", LAKE_PATH: "/lake", FILE_STORE: "kv:" };
  assertEquals(problemsOf({ ...elsewhere, DELIVERY_PATH: "." }), []);
  assertEquals(problemsOf({ DELIVERY_PATH: ".openwatts/out" }), []);
  assertEquals(problemsOf({ DELIVERY_PATH: "/srv/watts", DATA_DIR: "/srv/watts" }).length, 3);
  const lake = { S3_BUCKET: "grid" };
  assertEquals(problemsOf({ ...lake, DELIVERY_BUCKETS: "s3://grid" }), [
    "DELIVERY_BUCKETS must not hold S3_BUCKET: s3://grid/telemetry",
  ]);
  assertEquals(problemsOf({ ...lake, DELIVERY_BUCKETS: "s3://grid/out" }), []);
  assertEquals(
    problemsOf({ FILE_STORE: "s3://grid/x", DELIVERY_BUCKETS: "s3://grid/x" }).length,
    1,
  );
});
