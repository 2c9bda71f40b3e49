import { createPollBuffer } from "../../../data/stores/poll_buffer.ts";
import { assertEquals } from "../../support/assert.ts";
import { isThorough } from "../../support/thorough.ts";

Deno.test("take() returns polls by store in the order of ids, and empties the buffer", () => {
  const buffer = createPollBuffer();
  buffer.addOf("b", 20, true);
  buffer.addOf("a", 10, false);
  buffer.addOf("b", 10, false);
  const { ids, count, pageOf } = buffer.take();
  assertEquals([ids, count], [["a", "b"], 3]);
  assertEquals(pageOf(1), {
    timesMs: Float64Array.of(10, 20),
    columns: [{ scale: 0, values: Float64Array.of(0, 1) }],
  });
  assertEquals(buffer.take().ids, []);
  buffer.addOf("c", 1, true);
  const next = buffer.take();
  assertEquals([next.ids, [...next.pageOf(0).timesMs]], [["c"], [1]]);
});

Deno.test("a buffer is full at 2,097,152 polls", { ignore: !isThorough }, () => {
  const polls = createPollBuffer();
  for (let count = 1; count < 2_097_152; count++) polls.addOf("a", count, true);
  assertEquals(polls.isFull(), false);
  polls.addOf("a", 0, true);
  assertEquals(polls.isFull(), true);
  polls.take();
  assertEquals(polls.isFull(), false);
});

Deno.test("a buffer is full at 65,536 stores", () => {
  const stores = createPollBuffer();
  const scan = (id: number) => stores.scanStore(new TextEncoder().encode(`${id},`), 0);
  for (let id = 1; id < 65_536; id++) scan(id);
  assertEquals(stores.isFull(), false);
  // Even if their rows turn out to be wrong.
  scan(65_536);
  assertEquals(stores.isFull(), true);
});
