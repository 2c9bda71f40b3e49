import type { DomainEvent } from "../../../data/events/event.ts";
import {
  listOutbox,
  stageEvent,
  stageOutboxDelete,
  stageOutboxProgress,
} from "../../../kv/events/outbox.ts";
import { costOf } from "../../../kv/budget.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

function event(changes: Partial<DomainEvent> = {}): DomainEvent {
  return {
    id: "evt_1",
    type: "device.offline",
    subject: { kind: "device", id: "battery-1" },
    atMs: 1_000,
    account: null,
    data: { last_seen: null },
    ...changes,
  };
}

async function stage(kv: Deno.Kv, ...events: readonly DomainEvent[]): Promise<void> {
  const op = kv.atomic();
  for (const one of events) stageEvent(op, one);
  await op.commit();
}

Deno.test("stageEvent() costs one mutation", () => {
  assertEquals(costOf((op) => stageEvent(op, event())).mutations, 1);
});

Deno.test("events leave the outbox in the order of their times", async () => {
  using kv = await Deno.openKv(":memory:");
  await stage(kv, event({ id: "evt_b", atMs: 20 }), event({ id: "evt_a", atMs: 30 }));
  await stage(kv, event({ id: "evt_c", atMs: 10 }));
  const entries = await listOutbox(kv, 2);
  assertEquals(entries.map(({ value }) => value.id), ["evt_c", "evt_b"]);
  const op = kv.atomic();
  entries.forEach((entry) => stageOutboxDelete(op, entry));
  await op.commit();
  assertEquals((await listOutbox(kv, 10)).map(({ value }) => value.id), ["evt_a"]);
});

Deno.test("an event that is staged twice is in the outbox once, with its recipients", async () => {
  using kv = await Deno.openKv(":memory:");
  const twice = event({ recipients: [{ kind: "email", to: ["accounting@example.com"] }] });
  await stage(kv, twice);
  await stage(kv, twice);
  const [entry, ...others] = await listOutbox(kv, 10);
  assertEquals(others, []);
  assertEquals(entry.value, {
    v: 1,
    id: "evt_1",
    type: "device.offline",
    subject: { kind: "device", id: "battery-1" },
    atMs: 1_000,
    account: null,
    data: { last_seen: null },
    recipients: [{ kind: "email", to: ["accounting@example.com"] }],
  });
});

Deno.test("an event in the outbox keeps how far its deliveries are", async () => {
  using kv = await Deno.openKv(":memory:");
  await stage(kv, event());
  const [entry] = await listOutbox(kv, 1);
  const op = kv.atomic();
  stageOutboxProgress(op, entry, "webhook:w1");
  await op.commit();
  assertEquals((await listOutbox(kv, 1))[0].value.after, "webhook:w1");
});

Deno.test("stageEvent() refuses an event that does not fit a stored value", () => {
  // One character beyond Latin-1 makes all of a text take two bytes each.
  for (const text of ["x".repeat(60_000), "電".repeat(30_000), "x".repeat(29_999) + "電"]) {
    assertThrows(
      () => costOf((op) => stageEvent(op, event({ data: { text } }))),
      RangeError,
      "Cannot store an event of more than 60000 bytes",
    );
  }
});

Deno.test("the largest events are stored, whatever their characters are", async () => {
  using kv = await Deno.openKv(":memory:");
  await stage(kv, event({ data: { text: "x".repeat(59_500) } }));
  await stage(kv, event({ data: { text: "電".repeat(29_500) } }));
});
