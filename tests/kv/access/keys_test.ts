import { NO_KEY_LIMITS } from "../../../data/access/key_limits.ts";
import { parseKey } from "../../../data/access/key_text.ts";
import { DAY_MS, KEY_RETENTION_MS } from "../../../data/limits.ts";
import type { NewKey } from "../../../kv/access/key_changes.ts";
import { type KeyStore, openKeys } from "../../../kv/access/keys.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { INGEST_GRANT } from "../../support/keys.ts";

const START_MS = Date.UTC(2026, 10, 29, 12);

/**
 * A database whose reads and commits are counted, and fail while `isDown`. With `endsWithCommit`, the
 * next commit is stored, and nothing works afterwards.
 */
function counted(kv: Deno.Kv) {
  const counts = { reads: 0, commits: 0, isDown: false, endsWithCommit: false };
  const mayAnswer = () => {
    if (counts.isDown) throw new TypeError("the database is down");
  };
  return {
    counts,
    kv: {
      get: (key: Deno.KvKey) => {
        mayAnswer();
        counts.reads++;
        return kv.get(key);
      },
      list: (selector: Deno.KvListSelector, options?: Deno.KvListOptions) => {
        mayAnswer();
        counts.reads++;
        return kv.list(selector, options);
      },
      atomic: () => {
        mayAnswer();
        counts.commits++;
        counts.isDown = counts.endsWithCommit;
        return kv.atomic();
      },
    } as Pick<Deno.Kv, "get" | "list" | "atomic">,
  };
}

/** Some stores of one database, with clocks that stand still until a test moves them. */
async function withStores(
  { count = 1, isExclusive = true }: { count?: number; isExclusive?: boolean },
  run: (rig: {
    stores: KeyStore[];
    kv: Deno.Kv;
    clock: { nowMs: number; elapsedMs: number };
    counts: ReturnType<typeof counted>["counts"][];
  }) => Promise<void>,
): Promise<void> {
  const kv = await Deno.openKv(":memory:");
  const clock = { nowMs: START_MS, elapsedMs: 0 };
  const counts: ReturnType<typeof counted>["counts"][] = [];
  const stores: KeyStore[] = [];
  for (let number = 0; number < count; number++) {
    const own = counted(kv);
    counts.push(own.counts);
    const [now, elapsedMs] = [() => clock.nowMs, () => clock.elapsedMs];
    stores.push(await openKeys({ kv: own.kv, isExclusive, now, elapsedMs }));
  }
  try {
    await run({ stores, kv, clock, counts });
  } finally {
    for (const store of stores) await store[Symbol.asyncDispose]();
    kv.close();
  }
}

/** Why a text is no key that counts; "valid" if it is. */
async function outcome(store: KeyStore, text: string, address = "192.0.2.7"): Promise<string> {
  const parts = parseKey(text);
  if (parts === null) return "no key";
  const verified = await store.verify(parts, address);
  return "caller" in verified ? "valid" : verified.fault;
}

/** The text with another last character of its secret. */
function withOtherEnd(text: string): string {
  return text.slice(0, -1) + (text.endsWith("x") ? "y" : "x");
}

Deno.test("a key counts from the moment in which it is made, without a read of the database", async () => {
  await withStores({}, async ({ stores: [keys], counts: [counts] }) => {
    const { key, text } = await keys.create(INGEST_GRANT);
    const before = counts.reads;
    const verified = keys.verify(parseKey(text)!, "192.0.2.7");
    // Not a promise: it is decided at once.
    assert("caller" in verified);
    const { caller } = verified;
    assertEquals([caller.owner, caller.actor.name], [`key:${key.id}`, "Gateway"]);
    assertEquals([...caller.scopes], ["ingest"]);
    assertEquals(counts.reads, before);
    assertEquals(await outcome(keys, withOtherEnd(text)), "wrong secret");
    assertEquals(await outcome(keys, text.replace(key.id, "other")), "unknown");
  });
});

Deno.test("the database holds no secret, only its SHA-256", async () => {
  await withStores({}, async ({ stores: [keys], kv }) => {
    const { key, text } = await keys.create(INGEST_GRANT);
    const { secret } = parseKey(text)!;
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(secret));
    assertEquals(key.hash, new Uint8Array(digest).toHex());
    const all: unknown[] = [];
    for await (const entry of kv.list({ prefix: [] })) all.push(entry);
    const stored = Deno.inspect(all, { depth: 20, strAbbreviateSize: 10_000 });
    assert(stored.includes(key.hash));
    assert(!stored.includes(secret));
  });
});

Deno.test("a revoked key stops counting at once, stays listed, and cannot be changed", async () => {
  await withStores({}, async ({ stores: [keys], clock }) => {
    const { key: { id }, text } = await keys.create(INGEST_GRANT);
    await keys.revoke(id);
    assertEquals(await outcome(keys, text), "revoked");
    assertEquals((await keys.list()).map(({ revokedMs }) => revokedMs), [START_MS]);
    clock.nowMs += 1_000;
    assertEquals((await keys.revoke(id)).revokedMs, START_MS);
    await assertRejects(() => keys.change(id, () => ({ name: "Again" })), Error, "revoked");
    await assertRejects(() => keys.rotate(id, 0), Error, "revoked");
    await assertRejects(() => keys.revoke("other"), Error, "There is no key other");
  });
});

Deno.test("a key expires to the millisecond", async () => {
  await withStores({}, async ({ stores: [keys], clock }) => {
    const { key, text } = await keys.create({ ...INGEST_GRANT, expiresMs: START_MS + 1_000 });
    clock.nowMs = START_MS + 999;
    assertEquals([await outcome(keys, text), (await keys.callerOf(key.id))?.owner], [
      "valid",
      `key:${key.id}`,
    ]);
    clock.nowMs++;
    assertEquals([await outcome(keys, text), await keys.callerOf(key.id)], ["expired", null]);
  });
});

Deno.test("the limits of a key hold for its jobs after it was revoked or has expired", async () => {
  await withStores({}, async ({ stores: [keys], clock }) => {
    const limits = { ...NO_KEY_LIMITS, jobsRunning: 1 };
    const { key: revoked } = await keys.create({ ...INGEST_GRANT, limits });
    const expiring = { ...INGEST_GRANT, limits, expiresMs: START_MS + 1_000 };
    const { key: expired } = await keys.create(expiring);
    await keys.revoke(revoked.id);
    clock.nowMs += 1_000;
    for (const { id } of [revoked, expired]) {
      assertEquals([await keys.callerOf(id), await keys.limitsOf(id)], [null, limits]);
    }
    assertEquals(await keys.limitsOf("other"), null);
  });
});

Deno.test("a key with networks counts in them only", async () => {
  await withStores({}, async ({ stores: [keys] }) => {
    const { text } = await keys.create({
      ...INGEST_GRANT,
      networks: ["192.0.2.0/24", "2001:db8::/32"],
    });
    for (const address of ["192.0.2.255", "::ffff:192.0.2.1", "2001:db8:1::5"]) {
      assertEquals(await outcome(keys, text, address), "valid", address);
    }
    for (const address of ["192.0.3.0", "2001:db9::", "", "unix"]) {
      assertEquals(await outcome(keys, text, address), "other network", address);
    }
  });
});

Deno.test("after a rotation both secrets count for the grace, and a third ends the first", async () => {
  await withStores({}, async ({ stores: [keys], clock }) => {
    const { key: { id }, text: first } = await keys.create(INGEST_GRANT);
    const { text: second } = await keys.rotate(id, 60_000);
    assertEquals([await outcome(keys, first), await outcome(keys, second)], ["valid", "valid"]);
    clock.nowMs += 59_999;
    assertEquals(await outcome(keys, first), "valid");
    clock.nowMs++;
    assertEquals([await outcome(keys, first), await outcome(keys, second)], [
      "wrong secret",
      "valid",
    ]);
    const { text: third } = await keys.rotate(id, 60_000);
    const { text: fourth } = await keys.rotate(id, 0);
    const all = [second, third, fourth].map((text) => outcome(keys, text));
    assertEquals(await Promise.all(all), ["wrong secret", "wrong secret", "valid"]);
  });
});

Deno.test("a change counts for the next request", async () => {
  await withStores({}, async ({ stores: [keys] }) => {
    const { key: { id }, text } = await keys.create(INGEST_GRANT);
    const patterns = { meter: [], device: ["site-a.*"], store: null };
    await keys.change(id, () => ({ scopes: ["read"], patterns }));
    const verified = await keys.verify(parseKey(text)!, "");
    assert("caller" in verified);
    const { caller } = verified;
    assertEquals([...caller.scopes], ["read"]);
    assertEquals(caller.isRestricted, { meter: true, device: true, store: false });
    assertEquals(["site-a.1", "site-b.1"].map((one) => caller.mayTouch("device", one)), [
      true,
      false,
    ]);
  });
});

Deno.test("the last admin key can be neither revoked, nor restricted, nor ended, also by two at once", async () => {
  await withStores({}, async ({ stores: [keys], clock }) => {
    const admin = { ...INGEST_GRANT, scopes: ["admin"] as const };
    const one = await keys.create(admin);
    await keys.create({ ...admin, expiresMs: START_MS + 1 });
    clock.nowMs += 1;
    const fails = (change: () => Promise<unknown>) => assertRejects(change, Error, "the last one");
    await fails(() => keys.revoke(one.key.id));
    await fails(() => keys.change(one.key.id, () => ({ scopes: ["read"] })));
    await fails(() => keys.change(one.key.id, () => ({ expiresMs: clock.nowMs })));
    const other = await keys.create(admin);
    const both = await Promise.allSettled([one, other].map(({ key }) => keys.revoke(key.id)));
    assertEquals(both.map(({ status }) => status).toSorted(), ["fulfilled", "rejected"]);
    assertEquals(await keys.hasActiveAdmin(), true);
  });
});

Deno.test("two processes that revoke the last two admin keys at once leave one", async () => {
  await withStores({ count: 2, isExclusive: false }, async ({ stores: [one, other] }) => {
    const admin = { ...INGEST_GRANT, scopes: ["admin"] as const };
    const ids = [await one.create(admin), await other.create(admin)].map(({ key }) => key.id);
    const both = await Promise.allSettled([one.revoke(ids[0]), other.revoke(ids[1])]);
    assertEquals(both.map(({ status }) => status).toSorted(), ["fulfilled", "rejected"]);
  });
});

Deno.test("the first key is made once, however many processes start", async () => {
  await withStores({ count: 3, isExclusive: false }, async ({ stores }) => {
    const made = await Promise.all(stores.map((keys) => keys.createFirst("First key")));
    const [shown, ...others] = made.filter((one) => one !== null);
    assertEquals(others, []);
    assertEquals([shown.key.scopes, shown.key.origin], [["admin"], "first"]);
    assertEquals(await outcome(stores[0], shown.text), "valid");
  });
});

Deno.test("a key of the setting counts as often as it is imported, and only the setting changes it", async () => {
  await withStores({}, async ({ stores: [keys] }) => {
    const text = `ow_admin_${"0123456789abcdef".repeat(4)}`;
    const parts = parseKey(text)!;
    assertEquals(await keys.importKey(parts, "ADMIN_KEY"), true);
    assertEquals(await keys.importKey(parts, "ADMIN_KEY"), false);
    assertEquals(await outcome(keys, text), "valid");
    for (const change of [keys.revoke("admin"), keys.rotate("admin", 0)]) {
      await assertRejects(() => change, Error, "the setting ADMIN_KEY");
    }
    const other = `ow_admin_${"fedcba9876543210".repeat(4)}`;
    assertEquals(await keys.importKey(parseKey(other)!, "ADMIN_KEY"), true);
    assertEquals([await outcome(keys, text), await outcome(keys, other)], [
      "wrong secret",
      "valid",
    ]);
    await keys.revoke("admin", { isForced: true });
    assertEquals(await outcome(keys, other), "revoked");
    assertEquals(await keys.importKey(parseKey(other)!, "ADMIN_KEY"), true);
    assertEquals(await outcome(keys, other), "valid");
  });
});

Deno.test("another process sees a change when it looks, and asks the database first once it could not", async () => {
  await withStores({ count: 2, isExclusive: false }, async (rig) => {
    const { stores: [one, other], clock, counts } = rig;
    const { key: { id }, text } = await one.create(INGEST_GRANT);
    // The other process has looked just now, so it does not look again for every wrong key.
    assertEquals(await outcome(other, text), "unknown");
    clock.elapsedMs = 250;
    assertEquals(await outcome(other, text), "valid");
    await one.revoke(id);
    clock.elapsedMs += 4_999;
    assertEquals(await outcome(other, text), "valid");
    clock.elapsedMs += 1;
    assertEquals(await outcome(other, text), "revoked");
    // A process that cannot look accepts nobody.
    const { text: next } = await other.create(INGEST_GRANT);
    clock.elapsedMs += 5_000;
    counts[1].isDown = true;
    await assertRejects(() => outcome(other, next), TypeError, "the database is down");
    counts[1].isDown = false;
    assertEquals(await outcome(other, next), "valid");
  });
});

Deno.test("wrong keys that come together share a read of the database", async () => {
  await withStores({ isExclusive: false }, async ({ stores: [keys], clock, counts: [counts] }) => {
    clock.elapsedMs += 1_000;
    counts.reads = 0;
    const wrong = { id: "nobody", secret: "a".repeat(43) };
    const found = await Promise.all(Array.from({ length: 50 }, () => keys.verify(wrong, "")));
    assertEquals(found.every((one) => "fault" in one && one.fault === "unknown"), true);
    // The first starts a read; those that come meanwhile share the one after it.
    assertEquals(counts.reads, 2);
  });
});

Deno.test("a process that does not know whether its change was stored asks before it accepts a key", async () => {
  await withStores({}, async ({ stores: [keys], counts: [counts] }) => {
    const { key: { id }, text } = await keys.create(INGEST_GRANT);
    counts.endsWithCommit = true;
    await assertRejects(() => keys.revoke(id), TypeError, "the database is down");
    counts.isDown = false;
    assertEquals(await outcome(keys, text), "revoked");
  });
});

Deno.test("uses are noted to the minute and written together, not for each request", async () => {
  await withStores({ count: 2, isExclusive: false }, async (rig) => {
    const { stores: [keys, other], clock, counts: [counts] } = rig;
    const made = await Promise.all([1, 2, 3].map(() => keys.create(INGEST_GRANT)));
    const commits = counts.commits;
    clock.nowMs = START_MS + 90_000;
    for (let request = 0; request < 100; request++) {
      for (const { text } of made.slice(0, 2)) await outcome(keys, text);
    }
    assertEquals(counts.commits, commits);
    await keys.flushUses();
    await keys.flushUses();
    assertEquals(counts.commits, commits + 1);
    const expected = made.slice(0, 2).map(({ key }) => [key.id, START_MS + 60_000]);
    assertEquals([...await other.listUses()].toSorted(), expected.toSorted());
    // An older process that writes later takes nothing back.
    clock.nowMs = START_MS;
    await other.refresh();
    await outcome(other, made[0].text);
    await other.flushUses();
    assertEquals((await keys.listUses()).get(made[0].key.id), START_MS + 60_000);
  });
});

Deno.test("keys that ended 90 days ago are deleted when another is made", async () => {
  await withStores({}, async ({ stores: [keys], clock, kv }) => {
    const revoked = await keys.create(INGEST_GRANT);
    const expired = await keys.create({ ...INGEST_GRANT, expiresMs: START_MS + DAY_MS });
    const active = await keys.create(INGEST_GRANT);
    await outcome(keys, revoked.text);
    await keys.flushUses();
    await keys.revoke(revoked.key.id);
    clock.nowMs = START_MS + KEY_RETENTION_MS;
    const next = await keys.create(INGEST_GRANT);
    assertEquals((await keys.list()).length, 4);
    clock.nowMs++;
    const last = await keys.create(INGEST_GRANT);
    const left = (await keys.list()).map(({ id }) => id);
    assertEquals(left, [expired, active, next, last].map(({ key }) => key.id).toSorted());
    const uses = await Array.fromAsync(kv.list({ prefix: ["key_used"] }));
    assertEquals(uses, []);
  });
});

Deno.test("keys are there after a restart, with every detail", async () => {
  await withStores({}, async ({ stores: [keys], kv }) => {
    const grant: NewKey = {
      name: "Full",
      scopes: ["read", "export"],
      patterns: { meter: ["site-a.*"], device: [], store: null },
      networks: ["192.0.2.0/24"],
      expiresMs: START_MS + DAY_MS,
      limits: { ...NO_KEY_LIMITS, requestsPerSecond: 5, fileBytes: 1_000 },
      createdBy: "key:abc",
    };
    const { key } = await keys.create(grant);
    await using again = await openKeys({ kv, isExclusive: true, now: () => START_MS });
    assertEquals(await again.get(key.id), key);
    assertEquals({ ...key, ...grant }, key);
  });
});
