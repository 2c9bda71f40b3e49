import { assert, assertEquals } from "../../support/assert.ts";
import { addressTag, stopToken } from "../../../data/notify/mail_stop.ts";
import { mailStopSecret } from "../../../kv/access/secrets.ts";
import { isMailStopped } from "../../../kv/notify/mail_stops.ts";
import { openKv } from "../../../kv/opened_kv.ts";
import { createTestApp } from "../app_fixture.ts";

/** An app with the link of a mail about a schedule. */
async function openStops() {
  const opened = await openKv(":memory:");
  const { kv } = opened;
  const secret = await mailStopSecret(kv, 0);
  const tag = addressTag(secret, "a@example.com");
  const stop = { kind: "schedule", id: "s1", tag } as const;
  const { app } = createTestApp({ kv });
  const path = `/mails/stop/${stopToken(secret, stop)}`;
  return {
    kv,
    app,
    path,
    isStopped: (other = {}) => isMailStopped(kv, { ...stop, ...other }),
    otherTag: addressTag(secret, "b@example.com"),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

Deno.test("GET shows what a link cancels and changes nothing, as scanners of mails follow links", async () => {
  await using stops = await openStops();
  const answer = await stops.app.request(stops.path);
  const html = await answer.text();
  assertEquals(answer.status, 200);
  assert(html.includes("Cancel mails about this schedule?"), html);
  assert(html.includes('<form method="post">'));
  assertEquals(answer.headers.get("content-type"), "text/html; charset=utf-8");
  const policy = answer.headers.get("content-security-policy") ?? "";
  assert(policy.includes("default-src 'none'") && policy.includes("form-action 'self'"), policy);
  assertEquals(answer.headers.get("cache-control"), "no-store");
  assertEquals(await stops.isStopped(), false);
});

// RFC 8058 §3.1 and §8: both forms of the body, neither cookies nor a key.
Deno.test("the one click of a mail program cancels, with either form of its body, and twice is once", async () => {
  const form = new FormData();
  form.set("List-Unsubscribe", "One-Click");
  for (const body of [new URLSearchParams("List-Unsubscribe=One-Click"), form, undefined]) {
    await using stops = await openStops();
    for (let times = 0; times < 2; times++) {
      const answer = await stops.app.request(stops.path, { method: "POST", body });
      assertEquals(answer.status, 200);
      assert((await answer.text()).includes("You get no more mails about this schedule"));
    }
    assertEquals(await stops.isStopped(), true);
    // Neither for others nor for other schedules.
    assertEquals(await stops.isStopped({ tag: stops.otherTag }), false);
    assertEquals(await stops.isStopped({ id: "s2" }), false);
  }
});

Deno.test("the page that cancelled offers to send mails again", async () => {
  await using stops = await openStops();
  const post = (action: string) =>
    stops.app.request(stops.path, { method: "POST", body: new URLSearchParams({ action }) });
  const page = await (await post("stop")).text();
  assert(page.includes('name="action" value="resume"'), page);
  assertEquals(await stops.isStopped(), true);
  await post("resume");
  assertEquals(await stops.isStopped(), false);
});

Deno.test("a link that was changed is refused, before the first mail too", async () => {
  await using stops = await openStops();
  const changed = stops.path.replace(/.(?=.$)/, (letter) => letter === "A" ? "B" : "A");
  for (const method of ["GET", "POST"]) {
    const answer = await stops.app.request(changed, { method });
    assertEquals([answer.status, (await answer.json()).code], [403, "LINK_INVALID"]);
  }
  const { app } = createTestApp();
  assertEquals((await app.request("/mails/stop/x")).status, 403);
  assertEquals(await stops.isStopped(), false);
});
