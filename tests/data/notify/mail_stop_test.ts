import { assert, assertEquals, assertNotEquals } from "../../support/assert.ts";
import {
  addressTag,
  parseStopToken,
  stopScope,
  stopToken,
} from "../../../data/notify/mail_stop.ts";

const SECRET = new Uint8Array(32).fill(7);
const STOP = { kind: "schedule", id: "s/1?ü", tag: addressTag(SECRET, "a@example.com") } as const;

Deno.test("a token names what it cancels, and no address can be read from it", () => {
  const token = stopToken(SECRET, STOP);
  assertEquals(parseStopToken(SECRET, token), STOP);
  assert(/^[A-Za-z0-9_.-]+$/.test(token), token);
  assert(!atob(token.split(".")[0].replaceAll("-", "+").replaceAll("_", "/")).includes("example"));
});

Deno.test("a token with any letter changed, or of another secret, is none", () => {
  const token = stopToken(SECRET, STOP);
  for (let at = 0; at < token.length; at++) {
    const other = token[at] === "A" ? "B" : "A";
    const changed = token.slice(0, at) + other + token.slice(at + 1);
    // The last letter of base64url has bits that mean nothing.
    if (at === token.length - 1) continue;
    assertEquals(parseStopToken(SECRET, changed), null, `${at}`);
  }
  assertEquals(parseStopToken(new Uint8Array(32), token), null);
  for (const text of ["", ".", token.slice(1), `${token}A`, "x".repeat(2_000)]) {
    assertEquals(parseStopToken(SECRET, text), null);
  }
});

Deno.test("two spellings of an address have one tag, two addresses have two", () => {
  assertEquals(addressTag(SECRET, "A@Example.com"), STOP.tag);
  assertNotEquals(addressTag(SECRET, "b@example.com"), STOP.tag);
  assertNotEquals(addressTag(new Uint8Array(32), "a@example.com"), STOP.tag);
});

Deno.test("mails of a schedule, of an alert and of one who asks are cancelled each by itself", () => {
  const job = { subject: { kind: "job", id: "j1" }, account: "key:k1" } as const;
  assertEquals(stopScope(job), { kind: "asker", id: "key:k1" });
  assertEquals(stopScope(job, { kind: "schedule", id: "s1" }), { kind: "schedule", id: "s1" });
  const alert = { subject: { kind: "alert", id: "a1" }, account: "key:k1" } as const;
  assertEquals(stopScope(alert), { kind: "alert", id: "a1" });
});
