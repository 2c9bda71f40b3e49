import { eventId } from "../../../data/events/event.ts";
import { assertEquals } from "../../support/assert.ts";

const offline = {
  type: "device.offline",
  subject: { kind: "device", id: "battery-1" },
  cause: 1_700_000_000_000,
} as const;

Deno.test("eventId() is the same for the same cause", () => {
  assertEquals(eventId(offline), eventId({ ...offline }));
  // The first half of the SHA-256 of ["device.offline","device","battery-1",1700000000000], by sha256sum.
  assertEquals(eventId(offline), "evt_f7359156e781607ffaddc8a4b4b4ad0f");
});

Deno.test("eventId() differs with type, kind, id and cause of an event", () => {
  const ids = [
    offline,
    { ...offline, type: "device.online" as const },
    { ...offline, subject: { kind: "store" as const, id: "battery-1" } },
    { ...offline, subject: { kind: "device" as const, id: "battery-2" } },
    { ...offline, cause: 1_700_000_000_001 },
  ].map(eventId);
  assertEquals(new Set(ids).size, 5);
});
