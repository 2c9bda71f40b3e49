import {
  type DeviceEvent,
  listDeviceEvents,
  newestDeviceEvents,
  stageDeviceEvent,
} from "../../../kv/devices/events.ts";
import { assertEquals } from "../../support/assert.ts";

const EVENTS: DeviceEvent[] = [
  { atMs: 9, state: "offline", lastSeenMs: null },
  { atMs: 10, state: "online", lastSeenMs: 10 },
  { atMs: 1_000, state: "offline", lastSeenMs: 400 },
];

Deno.test("listDeviceEvents() returns the events of a device, oldest first, page by page", async () => {
  using kv = await Deno.openKv(":memory:");
  const op = kv.atomic();
  EVENTS.toReversed().forEach((event) => stageDeviceEvent(op, "d", event));
  stageDeviceEvent(op, "d2", EVENTS[0]);
  await op.commit();
  assertEquals(await listDeviceEvents(kv, "d", { afterMs: null, limit: 9 }), EVENTS);
  assertEquals(await listDeviceEvents(kv, "d", { afterMs: null, limit: 2 }), EVENTS.slice(0, 2));
  assertEquals(await listDeviceEvents(kv, "d", { afterMs: 9, limit: 9 }), EVENTS.slice(1));
  assertEquals(await listDeviceEvents(kv, "d", { afterMs: 1_000, limit: 9 }), []);
  assertEquals(await listDeviceEvents(kv, "x", { afterMs: null, limit: 9 }), []);
});

Deno.test("newestDeviceEvents() returns the last events before a time, oldest first", async () => {
  using kv = await Deno.openKv(":memory:");
  const op = kv.atomic();
  EVENTS.forEach((event) => stageDeviceEvent(op, "d", event));
  stageDeviceEvent(op, "c", EVENTS[0]);
  await op.commit();
  const newest = (beforeMs: number, limit: number) =>
    newestDeviceEvents(kv, "d", { beforeMs, limit });
  assertEquals(await newest(2_000, 2), EVENTS.slice(1));
  assertEquals(await newest(1_000, 2), EVENTS.slice(0, 2));
  assertEquals(await newest(9, 2), []);
});
