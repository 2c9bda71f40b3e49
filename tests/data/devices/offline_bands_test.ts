import { offlineBands } from "../../../data/devices/offline_bands.ts";
import { assertEquals } from "../../support/assert.ts";

const span = { fromMs: 100, toMs: 200 };

Deno.test("bands begin and end with the events, and at the ends of the span", () => {
  const moves = [
    { atMs: 110, state: "online" },
    { atMs: 150, state: "offline" },
    { atMs: 160, state: "online" },
    { atMs: 190, state: "offline" },
  ] as const;
  assertEquals(offlineBands(moves, { span, state: "offline", createdMs: 0 }), [
    { fromMs: 100, toMs: 110 },
    { fromMs: 150, toMs: 160 },
    { fromMs: 190, toMs: 200 },
  ]);
});

Deno.test("without events the state holds for the whole span, but not before the device was known", () => {
  assertEquals(offlineBands([], { span, state: "online", createdMs: 0 }), []);
  assertEquals(offlineBands([], { span, state: "offline", createdMs: 170 }), [
    { fromMs: 170, toMs: 200 },
  ]);
  assertEquals(offlineBands([], { span, state: "offline", createdMs: 300 }), []);
});
