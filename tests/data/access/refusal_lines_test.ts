import { createRefusalLines } from "../../../data/access/refusal_lines.ts";
import { assertEquals } from "../../support/assert.ts";

const NOW_MS = Date.UTC(2026, 10, 29, 12);

Deno.test("a refused key has one line a minute for each address", () => {
  const lines = createRefusalLines();
  const isDue = (id: string, address: string, ms = 0) => lines.isDue(id, address, NOW_MS + ms);
  assertEquals(isDue("a", "192.0.2.1"), true);
  assertEquals(isDue("a", "192.0.2.1", 59_999), false);
  assertEquals(isDue("a", "192.0.2.2"), true);
  assertEquals(isDue("b", "192.0.2.1"), true);
  assertEquals(isDue("a", "192.0.2.1", 60_000), true);
  // A clock that is set back begins another minute.
  assertEquals(isDue("a", "192.0.2.1", -1), true);
});

Deno.test("an address that makes up keys has 10 lines a minute, and all addresses have 1,000", () => {
  const lines = createRefusalLines();
  const count = (size: number, isDue: (index: number) => boolean) =>
    Array.from({ length: size }, (_, index) => isDue(index)).filter(Boolean).length;
  assertEquals(count(50, (index) => lines.isDue(`k${index}`, "2001:db8::1", NOW_MS)), 10);
  // Another address of the same network of IPv6.
  assertEquals(lines.isDue("k", "2001:db8::2", NOW_MS), false);
  const address = (index: number) => `192.0.${index >> 8}.${index & 255}`;
  assertEquals(count(2_000, (index) => lines.isDue("k", address(index), NOW_MS)), 990);
});
