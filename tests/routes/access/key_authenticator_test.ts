import { keyAuthenticator } from "../../../routes/access/key_authenticator.ts";
import { assertEquals } from "../../support/assert.ts";
import { createTestApp, type TestApp } from "../app_fixture.ts";

const KEY = `ow_gateway_${"a".repeat(43)}`;

Deno.test("keys that cannot be read now are 503 with Retry-After, and public routes answer all the same", async () => {
  const logged: TestApp["logged"] = [];
  const verify = () => Promise.reject(new TypeError("the database is down"));
  const authenticator = keyAuthenticator({
    keys: { verify },
    now: () => 0,
    log: (level, event, fields) => logged.push({ level, event, fields }),
  });
  const { app } = createTestApp({ authenticators: [authenticator] });
  const headers = { authorization: `Bearer ${KEY}` };
  const answer = await app.request("/devices", { headers });
  const { code, detail } = await answer.json();
  assertEquals([answer.status, code, answer.headers.get("retry-after")], [
    503,
    "KEYS_UNAVAILABLE",
    "5",
  ]);
  assertEquals(detail, "The keys cannot be read now; try again");
  assertEquals(logged.map(({ level, event }) => `${level} ${event}`), ["error keys unavailable"]);
  assertEquals((await app.request("/health", { headers })).status, 200);
});

Deno.test("a token of another form is left to the other ways, and asks no store", async () => {
  const authenticator = keyAuthenticator({
    keys: {
      verify() {
        throw new TypeError("Cannot verify what is no key");
      },
    },
    now: () => 0,
    log: () => {},
  });
  const request = new Request("http://localhost/devices");
  for (const token of [null, "", "ow_gateway_short", "e30.e30.c2ln"]) {
    const found = await authenticator.authenticate({ request, token, address: "192.0.2.7" });
    assertEquals(found, null);
  }
});

Deno.test("a wrong key that is sent again and again has one line a minute in the log", async () => {
  const logged: string[] = [];
  let nowMs = Date.UTC(2026, 10, 29, 12);
  const authenticator = keyAuthenticator({
    keys: { verify: () => ({ fault: "unknown" }) },
    now: () => nowMs,
    log: (_level, event) => logged.push(event),
  });
  const { app } = createTestApp({ authenticators: [authenticator] });
  const send = () => app.request("/health", { headers: { authorization: `Bearer ${KEY}` } });
  for (let index = 0; index < 20; index++) await send();
  assertEquals(logged, ["key refused"]);
  nowMs += 60_000;
  await send();
  assertEquals(logged, ["key refused", "key refused"]);
});
