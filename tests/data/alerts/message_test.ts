import { messageEvent } from "../../../data/alerts/message.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { ALL, ruleOf } from "../../support/alert_rig.ts";

const member = { sinceMs: 0, value: 46.5, isFlapping: false };

function eventOf(ids: readonly string[], note: string | null = null) {
  const scope = { kind: "device", ...ALL } as const;
  const rule = ruleOf({ scope, condition: { type: "offline", forMs: 0 }, note });
  const members = ids.map((id) => ({ ...member, id }));
  return messageEvent(rule, { id: "evt_1", transition: "firing", members, atMs: 0 });
}

Deno.test("a message names who it is about, and its sentence counts them", () => {
  const one = eventOf(["a"]), two = eventOf(["a", "b"]);
  assertEquals([one.data.text, two.data.text], ["Rule: device a", "Rule: 2 devices"]);
  assertEquals(one.sources, [{ kind: "device", id: "a" }]);
  const since = "1970-01-01T00:00:00Z";
  assertEquals(one.data.subjects, [{ id: "a", since, value: 46.5, flapping: false }]);
});

Deno.test("the largest messages have room: they count all subjects, and say how many ids are left out", () => {
  const longest = (index: number) => String(index).padStart(64, "x");
  for (const count of [1, 100, 200, 201, 1_000, 10_000]) {
    const ids = Array.from({ length: count }, (_, index) => longest(index));
    const event = eventOf(ids, "\u0001".repeat(1_000));
    assert(JSON.stringify({ v: 1, ...event }).length <= 32_000, String(count));
    const { count: counted, ids: named, unlisted } = event.data;
    assert(Array.isArray(named));
    assertEquals([counted, named.length + Number(unlisted)], [count, count]);
  }
});
