import { orderById } from "../../../jobs/engine/order_by_id.ts";
import { assertEquals } from "../../support/assert.ts";
import { createRandom } from "../../support/strict_kv.ts";

Deno.test("orderById() sorts things by id, few or very many", async () => {
  const random = createRandom(3);
  for (const count of [0, 1, 10_000, 10_001, 45_000]) {
    const ids = Array.from({ length: count }, () => `d${Math.floor(random() * 1e6)}`);
    const ordered = await orderById(ids.map((id) => ({ id })));
    assertEquals(ordered.map(({ id }) => id).join(), ids.toSorted().join());
  }
});

Deno.test("orderById() does not block the event loop", async () => {
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  await orderById(Array.from({ length: 100_000 }, (_, n) => ({ id: String(n * 7_919 % 100_003) })));
  clearInterval(timer);
  assertEquals(turns > 3, true);
});
