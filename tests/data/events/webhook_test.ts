import { createCaller, EVERY_ID } from "../../../data/access/caller.ts";
import { idsAsSources } from "../../../data/events/id_sources.ts";
import { type EventScope, maySeeEvent, wantsEvent } from "../../../data/events/webhook.ts";
import { assert } from "../../support/assert.ts";

const caller = (id: string) =>
  createCaller({
    owner: `key:${id}`,
    actor: { kind: "key", id, name: "" },
    scopes: ["manage"],
    patterns: { ...EVERY_ID, meter: ["site-a.*", "site-b.*"] },
  });

const ids = ["a", "b"].flatMap((site) =>
  Array.from({ length: 60 }, (_, number) => `site-${site}.${number}`)
);

function exported(sources: EventScope["sources"]): EventScope {
  return {
    type: "export.completed",
    subject: { kind: "job", id: "1" },
    account: "key:k",
    sources,
  };
}

Deno.test("whoever made an export of 120 meters may know of it, and another restricted key may not", () => {
  const event = exported(idsAsSources("meter", ids));
  assert(maySeeEvent(caller("k"), event));
  assert(!maySeeEvent(caller("other"), event));
});

Deno.test("a key that may not touch a meter any more knows of no own event that names it", () => {
  assert(!maySeeEvent(caller("k"), exported([{ kind: "meter", id: "site-c.1" }])));
  assert(!maySeeEvent(caller("k"), exported([{ kind: "meter", id: "plant-*" }])));
});

Deno.test("a restricted key knows of its own report on all stores", () => {
  const patterns = { ...EVERY_ID, store: ["north.*"] };
  const event = exported([{ kind: "store", id: "*" }]);
  assert(maySeeEvent({ ...caller("k"), patterns }, event));
});

Deno.test("a filter matches an event of 120 meters if it overlaps what all of them begin with", () => {
  const event = exported(idsAsSources("meter", ids));
  const wants = (pattern: string) =>
    wantsEvent({
      name: "",
      url: "",
      events: ["export.completed"],
      filter: { ...EVERY_ID, meter: [pattern] },
    }, event);
  for (const pattern of ["site-a.1", "site-a.*", "*", "*.7", "s*e-b*"]) assert(wants(pattern));
  for (const pattern of ["plant-1", "plant-*", "site"]) assert(!wants(pattern), pattern);
});
