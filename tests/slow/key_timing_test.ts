import { parseKey } from "../../data/access/key_text.ts";
import { openKeys } from "../../kv/access/keys.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { INGEST_GRANT } from "../support/keys.ts";
import { until } from "../support/until.ts";
import { amount } from "../support/thorough.ts";

/** Checks of a key in one sample. */
const CHECKS = 50;
/** Samples of each kind. */
const SAMPLES = amount({ quick: 400, thorough: 4_000 });

/** The value below which a share of the values lies. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(share * (sorted.length - 1))];
}

Deno.test("a wrong key takes as long as the right one, wherever it differs: no more than noise", async () => {
  using kv = await Deno.openKv(":memory:");
  await using keys = await openKeys({ kv, isExclusive: true, now: Date.now });
  const { key: { id }, text } = await keys.create(INGEST_GRANT);
  const { secret } = parseKey(text)!;
  const other = (digit: string) => digit === "x" ? "y" : "x";
  const kinds = {
    right: { id, secret },
    "first character": { id, secret: other(secret[0]) + secret.slice(1) },
    "last character": { id, secret: secret.slice(0, -1) + other(secret.slice(-1)) },
    "every character": { id, secret: [...secret].map(other).join("") },
    "other id": { id: `${other(id[0])}${id.slice(1)}`, secret },
  };
  const samples = new Map(Object.keys(kinds).map((name) => [name, [] as number[]]));
  for (let round = 0; round < SAMPLES * 1.1; round++) {
    // In another order each time, so that none of them always comes after the same one.
    const order = Object.entries(kinds).toSorted(() => Math.random() - 0.5);
    for (const [name, parts] of order) {
      const startedMs = performance.now();
      for (let check = 0; check < CHECKS; check++) {
        const verified = keys.verify(parts, "192.0.2.7");
        assertEquals("caller" in verified, name === "right");
      }
      // The first tenth warms up.
      if (round >= SAMPLES * 0.1) samples.get(name)?.push(performance.now() - startedMs);
    }
  }
  const right = samples.get("right") ?? [];
  const noiseMs = quantile(right, 0.9) - quantile(right, 0.1);
  for (const [name, ofKind] of samples) {
    const differenceMs = Math.abs(quantile(ofKind, 0.5) - quantile(right, 0.5));
    assert(differenceMs <= noiseMs, `${name}: ${differenceMs} ms, noise ${noiseMs} ms`);
  }
});

Deno.test("a revocation counts at once in its process, and within five seconds in another", async () => {
  using kv = await Deno.openKv(":memory:");
  const shared = { kv, isExclusive: false, now: Date.now };
  await using one = await openKeys(shared);
  await using other = await openKeys(shared);
  const { key: { id }, text } = await one.create(INGEST_GRANT);
  const counts = async (keys: typeof one) =>
    "caller" in await keys.verify(parseKey(text)!, "192.0.2.7");
  // The other process has not heard of the key, so it asks the database.
  await until(() => counts(other));
  await one.revoke(id);
  const revokedMs = performance.now();
  assertEquals(await counts(one), false);
  let lastMs = revokedMs;
  while (performance.now() - revokedMs < 6_000) {
    const askedMs = performance.now();
    if (await counts(other)) lastMs = askedMs;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert(lastMs - revokedMs <= 5_000, `it counted for ${lastMs - revokedMs} ms`);
});
