import { createCaller, EVERY_ID } from "../../../data/access/caller.ts";
import type { Scope } from "../../../data/access/scopes.ts";
import type { DomainEvent, EventSource, Recipient } from "../../../data/events/event.ts";
import { type PermitDeps, permitOf } from "../../../jobs/notify/permit.ts";
import { assertEquals } from "../../support/assert.ts";
import { exported } from "../../support/notifier_rig.ts";
import { TEST_WEBHOOK } from "../../support/webhooks.ts";

const MAIL: Recipient = { kind: "email", to: ["a@example.com"] };
const FILE_MAIL: Recipient = { ...MAIL, hasFile: true };
const PLACE: Recipient = { kind: "place", url: "folder", name: "a.csv" };
const HOOK: Recipient = { kind: "webhook", id: "wh_1" };
const EVENT = exported("a", 1);

/** A key that may touch the meters of two sites, or of one. */
function keyOf(
  { meter = ["site-a.*", "site-b.*"], scopes = ["export"], sources = null }: {
    meter?: readonly string[];
    scopes?: readonly Scope[];
    sources?: readonly EventSource[] | null;
  } = {},
): PermitDeps {
  const actor = { kind: "key", id: "k", name: "k" } as const;
  const caller = createCaller({
    owner: "key:k",
    actor,
    scopes,
    patterns: { ...EVERY_ID, meter },
  });
  return {
    webhooks: { get: () => Promise.resolve(null), callerOf: () => Promise.resolve(caller) },
    findMaker: ({ kind }) => kind === "key" ? caller : null,
    findSources: () => Promise.resolve(sources),
  };
}

Deno.test("a file goes out only while its key may see all that is in it, also what the event does not name", async () => {
  const pattern = [{ kind: "meter", id: "site-*" }] as const;
  const event: DomainEvent = { ...EVENT, sources: pattern };
  const sources = ["site-a.1", "site-b.1"].map((id) => ({ kind: "meter", id }) as const);
  for (const recipient of [MAIL, FILE_MAIL, PLACE]) {
    assertEquals(await permitOf(keyOf({ sources }), event, recipient), "given");
    const narrowed = keyOf({ sources, meter: ["site-a.*"] });
    assertEquals(await permitOf(narrowed, event, recipient), "refused");
  }
});

Deno.test("an alert about more ids than it names still reaches a key with two patterns", async () => {
  const alert: DomainEvent = {
    ...EVENT,
    type: "alert.firing",
    subject: { kind: "alert", id: "7" },
    sources: [{ kind: "meter", id: "site-*" }],
  };
  assertEquals(await permitOf(keyOf(), alert, MAIL), "given");
  const named: DomainEvent = { ...alert, sources: [{ kind: "meter", id: "site-c.1" }] };
  assertEquals(await permitOf(keyOf(), named, MAIL), "refused");
});

Deno.test("a key that may not export any more hears of its jobs, and gets no file", async () => {
  const deps = keyOf({ meter: ["*"], scopes: ["read"] });
  const permits = [MAIL, FILE_MAIL, PLACE].map((recipient) => permitOf(deps, EVENT, recipient));
  assertEquals(await Promise.all(permits), ["given", "refused", "refused"]);
});

Deno.test("what was asked for without a key stops when the service asks for keys; events of nobody go on", async () => {
  const deps = keyOf();
  assertEquals(await permitOf(deps, { ...EVENT, account: "anyone" }, PLACE), "refused");
  assertEquals(await permitOf(deps, { ...EVENT, account: null }, MAIL), "given");
});

Deno.test("a webhook waits while its key does not count, and never gets what its key may not see", async () => {
  const get: PermitDeps["webhooks"]["get"] = () => Promise.resolve(TEST_WEBHOOK);
  const { webhooks, ...deps } = keyOf({ scopes: ["manage"] });
  const webhookDeps = { ...deps, webhooks: { ...webhooks, get } };
  const seen: DomainEvent = { ...EVENT, sources: [{ kind: "meter", id: "site-a.1" }] };
  assertEquals(await permitOf(webhookDeps, seen, HOOK), "given");
  assertEquals(await permitOf(webhookDeps, EVENT, HOOK), "refused");
  const callerOf = () => Promise.resolve(null);
  assertEquals(await permitOf({ ...deps, webhooks: { get, callerOf } }, seen, HOOK), "held");
});
